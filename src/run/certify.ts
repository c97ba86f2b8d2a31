/** Equal decisions first: the check before every run, and its place in the result. */

import { generateCoverageFlows } from "../cluster/coverage-flows.js";
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
 * @returns The certificate.
 * @throws CheckFailedError on the first disagreement.
 */
export async function certify(
  planes: readonly PlaneEntry[],
  seed: number,
  options: PlaneOptions,
): Promise<Results["equivalence"]> {
  const cluster = generateCluster({ services: SERVICES, seed, ...MIXED });
  const trace = generateCoverageFlows(cluster, FLOWS, seed);
  const { kubeProxy } = options;
  const version = kubeProxy === undefined ? {} : { kubeProxy };
  const loaded = await Promise.all(planes.map(({ load }) => load()));
  const { flows, disagreements, documented, examples } = mergeEquivalences(
    loaded.map((plane) =>
      verifyPlanes(
        cluster,
        new Map([[plane.id, plane.compile(cluster, { seed, ...version }).model(seed)]]),
        trace,
        kubeProxy,
      ),
    ),
  );
  const [first] = examples;
  if (first) {
    throw new CheckFailedError(
      `${first.plane} decides ${first.decided} for ${first.flow}, expected ${first.expected}: nothing was measured`,
    );
  }
  return { services: SERVICES, flows, planes: loaded.map(({ id }) => id), disagreements, documented };
}
