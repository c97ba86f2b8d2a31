/** The family of addresses that the kernel's lanes measure. */

import type { Family } from "../../cluster/family.js";
import type { Results } from "../../results/schema.js";
import { InvalidRunSpecError, type RunSpec } from "../spec.js";

/** The family of a run in the kernel. Throws InvalidRunSpecError for both at once. */
export function kernelFamily({ family = 4, lane }: RunSpec): Family {
  if (family !== "dual") return family;
  throw new InvalidRunSpecError(
    `family: lane ${lane} measures one family at a time: give 4 or 6; both together are measured in lane model`,
  );
}

/** The family that a run of the kernel's lanes was planned with. */
export function familyInKernel({ run }: Pick<Results, "run">): Family {
  return run.settings.family === 6 ? 6 : 4;
}
