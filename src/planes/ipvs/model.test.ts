import { describe, expect, it } from "vitest";
import fc from "../../../test/support/properties.js";
import { buildCluster, type ServiceRecord } from "../../cluster/build.js";
import {
  type Cluster,
  type Network,
  parseAddress,
  parseCidr,
  SCTP,
  TCP,
  UDP,
} from "../../cluster/cluster.js";
import { generateCoverageFlows } from "../../cluster/coverage-flows.js";
import { flowAt } from "../../cluster/flows.js";
import { generateCluster, MIXED } from "../../cluster/generate.js";
import { DEFAULT_NETWORK } from "../../cluster/network.js";
import { differencesOf, expectationOf } from "../contract.js";
import { allows } from "../expectation.js";
import { DROP, dnat, type Flow, type Model, PASS, type PlaneOptions, REJECT } from "../plane.js";
import { Situations } from "../situation.js";
import { ipvs } from "./index.js";
import { SCHEDULERS, type SchedulerName } from "./schedulers/index.js";

const ip = (text: string) => parseAddress(text)!;
const VIP = ip("10.96.0.10");
const NODE = DEFAULT_NETWORK.nodeAddresses[0]!;
const LB = ip("198.18.0.1");
const CLIENT = ip("10.255.0.7");
const OUTSIDE = ip("198.51.100.9");

const pod = (i: number, local = false) => ({ address: ip("10.128.0.1") + i, port: 8080, local });

function cluster(record: Partial<ServiceRecord>, network: Network = DEFAULT_NETWORK): Cluster {
  const base: ServiceRecord = {
    name: "a/b",
    clusterIp: VIP,
    ports: [{ protocol: TCP, port: 80, nodePort: 30080, endpoints: [pod(0), pod(1)] }],
  };
  return buildCluster([{ ...base, ...record }], network, { kind: "synthetic", parameters: {} });
}

const modelOf = (record: Partial<ServiceRecord>, options?: PlaneOptions) =>
  ipvs.compile(cluster(record), options).model(1);

function ask(model: Model, src: number, dst: number, dport: number, protocol = TCP, nowSec = 0): number {
  return model.lookup(src | 0, 40000, dst | 0, dport, protocol, nowSec);
}

const flow = (src: number, dst: number, dport: number): Flow => ({
  src,
  sport: 40000,
  dst,
  dport,
  protocol: TCP,
});

describe("a cluster IP", () => {
  it("goes round its endpoints, the newest first", () => {
    const model = modelOf({});
    expect([1, 2, 3].map(() => ask(model, CLIENT, VIP, 80))).toEqual([dnat(1, 0), dnat(0, 0), dnat(1, 0)]);
  });

  it("masquerades clients outside the pod range", () => {
    expect(ask(modelOf({}), OUTSIDE, VIP, 80)).toBe(dnat(1, 1));
    expect(ask(modelOf({}), NODE, VIP, 80)).toBe(dnat(1, 1));
  });

  it("masquerades a client that is the chosen endpoint only when it runs on this node", () => {
    const ports = [{ protocol: TCP, port: 80, endpoints: [pod(0), pod(1, true)] }];
    expect(ask(modelOf({ ports }), pod(1).address, VIP, 80)).toBe(dnat(1, 1));
    const remote = modelOf({ ports });
    ask(remote, CLIENT, VIP, 80);
    expect(ask(remote, pod(0).address, VIP, 80)).toBe(dnat(0, 0));
  });

  it("rejects another port or protocol", () => {
    expect(ask(modelOf({}), CLIENT, VIP, 81)).toBe(REJECT);
    expect(ask(modelOf({}), CLIENT, VIP, 80, UDP)).toBe(REJECT);
  });

  it("rejects when there is no endpoint", () => {
    expect(ask(modelOf({ ports: [{ protocol: TCP, port: 80, endpoints: [] }] }), CLIENT, VIP, 80)).toBe(
      REJECT,
    );
  });

  it("keeps to local endpoints under internalTrafficPolicy Local, and falls back to all of an exposed Service when there is none", () => {
    const local = [{ protocol: TCP, port: 80, endpoints: [pod(0, true), pod(1), pod(2)] }];
    const model = modelOf({ internalLocal: true, ports: local });
    expect([1, 2, 3].map(() => ask(model, CLIENT, VIP, 80))).toEqual([dnat(0, 0), dnat(0, 0), dnat(0, 0)]);
    const exposed = modelOf({ internalLocal: true, externalIps: [ip("203.0.113.7")] });
    expect([1, 2].map(() => ask(exposed, CLIENT, VIP, 80))).toEqual([dnat(1, 0), dnat(0, 0)]);
    const inside = [{ protocol: TCP, port: 80, endpoints: [pod(1), pod(2)] }];
    expect(ask(modelOf({ internalLocal: true, ports: inside }), CLIENT, VIP, 80)).toBe(REJECT);
  });
});

describe("an address of no service", () => {
  it("passes, inside the service range as outside", () => {
    expect(ask(modelOf({}), CLIENT, ip("10.96.0.11"), 80)).toBe(PASS);
    expect(ask(modelOf({}), CLIENT, ip("203.0.113.1"), 80)).toBe(PASS);
    expect(ask(modelOf({}), CLIENT, NODE, 22)).toBe(PASS);
  });
});

describe("a NodePort", () => {
  it("answers at every node address and masquerades everyone", () => {
    const network = { ...DEFAULT_NETWORK, nodeAddresses: [NODE, ip("172.16.9.9")] };
    const model = ipvs.compile(cluster({}, network)).model(1);
    expect(ask(model, CLIENT, NODE, 30080)).toBe(dnat(1, 1));
    expect(ask(model, OUTSIDE, ip("172.16.9.9"), 30080)).toBe(dnat(1, 1));
    expect(ask(model, CLIENT, NODE, 30081)).toBe(PASS);
  });

  it("does not answer at 127.0.0.1", () => {
    expect(ask(modelOf({}), ip("127.0.0.1"), ip("127.0.0.1"), 30080)).toBe(PASS);
  });

  it.each([TCP, UDP, SCTP])(
    "keeps the source under externalTrafficPolicy Local (protocol %i)",
    (protocol) => {
      const ports = [{ protocol, port: 80, nodePort: 30080, endpoints: [pod(0), pod(1, true)] }];
      expect(ask(modelOf({ externalLocal: true, ports }), OUTSIDE, NODE, 30080, protocol)).toBe(dnat(1, 0));
      expect(ask(modelOf({ ports }), OUTSIDE, NODE, 30080, protocol)).toBe(dnat(1, 1));
    },
  );
});

describe("a load-balancer address", () => {
  it("drops sources outside its ranges, even when there is no endpoint", () => {
    const sourceRanges = [parseCidr("198.51.100.8/29")!, parseCidr("10.255.0.0/16")!];
    const model = modelOf({ ingressIps: [LB], sourceRanges });
    expect(ask(model, OUTSIDE, LB, 80)).toBe(dnat(1, 1));
    expect(ask(model, CLIENT, LB, 80)).toBe(dnat(0, 1));
    expect(ask(model, ip("198.51.100.16"), LB, 80)).toBe(DROP);
    expect(ask(model, ip("198.51.100.16"), LB, 81)).toBe(REJECT);
    const empty = [{ protocol: TCP, port: 80, endpoints: [] }];
    const outside = ip("198.51.100.16");
    expect(ask(modelOf({ ingressIps: [LB], sourceRanges, ports: empty }), outside, LB, 80)).toBe(DROP);
  });

  it("does not apply its ranges to what the node itself sends", () => {
    const sourceRanges = [parseCidr("192.0.2.0/24")!];
    expect(ask(modelOf({ ingressIps: [LB], sourceRanges }), NODE, LB, 80)).toBe(dnat(1, 1));
    const empty = [{ protocol: TCP, port: 80, endpoints: [] }];
    expect(ask(modelOf({ ingressIps: [LB], sourceRanges, ports: empty }), NODE, LB, 80)).toBe(REJECT);
  });

  it("does not apply its ranges to the NodePort, the cluster IP or an externalIP", () => {
    const model = modelOf({
      ingressIps: [LB],
      externalIps: [LB + 1],
      sourceRanges: [parseCidr("192.0.2.0/24")!],
    });
    for (const [dst, port] of [
      [NODE, 30080],
      [VIP, 80],
      [LB + 1, 80],
    ]) {
      expect(ask(model, OUTSIDE, dst!, port!)).toBeGreaterThanOrEqual(0);
    }
  });
});

describe("affinity", () => {
  const record = { affinitySeconds: 10 };

  it("keeps a client with its endpoint, per virtual service", () => {
    const model = modelOf(record);
    expect([0, 1, 2].map((now) => ask(model, CLIENT, VIP, 80, TCP, now))).toEqual(Array(3).fill(dnat(1, 0)));
    expect(ask(model, CLIENT + 1, VIP, 80, TCP, 2)).toBe(dnat(0, 0));
    // Another template for the NodePort, whose own round begins.
    expect(ask(model, CLIENT + 1, NODE, 30080, TCP, 2)).toBe(dnat(1, 1));
  });

  it("is re-armed by each connection and gone at exactly the timeout after the last", () => {
    const model = modelOf(record);
    ask(model, CLIENT, VIP, 80, TCP, 0);
    expect(ask(model, CLIENT, VIP, 80, TCP, 9)).toBe(dnat(1, 0));
    expect(ask(model, CLIENT, VIP, 80, TCP, 18)).toBe(dnat(1, 0));
    expect(ask(model, CLIENT, VIP, 80, TCP, 28)).toBe(dnat(0, 0));
  });

  it("is forgotten by a reset", () => {
    const model = modelOf(record);
    ask(model, CLIENT + 1, VIP, 80);
    expect(ask(model, CLIENT, VIP, 80)).toBe(dnat(0, 0));
    model.reset(1);
    expect(ask(model, CLIENT, VIP, 80)).toBe(dnat(1, 0));
  });
});

describe("work", () => {
  const work = (model: Model, f: Flow) => model.explain(f, 0).work;
  const plain = { ports: [{ protocol: TCP, port: 80, endpoints: [pod(0)] }] };
  /** Nodes on the way to the only service's address, next to the node's own routes. */
  const ROUTE = 4;

  it("is four sets, the service table and one service for a pod that calls a cluster IP", () => {
    // Jump, 127/8, cluster IP from elsewhere (fails in its header), dst LOCAL, the end of KUBE-NODE-PORT, accept cluster IP;
    // POSTROUTING's jump and RETURN. INPUT: three jumps, load balancers, cluster IPs, health checks.
    expect(work(modelOf(plain), flow(CLIENT, VIP, 80))).toEqual({
      rulesVisited: 6 + 2,
      filterRulesVisited: 6,
      mapLookups: 1 + 3 + 1,
      hashProbes: 1,
      entriesWritten: 0,
      stateProbes: 0,
      routingNodes: 2 * ROUTE,
    });
  });

  it("adds a set and the mark for a client outside, and KUBE-LOOP-BACK once there are local endpoints", () => {
    expect(work(modelOf(plain), flow(OUTSIDE, VIP, 80))).toMatchObject({
      rulesVisited: 6 + 2 + 4,
      mapLookups: 6,
    });
    const local = { ports: [{ protocol: TCP, port: 80, endpoints: [pod(0, true)] }] };
    expect(work(modelOf(local), flow(CLIENT, VIP, 80))).toMatchObject({ rulesVisited: 6 + 3, mapLookups: 6 });
  });

  it("rejects another port in filter INPUT, after the sets of all services", () => {
    expect(work(modelOf(plain), flow(CLIENT, VIP, 81))).toMatchObject({
      filterRulesVisited: 7,
      mapLookups: 1 + 6,
      hashProbes: 0,
    });
  });

  it("counts KUBE-NODE-PORT's rules up to the one that decides, and only sets of the flow's protocol", () => {
    // Jump, 127/8, cluster IP, (accept sets: cluster IP), dst LOCAL, TCP set, mark and its end, chain end, accept
    // cluster IP (no), end, policy = 2 + 1 + 1 + 1 + 2 + 1 + 1 + 2; POSTROUTING 4. Sets: TCP, cluster IP, and in INPUT the
    // five that return, the services' addresses and health checks; then the table.
    expect(work(modelOf({}), flow(CLIENT, NODE, 30080))).toMatchObject({
      rulesVisited: 11 + 4,
      mapLookups: 2 + 7 + 1,
    });
  });

  it("searches for a route at addrtype and for the packet, and for the source of one to an external address", () => {
    const EXTERNAL = ip("203.0.113.7");
    const record = { externalIps: [EXTERNAL] };
    const searches = (f: Flow, more: Partial<ServiceRecord> = {}) => {
      const path: string[] = [];
      const { routingNodes } = modelOf({ ...record, ...more }).explain(f, 0, path).work;
      const steps = path.flatMap((step) => /^rout.*, (\d+) nodes of its trie/.exec(step) ?? []);
      const nodes = steps.filter((_, i) => i % 2 === 1).map(Number);
      expect(nodes.reduce((sum, each) => sum + each, 0)).toBe(routingNodes);
      return steps.filter((_, i) => i % 2 === 0).map((step) => step.split(",")[0]);
    };
    const local = "routing table: a local address";
    const ofSource = "routing table";
    expect(searches(flow(CLIENT, VIP, 80))).toEqual([local, "routing: local"]);
    expect(searches(flow(CLIENT, ip("198.51.100.9"), 80))).toEqual([
      "routing table: no local address",
      "routing: unicast",
    ]);
    // A source from elsewhere is accepted at once; the node's own only because the destination is local.
    expect(searches(flow(OUTSIDE, EXTERNAL, 80))).toEqual([ofSource, "routing: local"]);
    expect(searches(flow(NODE, EXTERNAL, 80))).toEqual([ofSource, local, "routing: local"]);
    expect(searches(flow(OUTSIDE, EXTERNAL, 80), { externalLocal: true })).toEqual([
      ofSource,
      "routing: local",
    ]);
  });

  it("finds a local route for exactly the addresses that the sets call local", () => {
    const generated = generateCluster({ services: 300, seed: 4, ...MIXED });
    const model = ipvs.compile(generated).model(1);
    const { words, length } = generateCoverageFlows(generated, 2000, 5);
    const compared = { local: 0, elsewhere: 0, loopback: 0 };
    for (let at = 0; at < length; at++) {
      const path: string[] = [];
      const searched = flowAt(words, at);
      model.explain(searched, 0, path);
      const said = path.find((step) => step.startsWith("routing table: "))!;
      const isLocal = path.some((step) => step.startsWith("routing: local"));
      // Those are local, and in no set.
      if (searched.dst >>> 24 === 127) compared.loopback++;
      else {
        compared[isLocal ? "local" : "elsewhere"]++;
        expect([searched.dst, said.startsWith("routing table: a local")]).toEqual([searched.dst, isLocal]);
      }
    }
    expect(compared).toEqual({ local: 1902, elsewhere: 93, loopback: 5 });
  });

  it("counts no routes in IPv6", () => {
    const generated = generateCluster({ services: 5, seed: 2, family: 6 });
    const { work } = ipvs
      .compile(generated)
      .model(1)
      .explain(flow(CLIENT, generated.clusterIp[0]!, 80), 0);
    expect(work.routingNodes).toBeUndefined();
  });

  it("reads about six nodes for an address at 10, 1,000 and 10,000 services", () => {
    for (const services of [10, 1000, 10_000]) {
      const generated = generateCluster({ services, seed: 1, endpoints: { kind: "constant", count: 1 } });
      const model = ipvs.compile(generated).model(1);
      let nodes = 0;
      for (let s = 0; s < services; s++)
        nodes += model.explain(flow(CLIENT, generated.clusterIp[s]!, 80), 0).work.routingNodes!;
      expect(nodes / services / 2).toBeGreaterThan(5);
      expect(nodes / services / 2).toBeLessThan(6.5);
    }
  });

  it("visits the same rules and sets however many services there are", () => {
    for (const src of [CLIENT, OUTSIDE]) {
      const counts = [1, 100, 3000].map((services) => {
        const generated = generateCluster({ services, seed: 2, localShare: 1 });
        const { work } = ipvs
          .compile(generated)
          .model(1)
          .explain(flow(src, generated.clusterIp[0]!, 80), 0);
        return [work.rulesVisited, work.mapLookups];
      });
      expect(counts).toEqual([counts[0], counts[0], counts[0]]);
    }
  });

  it("grows with the chain of the fixed service table and stays at one probe in the resizable one", () => {
    const generated = generateCluster({ services: 4000, seed: 2 });
    const mean = (options: PlaneOptions) => {
      const model = ipvs.compile(generated, options).model(1);
      let probes = 0;
      for (const vip of generated.clusterIp) probes += work(model, flow(CLIENT, vip, 80)).hashProbes;
      return probes / 4000;
    };
    expect(mean({}) / (1 + 3999 / 512)).toBeCloseTo(1, 1);
    expect(mean({ ipvsServiceTable: "resizable" })).toBeLessThan(1.1);
  });

  it("says each step in words when asked", () => {
    const path: string[] = [];
    modelOf({}).explain(flow(OUTSIDE, VIP, 80), 0, path);
    expect(path).toEqual([
      "nat PREROUTING, KUBE-SERVICES:",
      "KUBE-CLUSTER-IP: member",
      "KUBE-MARK-MASQ: marked for masquerade",
      "routing table: a local address, 4 nodes of its trie, 5 keys compared",
      "KUBE-NODE-PORT: no NodePort",
      "KUBE-CLUSTER-IP: member",
      "routing: local, 4 nodes of its trie, 5 keys compared",
      "filter INPUT:",
      "KUBE-LOAD-BALANCER: no member",
      "KUBE-CLUSTER-IP: member",
      "KUBE-HEALTH-CHECK-NODE-PORT: no member",
      "service table of 256 buckets: found, 1 compared",
      "scheduler rr: endpoint 1",
      "nat POSTROUTING:",
      "DNAT to endpoint 1, masquerade",
    ]);
  });
});

describe("any cluster", () => {
  const nodeAddresses = [NODE, ip("172.16.9.9"), ip("203.0.113.200")];
  const network: Network = { ...DEFAULT_NETWORK, nodeAddresses };
  const ports = [80, 443, 30080];
  const protocols = [TCP, UDP, SCTP];
  const names = Object.keys(SCHEDULERS) as SchedulerName[];

  /** Whether an endpoint is local follows from its address, as it does on a node. */
  const endpoints = fc
    .uniqueArray(fc.nat(7), { maxLength: 5 })
    .map((ids) => ids.map((i) => pod(i, i % 2 === 1)));
  const service = fc.record({
    affinitySeconds: fc.constantFrom(0, 0, 5),
    internalLocal: fc.boolean(),
    externalLocal: fc.boolean(),
    externals: fc.nat(2),
    ingress: fc.nat(2),
    sourceRanges: fc.subarray([
      parseCidr("198.51.100.0/29")!,
      parseCidr("10.255.0.0/16")!,
      parseCidr("0.0.0.0/0")!,
    ]),
    ports: fc.uniqueArray(
      fc.record({
        port: fc.constantFrom(80, 443),
        protocol: fc.constantFrom(...protocols),
        exposed: fc.boolean(),
        endpoints,
      }),
      { minLength: 1, maxLength: 3, selector: (p) => `${p.port} ${p.protocol}` },
    ),
  });
  const clusters = fc.array(service, { minLength: 1, maxLength: 6 }).map((services) =>
    buildCluster(
      services.map((s, i) => ({
        ...s,
        name: `ns/${i}`,
        clusterIp: VIP + i,
        externalIps: Array.from({ length: s.externals }, (_, x) => LB + 100 + i * 2 + x),
        ingressIps: Array.from({ length: s.ingress }, (_, x) => LB + i * 2 + x),
        ports: s.ports.map((p, j) => ({ ...p, nodePort: p.exposed ? 30080 + i * 3 + j : 0 })),
      })),
      network,
      { kind: "synthetic", parameters: {} },
    ),
  );
  const flows = fc.array(
    fc.record({
      src: fc.constantFrom(CLIENT, CLIENT + 1, OUTSIDE, OUTSIDE - 5, NODE, pod(0).address, pod(1).address),
      sport: fc.integer({ min: 1024, max: 65535 }),
      dst: fc.oneof(
        fc.nat(6).map((i) => VIP + i),
        fc.nat(12).map((i) => LB + i),
        fc.nat(12).map((i) => LB + 100 + i),
        fc.constantFrom(...nodeAddresses, ip("127.0.0.1"), ip("203.0.113.1")),
      ),
      dport: fc.oneof(fc.constantFrom(...ports, 9), fc.integer({ min: 30080, max: 30098 })),
      protocol: fc.constantFrom(...protocols),
      wait: fc.constantFrom(0, 0, 1, 4, 5),
    }),
    { minLength: 1, maxLength: 60 },
  );
  const options = (name: SchedulerName) =>
    fc.record({
      ipvsScheduler: fc.constant(name),
      ipvsServiceTable: fc.constantFrom("fixed" as const, "resizable" as const),
      seed: fc.nat(5),
    });

  it.each(names)("%s answers as the contract says, and explain decides like lookup", (name) => {
    const differences = differencesOf("ipvs");
    fc.assert(
      fc.property(clusters, options(name), flows, fc.nat(9), (random, planeOptions, trace, seed) => {
        const program = ipvs.compile(random, planeOptions);
        const model = program.model(seed);
        const situations = new Situations(random);
        const run = (decide: (f: Flow, nowSec: number) => number): number[] => {
          model.reset(seed);
          let nowSec = 0;
          return trace.map((f) => {
            nowSec += f.wait;
            return decide(f, nowSec);
          });
        };
        const looked = run((f, now) => model.lookup(f.src | 0, f.sport, f.dst | 0, f.dport, f.protocol, now));
        const explained = run((f, now) => model.explain(f, now).decision);
        expect(explained).toEqual(looked);
        trace.forEach((f, i) => {
          const situation = situations.of(f.src, f.dst, f.dport, f.protocol);
          const expected = expectationOf(differences, situation);
          if (!allows(expected, situation, random, looked[i]!)) {
            expect({ ...f, ...situation, decision: looked[i] }).toEqual(expected);
          }
        });
      }),
      { numRuns: name === "mh" ? 15 : 40 },
    );
  });

  it("decides alike with and without weights of one", () => {
    fc.assert(
      fc.property(clusters, flows, (random, trace) => {
        const ipvsWeights = new Uint16Array(random.endpoints).fill(1);
        const decide = (model: Model) => trace.map((f) => ask(model, f.src, f.dst, f.dport, f.protocol));
        expect(decide(ipvs.compile(random, { ipvsWeights }).model(1))).toEqual(
          decide(ipvs.compile(random).model(1)),
        );
      }),
      { numRuns: 30 },
    );
  });

  it("sends nothing to endpoints of weight 0", () => {
    const ipvsWeights = Uint16Array.of(0, 1);
    for (const ipvsScheduler of names) {
      const model = modelOf({}, { ipvsScheduler, ipvsWeights });
      for (let i = 0; i < 20; i++) expect(ask(model, CLIENT + i, VIP, 80)).not.toBe(dnat(0, 0));
    }
  });
});
