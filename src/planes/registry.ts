/** All planes, loaded. */

import { UnknownNameError } from "../errors.js";
import { splitPlaneId } from "./kube-proxy-versions.js";
import type { Plane } from "./plane.js";
import { findPlane, PLANE_ENTRIES, planeChoices } from "./registry-loader.js";
import { versionedPlane } from "./versioned.js";

/** All planes, in the order in which they are shown. */
export const PLANES: readonly Plane[] = await Promise.all(PLANE_ENTRIES.map(({ load }) => load()));

/**
 * The plane of an id.
 *
 * @param id Such as `iptables` or `ebpf-maglev`, or `nftables@1.35`: as that version of kube-proxy writes it.
 * @returns The plane, which compiles clusters into programs.
 * @throws UnknownNameError that names the planes that exist.
 * @example
 * ```ts
 * import { generateCluster, planeById } from "lbscale";
 *
 * const program = planeById("nftables@1.35").compile(generateCluster({ services: 1000, seed: 1 }));
 * console.log(program.bytes());
 * ```
 */
export function planeById(id: string): Plane {
  const { plane, version } = splitPlaneId(id);
  const found = findPlane(id) && PLANES.find((candidate) => candidate.id === plane);
  if (!found) throw new UnknownNameError(`unknown plane "${id}": choose from ${planeChoices()}`);
  return version === undefined ? found : versionedPlane(found, version);
}
