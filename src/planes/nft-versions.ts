/** Versions of nft, the program that loads kube-proxy's rules: with them goes which table the kernel takes for a map. */

import type { KubeProxyVersion } from "./kube-proxy-versions.js";

/**
 * nft in kube-proxy's image (distroless-iptables of Debian 12). From v0.9.4 on, July 2026, it is 1.0.6 with a patch that
 * makes it read what later ones wrote (kubernetes/release#4419, kubernetes/kubernetes#140405).
 */
export const KUBE_PROXY_NFT: Readonly<Record<KubeProxyVersion, string>> = {
  "1.34": "1.0.6",
  "1.35": "1.0.6",
  "1.36": "1.0.6",
  "1.37": "1.0.6",
};

/** The first that kube-proxy takes (pkg/proxy/nftables, checkNFTables). */
const OLDEST = [1, 0, 1];
/** The first that sends no size with anonymous maps (nftables, commit 9ed7cae9). */
const FIRST_WITHOUT_SIZES = [1, 1, 2];

/** The version that a text such as 1.0.6, v1.1.3 or 1.0.6.1 names; undefined where kube-proxy takes none such. */
export function parseNftVersion(text: string): string | undefined {
  const parts = /^v?(\d{1,3}(?:\.\d{1,3}){1,3})$/.exec(text)?.[1]?.split(".").map(Number);
  return parts === undefined || !isAtLeast(parts, OLDEST) ? undefined : parts.join(".");
}

/** Whether a version of nft sends the kernel the sizes of anonymous maps. */
export function sendsMapSizes(version: string): boolean {
  return !isAtLeast(version.split(".").map(Number), FIRST_WITHOUT_SIZES);
}

function isAtLeast(version: readonly number[], least: readonly number[]): boolean {
  const at = least.findIndex((part, i) => part !== (version[i] ?? 0));
  return at < 0 || (version[at] ?? 0) > least[at]!;
}
