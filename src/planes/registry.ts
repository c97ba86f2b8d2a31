/** All planes, loaded. */

import { UsageError } from "../errors.js";
import type { Plane } from "./plane.js";
import { PLANE_ENTRIES } from "./registry-loader.js";

/** All planes, in the order in which they are shown. */
export const PLANES: readonly Plane[] = await Promise.all(PLANE_ENTRIES.map(({ load }) => load()));

/** The plane of an id. Throws UsageError naming the planes there are. */
export function planeById(id: string): Plane {
  const plane = PLANES.find((candidate) => candidate.id === id);
  if (!plane) {
    throw new UsageError(`unknown plane "${id}": choose from ${PLANES.map((known) => known.id).join(", ")}`);
  }
  return plane;
}
