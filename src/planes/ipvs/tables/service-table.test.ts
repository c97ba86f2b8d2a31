import { describe, expect, it } from "vitest";
import { type Cluster, parseAddress, TCP, UDP } from "../../../cluster/cluster.js";
import { generateCluster } from "../../../cluster/generate.js";
import { Random } from "../../../random.js";
import { loadMemory } from "../memory.js";
import {
  FixedServiceTable,
  fixedBucket,
  ResizableServiceTable,
  resizableBuckets,
  type ServiceTable,
} from "./service-table.js";
import { listVirtualServices } from "./virtual-services.js";

type Make = (words: Int32Array, services: number) => ServiceTable;
const fixed =
  (netns = 0): Make =>
  (words) =>
    new FixedServiceTable(words, netns);
const resizable: Make = (words, services) => new ResizableServiceTable(words, services, 12345);

function load(cluster: Cluster, make: Make): { table: ServiceTable; services: Int32Array } {
  const order = Uint32Array.from({ length: cluster.servicePorts }, (_, p) => p);
  const virtual = listVirtualServices(cluster, order);
  const [memory] = loadMemory([{ cluster, virtualServices: virtual, weights: undefined }], 0);
  const { words, services } = memory!;
  const table = make(words, services.length);
  for (const service of services) table.insert(service);
  return { table, services };
}

/** Mean number of services compared over a lookup of each service. */
function meanProbes(cluster: Cluster, table: ServiceTable): number {
  let sum = 0;
  for (let p = 0; p < cluster.servicePorts; p++) {
    sum += table.probes(cluster.clusterIp[cluster.service[p]!]! | 0, cluster.port[p]!, cluster.protocol[p]!);
  }
  return sum / cluster.servicePorts;
}

const clusterOf = (services: number, seed: number, vips: "random" | "sequential" = "random") =>
  generateCluster({ services, seed, vips, endpoints: { kind: "constant", count: 0 } });

describe.each([
  ["fixed", fixed(0x5a5a)],
  ["resizable", resizable],
])("the %s service table", (_, make) => {
  it("finds every service it holds, and none of another port, protocol or address", () => {
    const cluster = clusterOf(2000, 1);
    const { table, services } = load(cluster, make);
    for (let s = 0; s < 2000; s++) {
      const address = cluster.clusterIp[s]! | 0;
      expect(table.find(address, 80, TCP)).toBe(services[s]);
      expect(table.find(address, 81, TCP)).toBe(0);
      expect(table.find(address, 80, UDP)).toBe(0);
    }
    expect(table.find(parseAddress("192.0.2.1")! | 0, 80, TCP)).toBe(0);
  });

  it("finds addresses above 127.255.255.255, whose int32 is negative", () => {
    const cluster = clusterOf(1, 1);
    cluster.clusterIp[0] = parseAddress("203.0.113.7")!;
    const { table, services } = load(cluster, make);
    expect(table.find(parseAddress("203.0.113.7")! | 0, 80, TCP)).toBe(services[0]);
  });
});

describe("the fixed service table", () => {
  it("hashes like ip_vs_svc_hashkey", () => {
    // 6 ^ 0x0a600001 ^ 0 ^ (0x1f90 >> 8 = 0x1f) ^ 0x1f90, low byte: 0x06 ^ 0x01 ^ 0x1f ^ 0x90.
    expect(fixedBucket(0, parseAddress("10.96.0.1")!, 8080, TCP)).toBe(0x06 ^ 0x01 ^ 0x1f ^ 0x90);
    expect(fixedBucket(0xff, parseAddress("10.96.0.1")!, 80, TCP)).toBe(0x06 ^ 0x01 ^ 0x50 ^ 0xff);
  });

  it("puts the newest service of a bucket first", () => {
    const cluster = clusterOf(2, 1);
    cluster.clusterIp.set([parseAddress("10.96.0.1")!, parseAddress("10.96.1.1")!]);
    const { table } = load(cluster, fixed());
    expect(table.probes(parseAddress("10.96.1.1")!, 80, TCP)).toBe(1);
    expect(table.probes(parseAddress("10.96.0.1")!, 80, TCP)).toBe(2);
    expect(table.probes(parseAddress("10.96.2.1")!, 80, TCP)).toBe(2);
  });

  // A service in a chain of length k costs (k + 1) / 2 on average: 1 + (N - 1) / 512 over random addresses.
  it.each([1000, 10000])("compares 1 + (N - 1) / 512 services for a hit among %i random addresses", (n) => {
    let sum = 0;
    const seeds = 5;
    for (let seed = 0; seed < seeds; seed++) {
      const cluster = clusterOf(n, seed);
      sum += meanProbes(cluster, load(cluster, fixed(Random.fromSeed(seed).nextInt32())).table);
    }
    const expected = 1 + (n - 1) / 512;
    expect(sum / seeds / expected).toBeGreaterThan(0.97);
    expect(sum / seeds / expected).toBeLessThan(1.03);
  });

  it("spreads consecutive addresses perfectly evenly", () => {
    const cluster = clusterOf(2560, 1, "sequential");
    // Ten services in each of 256 buckets: 1, 2 .. 10 compared, 5.5 on average.
    expect(meanProbes(cluster, load(cluster, fixed(77)).table)).toBe(5.5);
  });
});

describe("the resizable service table", () => {
  it("has 2^4 to 2^20 buckets and stays at or below a load of 12.5 %", () => {
    expect(resizableBuckets(1)).toBe(16);
    expect(resizableBuckets(2)).toBe(16);
    expect(resizableBuckets(3)).toBe(32);
    expect(resizableBuckets(1000)).toBe(8192);
    expect(resizableBuckets(1024)).toBe(8192);
    expect(resizableBuckets(1025)).toBe(16384);
    for (let n = 1; n <= 131072; n = Math.ceil(n * 1.3))
      expect(n / resizableBuckets(n)).toBeLessThanOrEqual(0.125);
    expect(resizableBuckets(1_000_000)).toBe(2 ** 20);
  });

  it("compares about one service however many there are", () => {
    for (const n of [100, 1000, 10000]) {
      const cluster = clusterOf(n, 3);
      const mean = meanProbes(cluster, load(cluster, resizable).table);
      // 1 + load / 2, with a load between 6.25 and 12.5 %.
      expect(mean).toBeGreaterThanOrEqual(1);
      expect(mean).toBeLessThan(1.1);
    }
  });
});
