/** Equal decisions first: the check before every run, and its place in the result. */

import { generateCoverageFlows } from "../cluster/coverage-flows.js";
import { generateCluster, MIXED } from "../cluster/generate.js";
import { CheckFailedError } from "../errors.js";
import type { PlaneId } from "../planes/plane.js";
import { planeById } from "../planes/registry.js";
import { mergeEquivalences, verifyPlanes } from "../planes/verify.js";
import type { Results } from "../results/schema.js";

const SERVICES = 100;
const FLOWS = 2000;

/**
 * Sends flows of every kind through every plane of the run, over a mixed cluster small enough to take a moment. Each
 * child checks its own, full-size cluster as well.
 *
 * @returns The certificate.
 * @throws CheckFailedError on the first disagreement.
 */
export function certify(planes: readonly PlaneId[], seed: number): Results["equivalence"] {
  const cluster = generateCluster({ services: SERVICES, seed, ...MIXED });
  const trace = generateCoverageFlows(cluster, FLOWS, seed);
  const { flows, disagreements, documented, examples } = mergeEquivalences(
    planes.map((id) =>
      verifyPlanes(cluster, new Map([[id, planeById(id).compile(cluster, { seed }).model(seed)]]), trace),
    ),
  );
  const [first] = examples;
  if (first) {
    throw new CheckFailedError(
      `${first.plane} decides ${first.decided} for ${first.flow}, expected ${first.expected}: nothing was measured`,
    );
  }
  return { services: SERVICES, flows, planes: [...planes], disagreements, documented };
}
