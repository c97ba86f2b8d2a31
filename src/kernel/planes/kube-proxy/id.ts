/** kube-proxy itself as a plane of the kernel lane: `kube-proxy/nftables@1.37`, `kube-proxy/iptables-nft@./my-kube-proxy`. */

import { existsSync, realpathSync } from "node:fs";
import { basename } from "node:path";
import { UnknownNameError, UnsupportedHostError } from "../../../errors.js";
import { splitPlaneId } from "../../../planes/kube-proxy-versions.js";
import { plainText } from "../../../text.js";
import { findKubeProxy, installCommand, installedKubeProxies } from "../../kube-proxy/binaries.js";
import type { KubeProxyMode } from "../../kube-proxy/protocol.js";
import { toolPath } from "../../testbed/tools.js";

/** What an id begins with. */
const KUBE_PROXY_PREFIX = "kube-proxy/";

/** Which kernel interface the iptables tools use; `default`: whichever this system's `iptables` does. */
type Backend = "legacy" | "nft";

/** What can stand between the prefix and the version. */
const MODES = {
  "iptables-legacy": { mode: "iptables", backend: "legacy" },
  "iptables-nft": { mode: "iptables", backend: "nft" },
  iptables: { mode: "iptables", backend: "default" },
  nftables: { mode: "nftables", backend: "nft" },
  ipvs: { mode: "ipvs", backend: "legacy" },
} as const satisfies Record<string, { mode: KubeProxyMode; backend: Backend | "default" }>;

/** A mode, and for iptables the backend. */
export type ModeName = keyof typeof MODES;
/** All of them, for messages. */
const MODE_NAMES = Object.keys(MODES) as readonly ModeName[];

/** An id taken apart. */
export interface KubeProxyPlane {
  readonly mode: ModeName;
  /** A minor version, or the path of a program; null: the newest that is installed. */
  readonly version: string | null;
}

/** How to write one, for messages. */
export const KUBE_PROXY_FORM = `${KUBE_PROXY_PREFIX}MODE@VERSION, such as kube-proxy/nftables@1.37`;

/** Whether a text is meant as one of these ids. */
export function isKubeProxyPlane(id: string): boolean {
  return id.startsWith(KUBE_PROXY_PREFIX);
}

/**
 * Takes an id apart.
 * @throws UnknownNameError that says which modes there are.
 */
export function parseKubeProxyPlane(id: string): KubeProxyPlane {
  const at = id.indexOf("@");
  const mode = id.slice(KUBE_PROXY_PREFIX.length, at < 0 ? undefined : at);
  const version = at < 0 ? null : id.slice(at + 1);
  const known = MODE_NAMES.find((name) => name === mode);
  if (!isKubeProxyPlane(id) || known === undefined) {
    throw new UnknownNameError(
      `plane "${plainText(id, 80)}" is unknown: give ${KUBE_PROXY_FORM}; modes are ${MODE_NAMES.join(", ")}`,
    );
  }
  if (version === "")
    throw new UnknownNameError(
      `plane "${plainText(id, 80)}" has an empty version: give one such as 1.37, or leave out the @`,
    );
  return { mode: known, version };
}

/**
 * The kube-proxy that is meant by the id of a plane of the models with a version, such as nftables@1.35:
 * lbscale's own rules in the kernel are of the newest version only. Undefined for other ids.
 */
export function realProgramOf(id: string): string | undefined {
  const { plane, version } = splitPlaneId(id);
  return version !== undefined && MODE_NAMES.some((name) => name === plane)
    ? `${KUBE_PROXY_PREFIX}${id}`
    : undefined;
}

/** A plane that can be started here. */
export interface ResolvedKubeProxy {
  readonly kind: "kube-proxy";
  /** As results name it: a version instead of "newest", and a path's last part. */
  readonly id: string;
  readonly binary: string;
  readonly mode: KubeProxyMode;
  readonly backend: Backend;
  /** Whether the program is the user's own build, which results don't say where to find. */
  readonly isOwnBuild: boolean;
}

/**
 * Finds the program of a plane, and the backend of its tools.
 * @throws UnsupportedHostError, which says how to install what is missing; UnknownNameError,
 * InvalidOptionError for another program.
 */
export function resolveKubeProxy(
  id: string,
  environment: NodeJS.ProcessEnv = process.env,
): ResolvedKubeProxy {
  const { mode: name, version } = parseKubeProxyPlane(id);
  const chosen = version ?? newestInstalled(environment);
  const binary = findKubeProxy(chosen, environment);
  const isOwnBuild = chosen.includes("/");
  const { mode, backend } = MODES[name];
  return {
    kind: "kube-proxy",
    id: `${KUBE_PROXY_PREFIX}${name}@${isOwnBuild ? plainText(basename(binary), 40) : chosen}`,
    binary,
    mode,
    backend: backend === "default" ? defaultBackend() : backend,
    isOwnBuild,
  };
}

/** Why kube-proxy is not timed in the guest: starting a tool takes 18 ms there, where this kernel takes one or two. */
export const NOT_IN_GUEST =
  "kube-proxy is not timed in the user-mode Linux guest, where each tool that it runs takes some ten times as long to start: the times would be the guest's (lbscale verify --kube-proxy 1.37 --mode ipvs compares its rules there)";

/** What this machine's kernel lacks for a mode; null: nothing. `ipvs`: what is there where it has IPVS. */
export function kernelLacks(
  { mode }: Pick<ResolvedKubeProxy, "mode">,
  ipvs = "/proc/net/ip_vs",
): string | null {
  if (mode !== "ipvs" || existsSync(ipvs)) return null;
  return "this kernel has no IPVS (modprobe ip_vs loads it where there is one)";
}

function newestInstalled(environment: NodeJS.ProcessEnv): string {
  const newest = installedKubeProxies(environment).findLast(({ path }) => path !== undefined);
  if (newest === undefined)
    throw new UnsupportedHostError(
      `no kube-proxy is installed: run ${installCommand()}, or give one as @PATH`,
    );
  return newest.minor;
}

/** What `iptables` of this system leads to: xtables-nft-multi or xtables-legacy-multi. */
function defaultBackend(): Backend {
  return realpathSync(toolPath("iptables")).includes("legacy") ? "legacy" : "nft";
}
