/** Versions of kube-proxy whose rules are modelled, alone and in the ids of planes: `nftables@1.35`. */

/** The minor versions of kube-proxy that are modelled. */
export const KUBE_PROXY_VERSIONS = ["1.34", "1.35", "1.36", "1.37"] as const;
/** One of `KUBE_PROXY_VERSIONS`. */
export type KubeProxyVersion = (typeof KUBE_PROXY_VERSIONS)[number];

/** The release behind each version: its rules were recorded. */
export const KUBE_PROXY_RELEASES: Readonly<Record<KubeProxyVersion, string>> = {
  "1.34": "1.34.4",
  "1.35": "1.35.4",
  "1.36": "1.36.3",
  "1.37": "1.37.2",
};

/** What is modelled where no version is chosen. */
export const NEWEST_KUBE_PROXY: KubeProxyVersion = "1.37";

/** An id in its parts: the plane, and the version behind `@`; an id without a version that is modelled is all plane. */
export function splitPlaneId(id: string): { plane: string; version: KubeProxyVersion | undefined } {
  const at = id.indexOf("@");
  const version = at < 0 ? undefined : KUBE_PROXY_VERSIONS.find((known) => known === id.slice(at + 1));
  return version === undefined ? { plane: id, version } : { plane: id.slice(0, at), version };
}
