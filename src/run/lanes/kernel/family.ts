/** The family of addresses that the kernel's lanes measure, or both of a node that has both. */

import type { Family, FamilyChoice } from "../../../cluster/family.js";
import type { KernelScenario } from "../../../kernel/catalog.js";
import { isKernelPlaneId } from "../../../kernel/plane.js";
import { REAL_PROGRAM_FORMS } from "../../../kernel/planes/real-programs.js";
import type { Results } from "../../../results/schema.js";
import { familyOfRun } from "../../family.js";
import { InvalidRunSpecError, type RunSpec } from "../../spec.js";

/** What a program does for both families of its node. A connection, and a lookup, have one. */
const OF_BOTH: readonly KernelScenario[] = ["programming", "sync", "memory", "proxy-memory"];

/**
 * The family of a run in the kernel. Of both, programs are measured that write both: kube-proxy and Cilium themselves.
 *
 * @throws InvalidRunSpecError for both where something was asked for that has one.
 */
export function kernelFamily({ family = 4, lane, planes, scenarios }: RunSpec): FamilyChoice {
  if (family !== "dual") return family;
  if (lane === "guest")
    throw new InvalidRunSpecError(
      "family: lane guest measures one family at a time: give 4 or 6; programs that write both are measured in lane kernel",
    );
  const plane = planes?.find(isKernelPlaneId);
  if (plane !== undefined)
    throw new InvalidRunSpecError(
      `planes: ${plane} is measured in one family, through which connections go: with both, name ${REAL_PROGRAM_FORMS}, or measure the model of both in lane model`,
    );
  const scenario = Array.isArray(scenarios)
    ? scenarios.find((id) => !OF_BOTH.some((known) => known === id))
    : undefined;
  if (scenario !== undefined)
    throw new InvalidRunSpecError(
      `scenarios: ${scenario} is measured in one family: with both, choose from ${OF_BOTH.join(", ")}`,
    );
  return family;
}

/** Those of the scenarios that a choice of families has. */
export function scenariosOfFamily(
  scenarios: readonly KernelScenario[],
  family: FamilyChoice,
): readonly KernelScenario[] {
  return family === "dual" ? scenarios.filter((id) => OF_BOTH.includes(id)) : scenarios;
}

/** The family of a run's connections in the kernel. With both there are none but those that watch for changes. */
export function familyInKernel({ run }: Pick<Results, "run">): Family {
  return familyOfRun(run) === 6 ? 6 : 4;
}
