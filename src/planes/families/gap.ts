/** Which families a plane's model can be measured with. */

import type { FamilyChoice } from "../../cluster/family.js";
import type { PlaneDescriptor } from "../descriptor.js";

/** Why a plane can't be measured with these families, in words; null: it can. */
export function familyGap({ name, can }: PlaneDescriptor, family: FamilyChoice): string | null {
  if (family === 4) return null;
  if (!can.families.includes(6)) return `the model of ${name} knows IPv4 only`;
  if (family === "dual" && can.sharedByFamilies !== undefined) {
    return `both families share ${can.sharedByFamilies} in ${name}, which its model keeps apart`;
  }
  return null;
}
