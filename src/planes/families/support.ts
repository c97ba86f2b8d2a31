/** Which families a plane's model can be measured with. */

import type { FamilyChoice } from "../../cluster/family.js";
import type { PlaneDescriptor } from "../descriptor.js";

/** Why a plane can't be measured with these families, in words; null: it can. */
export function unsupportedFamily({ name, can }: PlaneDescriptor, family: FamilyChoice): string | null {
  return family === 4 || can.families.includes(6) ? null : `the model of ${name} knows IPv4 only`;
}
