/** All planes, loaded. */

import { UnknownNameError } from "../errors.js";
import { PLANE_IDS, type Plane } from "./plane.js";
import { loadPlane } from "./registry-loader.js";

/** All planes, in the order in which they are shown. */
export const PLANES: readonly Plane[] = await Promise.all(PLANE_IDS.map(loadPlane));

/**
 * The plane of an id.
 *
 * @param id Such as `iptables` or `ebpf-maglev`.
 * @returns The plane, which compiles clusters into programs.
 * @throws UnknownNameError that names the planes that exist.
 */
export function planeById(id: string): Plane {
  const plane = PLANES.find((candidate) => candidate.id === id);
  if (!plane) {
    throw new UnknownNameError(
      `unknown plane "${id}": choose from ${PLANES.map((known) => known.id).join(", ")}`,
    );
  }
  return plane;
}
