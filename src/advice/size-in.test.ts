import { describe, expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import type { Cluster } from "../cluster/cluster.js";
import { clusterDigest } from "../cluster/digest.js";
import { generateCluster, MIXED } from "../cluster/generate.js";
import { growCluster } from "../cluster/grow.js";
import type { Results } from "../results/schema.js";
import { adviseCluster } from "./advise.js";
import { explainService } from "./explain.js";
import { sizeIn } from "./size-in.js";

/** A cluster with more ports than Services, as most are. */
const MINE = generateCluster({ services: 60, seed: 2, ...MIXED });

/** A run of an imported cluster, grown to each of these. */
function runOf(cluster: Cluster, sizes: readonly number[]): Results {
  const run = fakeResults({ planes: ["ebpf"] });
  run.cluster.source = "imported";
  run.cluster.digests = Object.fromEntries(
    sizes.map((services) => [services, clusterDigest(growCluster(cluster, services))]),
  );
  return run;
}

const { services, servicePorts } = MINE;
const generated = () => fakeResults({ planes: ["ebpf"] });

describe("the N at which a run is read for a cluster", () => {
  it.each([
    ["ports in a run of generated clusters", generated, servicePorts],
    ["Services in its own run", () => runOf(MINE, [services]), services],
    ["Services in a run that grew it to other sizes", () => runOf(MINE, [100, 1000]), services],
    [
      "ports in a run of another cluster",
      () => runOf(generateCluster({ services, seed: 9 }), [services]),
      servicePorts,
    ],
    ["ports in a run without digests", () => runOf(MINE, []), servicePorts],
  ])("is its number of %s", (_what, run, expected) => {
    expect(servicePorts).not.toBe(services);
    expect(sizeIn(run(), MINE)).toBe(expected);
  });

  it.each([
    ["of generated clusters", generated],
    ["of this cluster", () => runOf(MINE, [services])],
    ["of another imported cluster", () => runOf(generateCluster({ services, seed: 9 }), [services])],
  ])("is the same for advise and explain with a run %s", (_what, make) => {
    const run = make();
    const [advised] = adviseCluster(MINE, run, ["ebpf"]).planes;
    const [explained] = explainService(MINE, 0, { planes: ["ebpf"], seed: 1, run }).planes;
    expect(advised!.lookup).toHaveProperty("medianNs");
    expect(explained!.sizes[0]!.prediction).toEqual(advised!.lookup);
  });
});
