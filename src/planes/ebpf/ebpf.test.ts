import { describe, expect, it } from "vitest";
import { type Cluster, parseAddress, TCP } from "../../cluster/cluster.js";
import { flowAt, generateTrace } from "../../cluster/flows.js";
import { generateCluster } from "../../cluster/generate.js";
import { DROP, type Flow, type Model } from "../plane.js";
import { ebpf, ebpfMaglev } from "./index.js";
import { ENTRY_WORDS } from "./maps/entries.js";
import { htabBytes } from "./maps/htab.js";
import { backendName, fillMaglevTable } from "./maps/maglev.js";
import { MAGLEV_SIZES } from "./options.js";
import { EbpfProgram } from "./program.js";

const constant = (services: number, count: number, extra = {}) =>
  generateCluster({ services, seed: 3, endpoints: { kind: "constant", count }, ...extra });

function flows(cluster: Cluster, count: number): Flow[] {
  const { words } = generateTrace(cluster, { flows: count, seed: 5 });
  return Array.from({ length: count }, (_, flow) => flowAt(words, flow));
}

function meanWork(model: Model, cluster: Cluster, count: number) {
  let mapLookups = 0;
  let hashProbes = 0;
  for (const flow of flows(cluster, count)) {
    const { work } = model.explain(flow, 0);
    mapLookups += work.mapLookups;
    hashProbes += work.hashProbes;
  }
  return { mapLookups: mapLookups / count, hashProbes: hashProbes / count };
}

describe("eBPF maps", () => {
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

  it("hold a master with its count, then a slot for each endpoint, then a wildcard for the address", () => {
    const cluster = constant(1, 3);
    const { entries } = new EbpfProgram(cluster, {}, "random");
    const words = entries.services.view();
    const at = (entry: number) => words.subarray(entry * ENTRY_WORDS, (entry + 1) * ENTRY_WORDS);
    expect(words.length / ENTRY_WORDS).toBe(1 + 3 + 1);
    expect([...at(0)].slice(0, 2)).toEqual([cluster.clusterIp[0], cluster.port[0]]);
    expect(at(0)[4]! & 0xffff).toBe(3);
    expect([1, 2, 3].map((slot) => at(slot)[1]! >>> 16)).toEqual([1, 2, 3]);
    expect([1, 2, 3].map((slot) => at(slot)[3])).toEqual([1, 2, 3]);
    expect([...at(4)]).toEqual([cluster.clusterIp[0], 0, 0, 0, 0, 0]);
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

  it("take 80 bytes a service element, 72 a backend and 16 a bucket: 6.3 MB for 65,536 of 12/12 bytes", () => {
    // bpftool shows memlock 6,292,528 for such a map: elements, buckets and about a page.
    expect(htabBytes(65_536, 20)).toBe(6_291_456);
    expect(ebpf.compile(constant(1, 1)).bytes()).toBe(
      htabBytes(65_536, 20) + htabBytes(65_536, 18) + htabBytes(65_536, 16),
    );
  });

  it("grow beyond 65,536 entries only where the cluster needs it, and say so", () => {
    expect(ebpf.compile(constant(10_000, 4)).facts().mapEntries).toBe(65_536);
    expect(ebpf.compile(constant(10_000, 10)).facts().mapEntries).toBe(131_072);
  });

  it("refuse a cluster that a full map would refuse, naming the setting and the need", () => {
    // 10,000 services of 10 endpoints need 120,000 entries: Cilium's default does not hold them.
    expect(() => ebpf.compile(constant(10_000, 10), { ebpfMapEntries: 65_536 })).toThrow(
      /holds 65536 entries and this cluster needs 120000.*raise bpf-lb-map-max/,
    );
  });

  it("note where Cilium's 16-bit rev_nat_index runs out, and refuse Maglev there", () => {
    const cluster = constant(65_536, 0);
    expect(ebpf.compile(cluster).facts().revNat).toMatch(/65535/);
    expect(() => ebpfMaglev.compile(cluster)).toThrow(/at most 65535/);
  });
});

describe("Maglev", () => {
  const names = (count: number): string[] =>
    Array.from({ length: count }, (_, i) => backendName(constant(1, count), i, TCP)).sort();

  /** A table whose ids are indices into the names. */
  const fill = (all: readonly string[], size = 16381): Int32Array => {
    const table = new Int32Array(size).fill(-1);
    fillMaglevTable(
      all,
      all.map((_, i) => i),
      table,
      new Uint8Array(size),
    );
    return table;
  };

  it("gives each of 100 backends its share within 1 % of a table of 16381", () => {
    const table = fill(names(100));
    const counts = new Array<number>(100).fill(0);
    for (const backend of table) counts[backend]!++;
    for (const count of counts) expect(Math.abs(count / 163.81 - 1)).toBeLessThanOrEqual(0.01);
  });

  it("moves at most 2 % of the flows of 99 backends when the hundredth leaves", () => {
    const all = names(100);
    const before = fill(all);
    const gone = 42;
    const left = all.filter((_, i) => i !== gone);
    const after = fill(left);
    let unrelated = 0;
    let moved = 0;
    for (let i = 0; i < before.length; i++) {
      if (before[i] === gone) continue;
      unrelated++;
      if (all[before[i]!] !== left[after[i]!]) moved++;
    }
    expect(moved / unrelated).toBeLessThanOrEqual(0.02);
  });

  it.each(MAGLEV_SIZES)("fills every place of a table of %i", (size) => {
    const table = fill(["a", "b", "c"], size);
    expect(table.every((backend) => backend >= 0 && backend < 3)).toBe(true);
  });

  it("looks up service, outer map, table and backend: four maps at every size", () => {
    for (const [services, endpoints] of [
      [1, 1],
      [20, 7],
    ] as const) {
      const cluster = constant(services, endpoints);
      expect(
        meanWork(ebpfMaglev.compile(cluster, { maglevTableSize: 251 }).model(1), cluster, 30).mapLookups,
      ).toBe(4);
    }
  });

  it("sends a flow to the same backend every time, whatever the seed of the maps", () => {
    const cluster = constant(3, 9);
    const program = ebpfMaglev.compile(cluster, { maglevTableSize: 251 });
    for (const flow of flows(cluster, 50)) {
      expect(program.model(1).explain(flow, 0).decision).toBe(program.model(2).explain(flow, 0).decision);
    }
  });

  it("refuses a table size that Cilium does not know", () => {
    expect(() => ebpfMaglev.compile(constant(1, 1), { maglevTableSize: 1000 })).toThrow(
      /Cilium knows 251, 509/,
    );
  });
});
