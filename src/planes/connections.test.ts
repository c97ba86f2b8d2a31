import { beforeAll, describe, expect, it } from "vitest";
import { onEveryNode } from "../../test/support/node-families.js";
import { trials } from "../../test/support/trials.js";
import type { Cluster } from "../cluster/cluster.js";
import { generateCoverageFlows } from "../cluster/coverage-flows.js";
import { flowAt, generateTrace } from "../cluster/flows.js";
import { generateCluster, MIXED } from "../cluster/generate.js";
import {
  type ConnectionOptions,
  type Connections,
  DROP,
  type Flow,
  PASS,
  type Program,
  REJECT,
  type Work,
} from "./plane.js";
import { PLANES, planeById } from "./registry.js";

const SMALL = {
  fill: 300,
  conntrackBuckets: 256,
  conntrackMax: 8192,
  ebpfStateEntries: 4096,
  ipvsTableBits: 8,
};

/** Every plane, and Cilium at the socket. */
const PATHS = [
  ...PLANES.map((plane) => ({ name: plane.id as string, plane, options: SMALL as ConnectionOptions })),
  { name: "ebpf at the socket", plane: planeById("ebpf"), options: { ...SMALL, path: "socket" } as const },
];
const KEEPING = PATHS.filter(({ options }) => options.path !== "socket");

const connect = (to: Connections, { src, sport, dst, dport, protocol }: Flow, nowSec = 0) =>
  to.connect(src, sport, dst, dport, protocol, nowSec);
const established = (to: Connections, { src, sport, dst, dport, protocol }: Flow, nowSec = 0) =>
  to.established(src, sport, dst, dport, protocol, nowSec);

/** Coverage flows with no tuple twice: the second would be a known connection. */
function coverage(cluster: Cluster, count: number, seed: number): Flow[] {
  const { words, length } = generateCoverageFlows(cluster, count, seed);
  const flows = Array.from({ length }, (_, flow) => flowAt(words, flow));
  return [...new Map(flows.map((flow) => [JSON.stringify(flow), flow])).values()];
}

const ON_NODES = PATHS.flatMap((path) => onEveryNode(path.plane).map((on) => ({ ...path, ...on })));

describe.each(ON_NODES)("$name of $node", ({ plane, options, family }) => {
  let cluster: Cluster;
  let program: Program;
  let flows: Flow[];

  beforeAll(() => {
    cluster = generateCluster({
      services: 60,
      seed: 2,
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
    program = plane.compile(cluster, { seed: 1 });
    flows = coverage(cluster, trials(150, 3_000), 4);
  });

  it("decides like lookup, affinity and randomness included", () => {
    const model = program.model(1);
    const connections = program.connections(1, options);
    model.reset(7);
    connections.reset(7);
    for (const [i, flow] of flows.entries()) {
      const { src, sport, dst, dport, protocol } = flow;
      expect(connect(connections, flow, i * 10)).toBe(model.lookup(src, sport, dst, dport, protocol, i * 10));
    }
  });

  it("explains every connection and every later packet as they are decided, and leaves the same tables", () => {
    const deciding = program.connections(1, options);
    const explaining = program.connections(1, options);
    // Half a minute per flow: affinity expires for some clients, and later packets re-arm it where the plane does that.
    for (const [i, flow] of flows.entries()) {
      expect(explaining.explainConnect(flow, i * 30).decision).toBe(connect(deciding, flow, i * 30));
      const earlier = flows[i >> 1]!;
      expect(explaining.explainEstablished(earlier, i * 30).decision).toBe(
        established(deciding, earlier, i * 30),
      );
    }
    expect(deciding.bytes()).toBe(explaining.bytes());
    for (const flow of flows) {
      expect(deciding.explainEstablished(flow, 1e5)).toEqual(explaining.explainEstablished(flow, 1e5));
    }
  });

  it("says each step in words, and counts alike without them", () => {
    const silent = program.connections(1, options);
    const talking = program.connections(1, options);
    for (const flow of flows.slice(0, 300)) {
      const path: string[] = [];
      expect(talking.explainConnect(flow, 0, path)).toEqual(silent.explainConnect(flow, 0));
      expect(path.length).toBeGreaterThan(0);
    }
  });

  it("forgets its connections when it is reset, and repeats decisions and work", () => {
    const connections = program.connections(1, options);
    const round = () => {
      connections.reset(3);
      return flows.slice(0, 1000).map((flow) => connections.explainConnect(flow, 0));
    };
    const first = round();
    for (const flow of flows) connect(connections, flow);
    expect(round()).toEqual(first);
    expect(connections.bytes()).toBeGreaterThan(0);
  });

  it("writes nothing for what is refused or dropped", () => {
    const connections = program.connections(1, options);
    let refused = 0;
    for (const flow of flows) {
      const { decision, work } = connections.explainConnect(flow, 0);
      if (decision !== REJECT && decision !== DROP) continue;
      refused++;
      expect(work.entriesWritten).toBe(0);
    }
    expect(refused).toBeGreaterThan(20);
  });
});

describe.each(KEEPING)("$name keeps connections", ({ plane, options }) => {
  let cluster: Cluster;
  let program: Program;
  let flows: Flow[];

  beforeAll(() => {
    cluster = generateCluster({ services: 20, seed: 3, endpoints: { kind: "constant", count: 50 } });
    program = plane.compile(cluster, { seed: 1 });
    flows = coverage(cluster, 500, 1);
  });

  it("sends later packets where the first one went", () => {
    const connections = program.connections(1, options);
    const first = flows.map((flow) => connect(connections, flow));
    const again = () => flows.map((flow) => established(connections, flow, 60));
    expect(again()).toEqual(first);
    expect(again()).toEqual(first);
  });

  it("draws nothing for later packets: the next connection is chosen as if there had been none", () => {
    const [quiet, busy] = [program.connections(1, options), program.connections(1, options)];
    for (const flow of flows) {
      const decision = connect(quiet, flow);
      expect(connect(busy, flow)).toBe(decision);
      for (let packet = 0; packet < 3; packet++) expect(established(busy, flow)).toBe(decision);
    }
  });

  it("tells two services apart that a client calls from one port", () => {
    const connections = program.connections(1, options);
    const calls = Array.from({ length: 20 }, (_, service) => ({
      src: 0x0aff0001,
      sport: 50_000,
      protocol: 6,
      dst: cluster.clusterIp[service]! | 0,
      dport: cluster.port[cluster.portStart[service]!]!,
    }));
    const first = calls.map((call) => connect(connections, call));
    expect(new Set(first.map((decision) => decision >> 1)).size).toBe(20);
    expect(calls.map((call) => established(connections, call))).toEqual(first);
  });

  it("treats a later packet of an unknown connection as a first one", () => {
    const [one, other] = [program.connections(1, options), program.connections(1, options)];
    for (const flow of flows) expect(established(one, flow)).toBe(connect(other, flow));
  });
});

describe("work", () => {
  const cluster = generateCluster({ services: 1, seed: 1, endpoints: { kind: "constant", count: 1 } });
  const client = flowAt(generateTrace(cluster, { flows: 1, seed: 1 }).words, 0);
  const elsewhere = { ...client, dst: 0x08080808 };
  /** Tables without a fill: chains hold what the flow itself puts there. */
  const workOf = (id: string, path: "tc" | "socket" = "tc") => {
    const connections = planeById(id)
      .compile(cluster, { seed: 1 })
      .connections(1, { ...SMALL, fill: 0, path, conntrackBuckets: 65_536 });
    const looking = planeById(id).compile(cluster, { seed: 1 }).model(1).explain(client, 0).work;
    const minus = (work: Work) => ({
      rules: work.rulesVisited - looking.rulesVisited,
      lookups: work.mapLookups - looking.mapLookups,
      hashProbes: work.hashProbes - looking.hashProbes,
      written: work.entriesWritten,
      stateProbes: work.stateProbes,
    });
    return {
      connect: minus(connections.explainConnect(client, 0).work),
      later: connections.explainEstablished(client, 0).work,
      connections,
      looking,
    };
  };
  const NO_RULES = { rulesVisited: 0, filterRulesVisited: 0, hashProbes: 0, entriesWritten: 0 };

  it.each(["iptables", "nftables"])(
    "of %s: a lookup of each tuple and two entries more, then one lookup and no rule",
    (id) => {
      const { connect, later } = workOf(id);
      expect(connect).toEqual({ rules: 0, lookups: 2, hashProbes: 0, written: 2, stateProbes: 0 });
      expect(later).toEqual({ ...NO_RULES, mapLookups: 1, stateProbes: 1 });
    },
  );

  it("of ipvs: its connection table in addition", () => {
    const { connect, later, looking } = workOf("ipvs");
    expect(connect).toEqual({ rules: 0, lookups: 3, hashProbes: 0, written: 3, stateProbes: 0 });
    // Every packet is routed; only the first meets the rule that asks whether its address is local.
    expect(later).toEqual({
      ...NO_RULES,
      mapLookups: 2,
      stateProbes: 2,
      routingNodes: looking.routingNodes! / 2,
    });
  });

  it.each(["ebpf", "ebpf-maglev"])(
    "of %s: one lookup and one entry more, then service, connection and backend",
    (id) => {
      const { connect, later } = workOf(id);
      expect(connect).toEqual({ rules: 0, lookups: 1, hashProbes: 0, written: 1, stateProbes: 0 });
      expect(later).toMatchObject({
        ...NO_RULES,
        hashProbes: later.hashProbes,
        mapLookups: 3,
        stateProbes: 1,
      });
      expect(later.hashProbes).toBeGreaterThanOrEqual(2);
    },
  );

  it("of ebpf at the socket: a lookup and an entry for the call, then nothing at all", () => {
    const { connect, later } = workOf("ebpf", "socket");
    expect(connect).toEqual({ rules: 0, lookups: 1, hashProbes: 0, written: 1, stateProbes: 0 });
    expect(later).toEqual({ ...NO_RULES, mapLookups: 0, stateProbes: 0 });
  });

  it("of a packet to no service: netfilter remembers it, IPVS and Cilium don't", () => {
    const written = (id: string) => {
      const { decision, work } = workOf(id).connections.explainConnect(elsewhere, 0);
      expect(decision).toBe(PASS);
      return work.entriesWritten;
    };
    expect(["iptables", "nftables", "ipvs", "ebpf", "ebpf-maglev"].map(written)).toEqual([2, 2, 2, 0, 0]);
  });

  it("of IPVS grows with the fill of its table, fill / buckets for a miss", () => {
    const program = planeById("ipvs").compile(cluster, { seed: 1 });
    const connections = program.connections(1, {
      fill: 4096,
      ipvsTableBits: 8,
      conntrackMax: 8192,
      conntrackBuckets: 262_144,
    });
    let probes = 0;
    for (let port = 0; port < 2000; port++) {
      connections.reset(1);
      probes += connections.explainConnect({ ...client, sport: port }, 0).work.stateProbes;
    }
    // 16 of ip_vs_conn; conntrack's chains of 2 × 4096 / 262144 are walked four times.
    expect(probes / 2000).toBeGreaterThan(15.8);
    expect(probes / 2000).toBeLessThan(16.5);
  });
});

describe("limits", () => {
  const cluster = generateCluster({ services: 1, seed: 1, endpoints: { kind: "constant", count: 3 } });
  const client = flowAt(generateTrace(cluster, { flows: 1, seed: 1 }).words, 0);

  it.each(["iptables", "nftables", "ipvs"])("%s drops new connections once nf_conntrack is full", (id) => {
    const connections = planeById(id)
      .compile(cluster, { seed: 1 })
      .connections(1, { ...SMALL, fill: 10, conntrackMax: 11 });
    expect(connect(connections, client)).toBeGreaterThanOrEqual(0);
    expect(connect(connections, { ...client, sport: 1 })).toBe(DROP);
    expect(connections.explainConnect({ ...client, sport: 1 }, 0).decision).toBe(DROP);
    expect(established(connections, client)).toBeGreaterThanOrEqual(0);
  });

  it("Cilium forgets the oldest connection instead", () => {
    const program = planeById("ebpf").compile(cluster, { seed: 1 });
    const connections = program.connections(1, { fill: 2, ebpfStateEntries: 2 });
    const later = (sport: number) =>
      connections.explainEstablished({ ...client, sport }, 0).work.entriesWritten;
    for (const sport of [1, 2, 3]) connect(connections, { ...client, sport });
    expect([later(2), later(3), later(1)]).toEqual([0, 0, 1]);
  });

  it("Maglev has no socket path", () => {
    const program = planeById("ebpf-maglev").compile(cluster, { seed: 1 });
    expect(() => program.connections(1, { fill: 0, path: "socket" })).toThrow(
      "never uses Maglev at the socket level",
    );
  });

  it("IPVS refuses table bits that Linux doesn't take", () => {
    const program = planeById("ipvs").compile(cluster, { seed: 1 });
    expect(() => program.connections(1, { fill: 0, ipvsTableBits: 28 })).toThrow("Linux takes 8 to 27");
  });
});
