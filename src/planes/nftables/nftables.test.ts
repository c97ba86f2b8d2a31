import { describe, expect, it } from "vitest";
import { type Cluster, parseAddress, TCP } from "../../cluster/cluster.js";
import { generateCluster } from "../../cluster/generate.js";
import { DROP, REJECT } from "../plane.js";
import { nftables } from "./index.js";
import { mapBucketBits } from "./layout.js";
import { chainBytes } from "./memory.js";
import { rhashBuckets } from "./rhashtable.js";

const constant = (services: number, count: number, extra = {}) =>
  generateCluster({ services, seed: 3, endpoints: { kind: "constant", count }, ...extra });

function firstPacket(cluster: Cluster, servicePort: number) {
  return {
    src: cluster.network.clientCidr.base + 7,
    sport: 40000,
    dst: cluster.clusterIp[cluster.service[servicePort]!]!,
    dport: cluster.port[servicePort]!,
    protocol: cluster.protocol[servicePort]!,
  };
}

describe("the nftables plane", () => {
  it.each([
    [1, 1],
    [1, 250],
    [100, 4],
    [5000, 10],
  ])("evaluates 6 rules and 2 map lookups with %i services of %i endpoints", (services, endpoints) => {
    const cluster = constant(services, endpoints);
    const model = nftables.compile(cluster).model(1);
    for (let p = 0; p < Math.min(20, services); p++) {
      const { work } = model.explain(firstPacket(cluster, p), 0);
      expect([work.rulesVisited, work.mapLookups]).toEqual([6, 2]);
    }
  });

  it("asks one affinity set an endpoint for a new client, and stops at the hit for a known one", () => {
    const cluster = constant(1, 20, { affinityShare: 1 });
    const model = nftables.compile(cluster).model(1);
    const first = model.explain(firstPacket(cluster, 0), 0);
    // 20 sets, then the map of services, numgen's map, and the update of the set.
    expect(first.work.mapLookups).toBe(20 + 2 + 1);
    const again = model.explain(firstPacket(cluster, 0), 1);
    expect(again.decision).toBe(first.decision);
    const position = (first.decision >> 1) + 1;
    expect(again.work.mapLookups).toBe(position + 1 + 1);
  });

  it.each([
    // Two rules up to service-nodeports and one more, four of the external chain, then numgen, hairpin and dnat.
    { internal: 0, nodePort: 3 + 4 + 3, clusterIp: 6 },
    // With both policies Local the cluster IP leads to the local chain too, and the masquerade test stands there.
    { internal: 1, nodePort: 3 + 4 + 1 + 3, clusterIp: 6 },
  ])(
    "tests whether to masquerade only where the cluster IP leads to: %j",
    ({ internal, nodePort, clusterIp }) => {
      const exposed = constant(1, 2, { types: "nodePort", externalLocalShare: 1 });
      const cluster = {
        ...exposed,
        endpointLocal: Uint8Array.of(1, 0),
        internalLocal: Uint8Array.of(internal),
      };
      const model = nftables.compile(cluster).model(1);
      const flow = firstPacket(cluster, 0);
      const rules = (some: object) => model.explain({ ...flow, ...some }, 0).work.rulesVisited;
      const toNode = { dst: cluster.network.nodeAddresses[0]!, dport: cluster.nodePort[0]! };
      expect(rules({ ...toNode, src: parseAddress("203.0.113.9")! })).toBe(nodePort);
      expect(rules({})).toBe(clusterIp);
      // A pod goes from the external chain to the service's, which holds the test only where the cluster IP leads to it.
      expect(rules(toNode)).toBe(3 + 1 + (internal === 1 ? 0 : 1) + 3);
    },
  );

  it("holds a chain without the masquerade test in fewer bytes", () => {
    const exposed = constant(1, 2, { types: "nodePort", externalLocalShare: 1, localShare: 0 });
    const local = { ...exposed, endpointLocal: Uint8Array.of(1, 0) };
    // The local chain: 128 bytes, its blob of 26 words in 128, its map of one in 512, an element of 64.
    expect(chainBytes(local) - chainBytes(exposed)).toBe(128 + 128 + 512 + 64);
  });

  it("rejects a wrong port of a cluster IP and drops an address of the service range that no service has", () => {
    const cluster = constant(1, 1, { vips: "sequential" });
    const model = nftables.compile(cluster).model(1);
    const flow = firstPacket(cluster, 0);
    expect(model.explain({ ...flow, dport: 9 }, 0).decision).toBe(REJECT);
    expect(model.explain({ ...flow, dst: parseAddress("10.96.0.9")! }, 0).decision).toBe(DROP);
  });

  it("sizes its tables as the kernel does: 75 % load, and 4/3 for constant maps", () => {
    expect([0, 3, 4, 12, 13, 10_000].map(rhashBuckets)).toEqual([4, 4, 8, 16, 32, 16_384]);
    expect([1, 2, 3, 4, 100].map((size) => 2 ** mapBucketBits(size))).toEqual([1, 2, 4, 8, 256]);
  });

  it("compares as many elements as the load explains, at most 1 + 3/8 a service lookup", () => {
    const cluster = constant(12_000, 1);
    const model = nftables.compile(cluster).model(4);
    let probes = 0;
    for (let p = 0; p < 12_000; p++) probes += model.explain(firstPacket(cluster, p), 0).work.hashProbes - 1;
    const load = 12_000 / 16_384;
    expect(probes / 12_000).toBeGreaterThan((1 + load / 2) * 0.98);
    expect(probes / 12_000).toBeLessThan((1 + load / 2) * 1.02);
  });

  it("tells its path in words", () => {
    const cluster = constant(2, 1);
    const path: string[] = [];
    nftables
      .compile(cluster)
      .model(1)
      .explain({ ...firstPacket(cluster, 1), protocol: TCP }, 0, path);
    expect(path).toEqual(["@service-ips: hit", "numgen random mod 1: 0", "dnat to 10.128.0.2:8080"]);
  });
});
