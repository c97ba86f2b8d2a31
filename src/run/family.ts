/** Which families a run measures, and of which of its planes and scenarios. */

import type { Cluster } from "../cluster/cluster.js";
import {
  choiceOf,
  chooseFamily,
  type DualStack,
  FAMILY_NAMES,
  type FamilyChoice,
} from "../cluster/family.js";
import type { Results } from "../results/schema.js";
import { InvalidRunSpecError, type RunSpec } from "./spec.js";

/** What a run's clusters have. */
export function familyOfRun({ settings }: Results["run"]): FamilyChoice {
  return settings.family ?? 4;
}

/** The specification with the families of an imported cluster, and what of that cluster is measured. */
export function withImported(
  spec: RunSpec,
  given: Cluster | DualStack | undefined,
): { spec: RunSpec; cluster: Cluster | DualStack | undefined } {
  if (given === undefined) return { spec, cluster: undefined };
  const family = spec.family ?? choiceOf(given);
  return { spec: { ...spec, family }, cluster: partOf(given, family) };
}

/**
 * What of a cluster is measured.
 *
 * @throws InvalidRunSpecError where it lacks a family.
 */
export function partOf(given: Cluster | DualStack, family: FamilyChoice): Cluster | DualStack {
  const part = chooseFamily(given, family);
  if (part !== undefined) return part;
  throw new InvalidRunSpecError(
    `family: this cluster has ${FAMILY_NAMES[choiceOf(given)]} and not ${FAMILY_NAMES[family]}: leave it out`,
  );
}
