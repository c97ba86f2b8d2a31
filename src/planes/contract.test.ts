import { beforeAll, describe, expect, it } from "vitest";
import { onEveryNode } from "../../test/support/node-families.js";
import fc from "../../test/support/properties.js";
import { withTerminating } from "../../test/support/terminating.js";
import { trials } from "../../test/support/trials.js";
import {
  type Cluster,
  EXTERNAL_AND_INGRESS_IP,
  EXTERNAL_IP,
  INGRESS_IP,
  inCidr,
  LOAD_BALANCER,
  NODE_PORT,
} from "../cluster/cluster.js";
import { generateCoverageFlows } from "../cluster/coverage-flows.js";
import { exposeServices } from "../cluster/expose.js";
import type { Family } from "../cluster/family.js";
import { flowAt, generateTrace } from "../cluster/flows.js";
import { type GenerateOptions, generateCluster, MIXED } from "../cluster/generate.js";
import { DIFFERENCES } from "./contract.js";
import {
  DROP,
  type Flow,
  KUBE_PROXY_VERSIONS,
  type Model,
  PASS,
  type PlaneOptions,
  REJECT,
} from "./plane.js";
import { PLANES } from "./registry.js";
import { verifyPlanes } from "./verify.js";

const anyClusterOf = (family: Family): fc.Arbitrary<Cluster> =>
  fc
    .record({
      services: fc.integer({ min: 1, max: 40 }),
      seed: fc.nat(),
      emptyShare: fc.constantFrom(0, 0.3),
      affinityShare: fc.constantFrom(0, 0.3),
      internalLocalShare: fc.constantFrom(0, 0.5),
      externalLocalShare: fc.constantFrom(0, 0.5),
      sourceRangeShare: fc.constantFrom(0, 0.7),
      localShare: fc.constantFrom(0, 0.3, 1),
      endpoints: fc.record({ kind: fc.constant("constant" as const), count: fc.integer({ min: 0, max: 6 }) }),
      types: fc.constantFrom("clusterIp", "nodePort", "mixed"),
      ports: fc.constantFrom("single", "mixed"),
      protocols: fc.constantFrom("tcp", "mixed"),
      vips: fc.constantFrom("random", "sequential"),
      terminating: fc.boolean(),
      family: fc.constant(family),
    } satisfies Record<keyof GenerateOptions | "terminating", unknown>)
    .map(({ terminating, ...options }) => {
      const cluster = generateCluster(options);
      return terminating ? withTerminating(cluster) : cluster;
    });

/** Many exposed services, what the mixed shape has few of, on a node with two addresses; a third of them have an external IP,
 * and a third one that is the load balancer's address too. */
const exposed = (seed: number, services: number, family: Family = 4): Cluster => {
  const cluster = generateCluster({
    services,
    seed,
    family,
    ...MIXED,
    endpoints: { kind: "lognormal", median: 3, sigma: 1, max: 20 },
    emptyShare: 0.1,
    affinityShare: 0.2,
    internalLocalShare: 0.3,
    externalLocalShare: 0.4,
    sourceRangeShare: 0.5,
    localShare: 0.25,
  });
  const { network } = cluster;
  const kinds = [EXTERNAL_IP, INGRESS_IP, EXTERNAL_AND_INGRESS_IP];
  const externalKind = cluster.externalKind.map((_, at) => kinds[at % 3]!);
  return {
    ...cluster,
    externalKind,
    network: { ...network, nodeAddresses: [...network.nodeAddresses, 0xc0000207] },
  };
};

const look = (model: Model, { src, sport, dst, dport, protocol }: Flow, nowSec: number) =>
  model.lookup(src, sport, dst, dport, protocol, nowSec);

const OTHER_PICKS = "makes other picks after a reset with another seed";
const SAME_PICKS = "makes the same picks after a reset with any seed";
const LOADED_STATE = "is in the state after loading when it is reset with seed 0";
const FORGETS = "forgets a client once the affinity timeout has passed since its last connection";

/** Tests that do not apply to a plane, and why. */
const SKIP: readonly {
  readonly planes: readonly string[];
  readonly tests: readonly string[];
  readonly reason: string;
}[] = [
  {
    planes: ["ebpf-maglev"],
    tests: [OTHER_PICKS, FORGETS],
    reason: "Maglev's table decides: a forgotten client comes back to its endpoint",
  },
  {
    planes: PLANES.map(({ id }) => id).filter((id) => id !== "ebpf-maglev"),
    tests: [SAME_PICKS],
    reason: "they draw random numbers, or take turns from where the seed puts them",
  },
  {
    planes: PLANES.map(({ id }) => id).filter((id) => id !== "ipvs"),
    tests: [LOADED_STATE],
    reason:
      "they draw random numbers, which loading and a reset seed differently; round robin is at the head of its list",
  },
];

describe.each(PLANES.flatMap(onEveryNode))("$id of $node", ({ plane, family }) => {
  const skips = (test: string) =>
    SKIP.some(({ planes, tests }) => planes.includes(plane.id) && tests.includes(test));
  const modelOf = (cluster: Cluster, options: PlaneOptions = {}) =>
    plane.compile(cluster, { seed: 1, ...options }).model(1);

  const anyCluster = anyClusterOf(family);

  // Where a plane is measured: some are about clients outside the cluster alone.
  const entry = plane.descriptor.can.outsideOnly ? "loadBalancer" : "clusterIp";
  const measured = (options: GenerateOptions): Cluster => {
    const cluster = generateCluster({ ...options, family });
    return entry === "loadBalancer" ? exposeServices(cluster) : cluster;
  };

  it("decides every flow as the contract says, in every version", () => {
    fc.assert(
      fc.property(
        anyCluster,
        fc.nat(),
        fc.constantFrom(...KUBE_PROXY_VERSIONS),
        (cluster, seed, kubeProxy) => {
          const models = new Map([[plane.id, modelOf(cluster, { kubeProxy })]]);
          const flows = generateCoverageFlows(cluster, 300, seed);
          expect(verifyPlanes(cluster, models, flows, kubeProxy).examples).toEqual([]);
        },
      ),
      { numRuns: trials(2, 60) },
    );
  });

  it("explains every decision that lookup makes, affinity and randomness included", () => {
    fc.assert(
      fc.property(anyCluster, fc.nat(), (cluster, seed) => {
        const { words, length } = generateCoverageFlows(cluster, 200, seed);
        const [looking, explaining] = [modelOf(cluster), modelOf(cluster)];
        for (let flow = 0; flow < length; flow++) {
          const decided = look(looking, flowAt(words, flow), flow * 60);
          expect(explaining.explain(flowAt(words, flow), flow * 60).decision).toBe(decided);
        }
      }),
      { numRuns: trials(2, 30) },
    );
  });

  it("starts again after a reset, to the same decisions", () => {
    const cluster = exposed(3, 300, family);
    const model = modelOf(cluster);
    const { words, length } = generateCoverageFlows(cluster, 2000, 1);
    const round = () => {
      model.reset(9);
      return Array.from({ length }, (_, flow) => look(model, flowAt(words, flow), flow));
    };
    expect(round()).toEqual(round());
  });

  /** New flows of one service at a fresh model: as it is loaded, and after a reset to a seed. */
  const picks = () => {
    const cluster = measured({ services: 5, seed: 1, endpoints: { kind: "constant", count: 50 } });
    const model = modelOf(cluster);
    const { words, length } = generateTrace(cluster, { flows: 50, seed: 1, entry });
    const answers = () => Array.from({ length }, (_, flow) => look(model, flowAt(words, flow), 0));
    const loaded = answers();
    const after = (seed: number) => {
      model.reset(seed);
      return answers();
    };
    return { loaded, after };
  };

  it.skipIf(skips(OTHER_PICKS))(OTHER_PICKS, () => {
    const { after } = picks();
    expect(after(1)).not.toEqual(after(2));
  });

  it.skipIf(skips(SAME_PICKS))(SAME_PICKS, () => {
    const { after } = picks();
    expect(after(1)).toEqual(after(2));
  });

  it.skipIf(skips(LOADED_STATE))(LOADED_STATE, () => {
    const { loaded, after } = picks();
    expect(after(0)).toEqual(loaded);
  });

  it("spreads new flows evenly over endpoints (chi-square, 9 degrees of freedom, 99.99 % critical value 33.7)", () => {
    const cluster = measured({ services: 1, seed: 1, endpoints: { kind: "constant", count: 10 } });
    const model = modelOf(cluster);
    const { words, length } = generateTrace(cluster, { flows: 20_000, seed: 4, entry });
    const counts = new Array<number>(10).fill(0);
    for (let flow = 0; flow < length; flow++) counts[look(model, flowAt(words, flow), 0) >> 1]!++;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
    expect(chiSquare).toBeLessThan(33.7);
  });

  /** A client of a service with affinity, its first endpoint, and what it gets at other times. */
  const affinityClient = () => {
    const cluster = measured({
      services: 1,
      seed: 1,
      endpoints: { kind: "constant", count: 200 },
      affinityShare: 1,
    });
    const model = modelOf(cluster);
    const { words } = generateTrace(cluster, { flows: 1, seed: 1, entry });
    const client = flowAt(words, 0);
    const first = look(model, client, 0);
    const again = (sport: number, nowSec: number) => look(model, { ...client, sport }, nowSec);
    return { first, again };
  };

  it("keeps a client with its endpoint while its last connection is within the affinity timeout", () => {
    const { first, again } = affinityClient();
    expect(again(1, 10_000)).toBe(first);
    expect(again(2, 20_000)).toBe(first);
  });

  it.skipIf(skips(FORGETS))(FORGETS, () => {
    const { first, again } = affinityClient();
    const later = Array.from({ length: 5 }, (_, i) => again(3 + i, 20_000 + 10_802 * (i + 1)));
    expect(later.some((decision) => decision !== first)).toBe(true);
  });

  it("handles a cluster of one service without endpoints", () => {
    const cluster = generateCluster({
      services: 1,
      seed: 1,
      family,
      endpoints: { kind: "constant", count: 0 },
    });
    const { words } = generateTrace(cluster, { flows: 1, seed: 1 });
    expect(look(modelOf(cluster), flowAt(words, 0), 0)).toBe(REJECT);
  });

  it("passes what is no service", () => {
    const cluster = generateCluster({ services: 3, seed: 1, family });
    const elsewhere = { src: 0x0aff0001, sport: 1, dst: 0xcb007101 | 0, dport: 80, protocol: 6 };
    expect(look(modelOf(cluster), elsewhere, 0)).toBe(PASS);
  });
});

describe("the documented differences", () => {
  let cluster: Cluster;
  let documented: Record<string, number>;

  beforeAll(() => {
    cluster = exposed(5, 1000);
    const models = new Map(
      PLANES.map((plane) => [plane.id, plane.compile(cluster, { seed: 1, maglevTableSize: 2039 }).model(1)]),
    );
    const result = verifyPlanes(cluster, models, generateCoverageFlows(cluster, 60_000, 1));
    expect(result.examples).toEqual([]);
    documented = result.documented;
  });

  it.each(DIFFERENCES.map(({ name }) => name))("%s is seen and counted by name", (name) => {
    expect(documented[name]).toBeGreaterThan(0);
  });

  it("rest on a cluster that has what they need", () => {
    expect(cluster.serviceType.includes(NODE_PORT) && cluster.serviceType.includes(LOAD_BALANCER)).toBe(true);
    expect(inCidr(cluster.network.podCidr, cluster.network.clientCidr.base)).toBe(true);
  });

  it("are not what a wrong decision hides behind: a model that always drops is found out", () => {
    const drops: Model = {
      lookup: () => DROP,
      explain: () => {
        throw new Error("not asked");
      },
      reset: () => {},
    };
    const trace = generateTrace(cluster, { flows: 100, seed: 1 });
    expect(verifyPlanes(cluster, new Map([["ebpf", drops]]), trace).disagreements).toBeGreaterThan(50);
  });
});
