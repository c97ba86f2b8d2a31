/** Equal decisions first: the check before every run, and its place in the result. */

import { generateCoverageFlows } from "../cluster/coverage-flows.js";
import { FAMILIES, type FamilyChoice } from "../cluster/family.js";
import { generateCluster, MIXED } from "../cluster/generate.js";
import { CheckFailedError } from "../errors.js";
import type { PlaneOptions } from "../planes/plane.js";
import type { PlaneEntry } from "../planes/registry-loader.js";
import { mergeEquivalences, verifyPlanes } from "../planes/verify.js";
import type { Results } from "../results/schema.js";

const SERVICES = 100;
const FLOWS = 2000;

/**
 * Sends flows of every kind through every plane of the run, over a mixed cluster small enough to take a moment. Each
 * child checks its own, full-size cluster as well.
 *
 * @param options of the run, of which the version of kube-proxy counts here
 * @param choice families that the run measures; planes are checked in those that they know
 * @returns The certificate.
 * @throws CheckFailedError on the first disagreement.
 */
export async function certify(
  planes: readonly PlaneEntry[],
  seed: number,
  options: PlaneOptions,
  choice: FamilyChoice,
): Promise<Results["equivalence"]> {
  const { kubeProxy } = options;
  const version = kubeProxy === undefined ? {} : { kubeProxy };
  const loaded = await Promise.all(planes.map(({ load }) => load()));
  const parts = FAMILIES.filter((family) => choice === "dual" || choice === family).map((family) => {
    const cluster = generateCluster({ services: SERVICES, seed, ...MIXED, ...(family === 6 && { family }) });
    const trace = generateCoverageFlows(cluster, FLOWS, seed);
    const merged = mergeEquivalences(
      loaded
        .filter(({ descriptor }) => descriptor.can.families.includes(family))
        .map((plane) =>
          verifyPlanes(
            cluster,
            new Map([[plane.id, plane.compile(cluster, { seed, ...version }).model(seed)]]),
            trace,
            kubeProxy,
          ),
        ),
    );
    return { ...merged, flows: trace.length };
  });
  const { disagreements, documented, examples } = mergeEquivalences(parts);
  const flows = parts.reduce((sum, part) => sum + part.flows, 0);
  const [first] = examples;
  if (first) {
    throw new CheckFailedError(
      `${first.plane} decides ${first.decided} for ${first.flow}, expected ${first.expected}: nothing was measured`,
    );
  }
  return { services: SERVICES, flows, planes: loaded.map(({ id }) => id), disagreements, documented };
}
