import { describe, expect, it, vi } from "vitest";
import { type Cluster, parseAddress, TCP } from "../../cluster/cluster.js";
import { exposeServices } from "../../cluster/expose.js";
import { type Entry, flowAt, generateTrace } from "../../cluster/flows.js";
import { generateCluster } from "../../cluster/generate.js";
import { DROP, type Flow, type Model } from "../plane.js";
import { TcConnections } from "./connections.js";
import { ebpf, ebpfMaglev } from "./index.js";
import { ConnectionMap } from "./maps/lru.js";
import type { CiliumModel } from "./model.js";

const constant = (services: number, count: number, extra = {}) =>
  generateCluster({ services, seed: 3, endpoints: { kind: "constant", count }, ...extra });

function flows(cluster: Cluster, count: number, entry: Entry = "clusterIp"): Flow[] {
  const { words } = generateTrace(cluster, { flows: count, seed: 5, entry });
  return Array.from({ length: count }, (_, flow) => flowAt(words, flow));
}

function meanWork(model: Model, cluster: Cluster, count: number, entry: Entry = "clusterIp") {
  let mapLookups = 0;
  let hashProbes = 0;
  for (const flow of flows(cluster, count, entry)) {
    const { work } = model.explain(flow, 0);
    mapLookups += work.mapLookups;
    hashProbes += work.hashProbes;
  }
  return { mapLookups: mapLookups / count, hashProbes: hashProbes / count };
}

describe("a decision", () => {
  const cluster = constant(1, 4);
  const [flow] = flows(cluster, 1);
  const { src, sport, dst, dport, protocol } = flow!;
  const ask = [src | 0, sport, dst | 0, dport, protocol, 0] as const;
  const model = () => ebpf.compile(cluster).model(1) as CiliumModel;

  it.each([
    ["the timed lookup", (each: CiliumModel) => each.lookup(...ask)],
    [
      "a packet with connection tracking",
      (each: CiliumModel) => new TcConnections(each, new ConnectionMap(16, 1), 0).connect(...ask),
    ],
  ])(
    "of %s is read from the backend's element, so that what comes next waits for its memory",
    (_, decide) => {
      const decided = decide(model());
      const other = model();
      const { backends } = other.maps;
      const another = ((decided >> 1) + 1) % 4;
      const element = backends.find(another + 1);
      vi.spyOn(backends, "find").mockReturnValue(element);
      expect(decide(other) >> 1).toBe(another);
    },
  );
});

describe("a source range", () => {
  const cluster = generateCluster({
    services: 400,
    seed: 2,
    types: "mixed",
    sourceRangeShare: 1,
    endpoints: { kind: "constant", count: 2 },
  });
  const s = cluster.rangeStart.findIndex((start, at) => (cluster.rangeStart[at + 1] ?? 0) > start);
  const from = (src: number): Flow => ({
    src,
    sport: 1,
    dst: cluster.externalAddress[cluster.externalStart[s]!]!,
    dport: cluster.port[cluster.portStart[s]!]!,
    protocol: cluster.protocol[cluster.portStart[s]!]!,
  });
  const inside = cluster.rangeBase[cluster.rangeStart[s]!]! + 1;
  const outside = parseAddress("203.0.113.9")!;

  it("is found in a trie of all frontends, each node of whose walk is counted", () => {
    const model = ebpf.compile(cluster).model(1);
    const walk: string[] = [];
    const { decision, work } = model.explain(from(inside), 0, walk);
    expect(decision).not.toBe(DROP);
    const [, nodes] = walk.join("\n").match(/lb4_source_range\[.*\]: \/58 found, nodes visited: (\d+)/)!;
    const own = walk.filter((line) => line.includes("├"));
    expect(own).toHaveLength(Number(nodes));
    expect(own.length).toBeGreaterThan(3);
    // Master, slot and backend, each found at once or behind another element.
    expect(work.hashProbes - own.length).toBeLessThan(6);
    expect(work.mapLookups).toBe(4);
  });

  it("lets in whom it holds and no other, timed or explained", () => {
    const [timed, explained] = [ebpf.compile(cluster).model(1), ebpf.compile(cluster).model(1)];
    for (const src of [inside, outside]) {
      const { sport, dst, dport, protocol } = from(src);
      const decided = timed.lookup(src | 0, sport, dst | 0, dport, protocol, 0);
      expect(explained.explain(from(src), 0).decision).toBe(decided);
      expect(decided === DROP).toBe(src === outside);
    }
  });

  it("takes memory with the nodes between entries, and none where no Service has ranges", () => {
    const lines = (of: Cluster) =>
      ebpf
        .compile(of)
        .memory()
        .filter(({ what }) => what.startsWith("lb4_source_range"));
    expect(lines(constant(50, 2))).toEqual([]);
    expect(lines(cluster).map(({ known }) => known)).toEqual(["exact", "derived"]);
  });
});

describe("a lookup in eBPF maps", () => {
  it.each([
    [1, 1],
    [1, 100],
    [50, 4],
    [2000, 10],
  ])("are looked up three times with %i services of %i endpoints", (services, endpoints) => {
    const cluster = constant(services, endpoints);
    const model = ebpf.compile(cluster).model(1);
    for (const flow of flows(cluster, 50)) expect(model.explain(flow, 0).work.mapLookups).toBe(3);
  });

  it("are probed 1 + α/2 times a hit, within 2 %", () => {
    // Frontends, slots and wildcards: 10,000 · (1 + 4 + 1) of 65,536 entries; backends: 40,000.
    const cluster = constant(10_000, 4);
    const probes: number[] = [];
    for (let seed = 1; seed <= 5; seed++) {
      probes.push(meanWork(ebpf.compile(cluster).model(seed), cluster, 20_000).hashProbes);
    }
    const mean = probes.reduce((sum, value) => sum + value, 0) / probes.length;
    const services = 1 + 60_000 / 65_536 / 2;
    const backends = 1 + 40_000 / 65_536 / 2;
    expect(mean / (2 * services + backends)).toBeGreaterThan(0.98);
    expect(mean / (2 * services + backends)).toBeLessThan(1.02);
  });

  it("answer a wrong port from outside with one more lookup, a wildcard hit", () => {
    const cluster = constant(1, 1);
    const outside = {
      src: parseAddress("198.51.100.9")! | 0,
      sport: 1,
      dst: cluster.clusterIp[0]!,
      dport: 9,
      protocol: TCP,
    };
    const { decision, work } = ebpf.compile(cluster).model(1).explain(outside, 0);
    expect(decision).toBe(DROP);
    expect(work.mapLookups).toBe(2);
  });
});

describe("a lookup in Maglev tables", () => {
  it("looks up service, outer map, table and backend: four maps at every size", () => {
    for (const [services, endpoints] of [
      [1, 1],
      [20, 7],
    ] as const) {
      const cluster = exposeServices(constant(services, endpoints));
      const model = ebpfMaglev.compile(cluster, { maglevTableSize: 251 }).model(1);
      expect(meanWork(model, cluster, 30, "loadBalancer").mapLookups).toBe(4);
    }
  });

  it("is none for a pod, at a cluster IP or a load balancer: it draws a slot, and its path says so", () => {
    const cluster = exposeServices(constant(3, 9));
    const model = ebpfMaglev.compile(cluster, { maglevTableSize: 251 }).model(1);
    const [toClusterIp, fromOutside] = [flows(cluster, 1)[0]!, flows(cluster, 1, "loadBalancer")[0]!];
    const toBalancer = { ...fromOutside, src: toClusterIp.src };
    for (const flow of [toClusterIp, toBalancer]) {
      const path: string[] = [];
      expect(model.explain(flow, 0, path).work.mapLookups).toBe(3);
      expect(path).toContain("a client inside the cluster: a random slot, never Maglev");
      expect(path.join()).not.toContain("lb4_maglev[");
      const picks = Array.from({ length: 50 }, () =>
        model.lookup(flow.src, flow.sport, flow.dst, flow.dport, flow.protocol, 0),
      );
      expect(new Set(picks).size).toBeGreaterThan(1);
    }
    const path: string[] = [];
    model.explain(fromOutside, 0, path);
    expect(path.join()).toContain("lb4_maglev[");
  });

  it("sends a flow to the same backend every time, whatever the seed of the maps", () => {
    const cluster = exposeServices(constant(3, 9));
    const program = ebpfMaglev.compile(cluster, { maglevTableSize: 251 });
    for (const flow of flows(cluster, 50, "loadBalancer")) {
      expect(program.model(1).explain(flow, 0).decision).toBe(program.model(2).explain(flow, 0).decision);
    }
  });
});
