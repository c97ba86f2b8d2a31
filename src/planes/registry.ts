/** All planes, loaded. */

import { UnknownNameError } from "../errors.js";
import { PLANE_IDS, type Plane } from "./plane.js";
import { loadPlane } from "./registry-loader.js";

/** All planes, in the order in which they are shown. */
export const PLANES: readonly Plane[] = await Promise.all(PLANE_IDS.map(loadPlane));

/** The plane of an id. Throws UnknownNameError naming the planes there are. */
export function planeById(id: string): Plane {
  const plane = PLANES.find((candidate) => candidate.id === id);
  if (!plane) {
    throw new UnknownNameError(
      `unknown plane "${id}": choose from ${PLANES.map((known) => known.id).join(", ")}`,
    );
  }
  return plane;
}
