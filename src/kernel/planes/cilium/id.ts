/** Cilium's own control plane as a plane of the kernel lane: `cilium@1.20`, `cilium/tc@1.20`, `cilium@./my-cilium-lb`. */

import { basename } from "node:path";
import { UnknownNameError } from "../../../errors.js";
import { plainText } from "../../../text.js";
import { CILIUM_VERSION, findCilium } from "../../cilium/binary.js";
import type { CacheVariables } from "../../real-program/installed.js";

/** What an id begins with. */
const PROGRAM = "cilium";

/** `lb-reflector-wait-time` of an agent as it is installed, in which changes are gathered. */
const DEFAULT_WAIT_MS = 500;

/** What can stand between the program and the version; "": neither. */
const MODES = {
  "": { path: "socket", waitMs: DEFAULT_WAIT_MS },
  unbuffered: { path: "socket", waitMs: 1 },
  tc: { path: "packet", waitMs: DEFAULT_WAIT_MS },
} as const satisfies Record<string, { path: "socket" | "packet"; waitMs: number }>;

/** How a plane's connections meet the maps, and how long its control plane gathers changes. */
export type CiliumMode = keyof typeof MODES;

/** An id taken apart. */
interface CiliumPlane {
  readonly mode: CiliumMode;
  /** A minor version, or the path of a program; null: the one that the script builds. */
  readonly version: string | null;
}

/** How to write one, for messages. */
export const CILIUM_FORM = `${PROGRAM}@${minorOf(CILIUM_VERSION)}, ${PROGRAM}/unbuffered@… or ${PROGRAM}/tc@…`;

/** Whether a text is meant as one of these ids. */
export function isCiliumPlane(id: string): boolean {
  return /^cilium(?:[/@]|$)/.test(id);
}

/**
 * Takes an id apart.
 * @throws UnknownNameError that says how one is written.
 */
export function parseCiliumPlane(id: string): CiliumPlane {
  const at = id.indexOf("@");
  const mode = id.slice(PROGRAM.length, at < 0 ? undefined : at).replace(/^\//, "");
  const version = at < 0 ? null : id.slice(at + 1);
  const known = Object.keys(MODES).find((name): name is CiliumMode => name === mode);
  if (known === undefined || version === "") {
    throw new UnknownNameError(`plane "${plainText(id, 80)}" is unknown: give ${CILIUM_FORM}`);
  }
  return { mode: known, version };
}

/** A plane that can be started here. */
export interface ResolvedCilium {
  readonly kind: "cilium";
  /** As results name it: a version instead of none, and a path's last part. */
  readonly id: string;
  readonly binary: string;
  /** Where connections meet its maps: in connect(), or packet by packet. */
  readonly path: "socket" | "packet";
  readonly waitMs: number;
  /** Whether the program is the user's own build, which results don't say where to find. */
  readonly isOwnBuild: boolean;
}

/**
 * Finds the program of a plane.
 * @throws UnsupportedHostError, which says how to install what is missing; UnknownNameError,
 * InvalidOptionError for another program.
 */
export function resolveCilium(id: string, environment: CacheVariables = process.env): ResolvedCilium {
  const { mode, version } = parseCiliumPlane(id);
  const own = minorOf(CILIUM_VERSION);
  const isOwnBuild = version?.includes("/") ?? false;
  if (version !== null && !isOwnBuild && version !== own) {
    throw new UnknownNameError(
      `plane "${plainText(id, 80)}": Cilium ${own} is the one that is measured: give ${CILIUM_FORM}, or a path such as ${PROGRAM}@./my-cilium-lb`,
    );
  }
  const binary = findCilium(isOwnBuild ? version! : "", environment);
  const name = isOwnBuild ? plainText(basename(binary), 40) : own;
  return {
    kind: "cilium",
    id: `${PROGRAM}${mode === "" ? "" : `/${mode}`}@${name}`,
    binary,
    ...MODES[mode],
    isOwnBuild,
  };
}

function minorOf(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}
