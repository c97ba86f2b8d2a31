import { describe, expect, it } from "vitest";
import type { Cluster } from "../../cluster/cluster.js";
import { flowAt, generateTrace } from "../../cluster/flows.js";
import { generateCluster } from "../../cluster/generate.js";
import { DualProgram } from "../families/dual.js";
import { familyFlag } from "../families/packet.js";
import type { Flow, PlaneOptions } from "../plane.js";
import { planeById } from "../registry.js";
import { IpvsProgram } from "./program.js";

const clusterOf = (services: number, family: 4 | 6) =>
  generateCluster({ services, seed: 1, endpoints: { kind: "constant", count: 2 }, family });
const nodeOf = (ipv4: number, ipv6: number, options: PlaneOptions = {}, id = "ipvs") =>
  new DualProgram(planeById(id), [clusterOf(ipv4, 4), clusterOf(ipv6, 6)], { seed: 1, ...options });

/** A flow to each Service of a part, in its family. */
const flowsOf = (cluster: Cluster): Flow[] =>
  Array.from(cluster.clusterIp, (address, s) => ({
    src: 0x0aff0001,
    sport: 40_000,
    dport: cluster.port[cluster.portStart[s]!]!,
    dst: address | 0,
    protocol: 6 | familyFlag(cluster.network),
  }));

/** How many Services of both families lie in each of the 256 buckets, whichever the network namespace moves them to. */
function bucketSizes(parts: readonly Cluster[]): number[] {
  const sizes = new Array<number>(256).fill(0);
  for (const { clusterIp, port, portStart, network } of parts) {
    for (const [s, number] of clusterIp.entries()) {
      let address = network.ipv6?.address(number) ?? BigInt(number);
      let folded = 0n;
      for (; address > 0n; address >>= 32n) folded ^= address & 0xffff_ffffn;
      const own = port[portStart[s]!]!;
      sizes[Number((6n ^ folded ^ BigInt(own >>> 8) ^ BigInt(own)) & 255n)]!++;
    }
  }
  return sizes;
}

describe("IPVS on a dual-stack node", () => {
  it("compares services of both families in one table of 256 buckets", () => {
    const node = nodeOf(300, 200);
    const model = node.model(1);
    const parts = node.parts.map(({ cluster }) => cluster);
    const probes = parts
      .flatMap(flowsOf)
      .reduce((sum, flow) => sum + model.explain(flow, 0).work.hashProbes, 0);
    // A bucket of n services: its first is found after one comparison, its last after n.
    expect(probes).toBe(bucketSizes(parts).reduce((sum, n) => sum + (n * (n + 1)) / 2, 0));
    const apart = parts.map((part) => bucketSizes([part]).reduce((sum, n) => sum + (n * (n + 1)) / 2, 0));
    expect(probes).toBeGreaterThan(apart[0]! + apart[1]!);
  });

  it("tells services of the same number apart by their family", () => {
    const node = nodeOf(20, 20);
    const model = node.model(1);
    const [ipv4, ipv6] = node.parts.map(({ cluster }) => flowsOf(cluster)) as [Flow[], Flow[]];
    expect(ipv4.map(({ dst }) => dst)).toEqual(ipv6.map(({ dst }) => dst));
    for (const [i, flows] of [ipv4, ipv6].entries()) {
      const { endpointStart } = node.parts[i]!.cluster;
      for (const [s, { src, sport, dst, dport, protocol }] of flows.entries()) {
        const endpoint = model.lookup(src, sport, dst, dport, protocol, 0) >> 1;
        expect(endpoint >= endpointStart[s]! && endpoint < endpointStart[s + 1]!).toBe(true);
      }
    }
  });

  it("has as many buckets in the resizable table as the services of both ask for", () => {
    const one = new IpvsProgram(clusterOf(300, 4), { ipvsServiceTable: "resizable" });
    const node = nodeOf(300, 300, { ipvsServiceTable: "resizable" });
    expect([one.facts().buckets, node.facts().buckets]).toEqual([4096, 8192]);
    const model = node.model(1);
    for (const { cluster } of node.parts)
      for (const flow of flowsOf(cluster)) expect(model.explain(flow, 0).work.hashProbes).toBeLessThan(4);
  });

  it("counts the memory of the table once", () => {
    const node = nodeOf(30, 20);
    const alone = [clusterOf(30, 4), clusterOf(20, 6)].map((cluster) => new IpvsProgram(cluster).bytes());
    expect(node.bytes()).toBe(alone[0]! + alone[1]! - 256 * 8);
    expect(node.memory().filter(({ what }) => what.includes("service table"))).toEqual([
      { what: "both families: service table: 8 bytes a bucket", bytes: 2048, known: "derived" },
    ]);
  });

  it("is of a version of kube-proxy like any other program", () => {
    const node = nodeOf(3, 3, {}, "ipvs@1.35");
    expect(node.parts.map((part) => part.facts().kubeProxy)).toEqual(["1.35.4", "1.35.4"]);
  });
});

describe.each(["iptables", "nftables", "ipvs"])("connections of %s on a dual-stack node", (id) => {
  it("are in one table, where the same numbers of both families are two connections", () => {
    const node = nodeOf(20, 20, {}, id);
    const options = { fill: 100, conntrackBuckets: 256, conntrackMax: 200, ipvsTableBits: 8 };
    const connections = node.connections(1, options);
    const before = connections.bytes();
    const { words } = generateTrace(node.parts[0].cluster, { flows: 1, seed: 1 });
    const ipv4 = flowAt(words, 0);
    const ipv6 = { ...ipv4, protocol: ipv4.protocol | familyFlag(node.parts[1].cluster.network) };
    const first = connections.explainConnect(ipv4, 0);
    const second = connections.explainConnect(ipv6, 0);
    expect(second.work.entriesWritten).toBe(first.work.entriesWritten);
    expect(connections.explainConnect(ipv4, 1)).toMatchObject({
      decision: first.decision,
      work: { entriesWritten: 0 },
    });
    expect(connections.explainConnect(ipv6, 1)).toMatchObject({
      decision: second.decision,
      work: { entriesWritten: 0 },
    });
    // nf_conn, and with IPVS ip_vs_conn.
    expect(connections.bytes() - before).toBe(2 * (id === "ipvs" ? 256 + 320 : 256));
    expect(before).toBe(256 * 8 + 100 * 256 + (id === "ipvs" ? 256 * 8 + 100 * 320 : 0));
  });

  it("share nf_conntrack_max: those of one family take room of the other's", () => {
    const node = nodeOf(20, 20, {}, id);
    const connections = node.connections(1, {
      fill: 0,
      conntrackBuckets: 256,
      conntrackMax: 3,
      ipvsTableBits: 8,
    });
    const [ipv4, ipv6] = node.parts.map(({ cluster }) => flowsOf(cluster)) as [Flow[], Flow[]];
    const decided = [ipv4[0]!, ipv6[0]!, ipv4[1]!, ipv6[1]!].map(({ src, sport, dst, dport, protocol }) =>
      connections.connect(src, sport, dst, dport, protocol, 0),
    );
    expect(decided.map((decision) => decision >= 0)).toEqual([true, true, true, false]);
  });
});
