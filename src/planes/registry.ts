/** All planes, loaded. */

import { UnknownNameError } from "../errors.js";
import type { Plane } from "./plane.js";
import { PLANE_ENTRIES } from "./registry-loader.js";

/** All planes, in the order in which they are shown. */
export const PLANES: readonly Plane[] = await Promise.all(PLANE_ENTRIES.map(({ load }) => load()));

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
