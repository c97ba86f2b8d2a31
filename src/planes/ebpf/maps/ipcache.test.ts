import { describe, expect, it } from "vitest";
import { type Cluster, EXTERNAL_IP, INGRESS_IP, parseAddress, TCP } from "../../../cluster/cluster.js";
import { generateCluster } from "../../../cluster/generate.js";
import { MapFullError } from "../../../errors.js";
import { type Connections, type Flow, PASS, type Work } from "../../plane.js";
import { ebpf } from "../index.js";
import { EbpfModel } from "../model.js";
import type { EbpfProgram } from "../program.js";
import { HOST, Ipcache, ipcacheEntries } from "./ipcache.js";

const OTHER_ADDRESS = parseAddress("192.0.2.77")!;
const ELSEWHERE = parseAddress("203.0.113.9")!;

const cluster = generateCluster({
  services: 40,
  seed: 2,
  types: "nodePort",
  endpoints: { kind: "constant", count: 3 },
});
const NODE = cluster.network.nodeAddresses[0]!;
const POD = cluster.network.clientCidr.base + 5;

const flow = (src: number, dst: number, dport: number): Flow => ({
  src: src | 0,
  sport: 4000,
  dst: dst | 0,
  dport,
  protocol: cluster.protocol[0]!,
});
const programOf = (of: Cluster) => ebpf.compile(of) as EbpfProgram;
const lookups = ({ mapLookups }: Work) => mapLookups;

/** The lines of a walk: what was looked up, without the nodes of tries. */
const asked = (path: readonly string[]) =>
  path.filter((line) => line.includes("[")).map((line) => line.slice(0, line.indexOf("[")));

describe("Cilium's ipcache", () => {
  it("holds the world, the node's addresses and each pod once", () => {
    const [first] = cluster.endpointAddress;
    const shared = { ...cluster, endpointAddress: cluster.endpointAddress.slice() };
    shared.endpointAddress[1] = first!;
    shared.endpointAddress[2] = NODE;
    const entries = [...ipcacheEntries(shared)];
    expect(entries[0]).toEqual({ address: 0, prefixLength: 0, identity: 2 });
    expect(entries.filter(({ identity }) => identity === HOST)).toEqual([
      { address: NODE, prefixLength: 32, identity: HOST },
    ]);
    expect(entries).toHaveLength(2 + cluster.endpoints - 2);
    const ipcache = new Ipcache(shared);
    expect(ipcache.identity(NODE | 0)).toBe(HOST);
    expect(ipcache.identity(first! | 0)).toBe(256);
    expect(ipcache.identity(ELSEWHERE | 0)).toBe(2);
    expect(ipcache.trie.entries).toBe(entries.length);
  });

  it("takes 512,000 entries, as Cilium's does, and refuses the next with what helps", () => {
    const withPods = (count: number): Cluster => ({
      ...cluster,
      endpoints: count,
      endpointAddress: Uint32Array.from({ length: count }, (_, pod) => 0x0a800000 + pod),
    });
    // Besides pods there are the world and the node.
    expect(new Ipcache(withPods(511_998)).trie.entries).toBe(512_000);
    const ask = () => new Ipcache(withPods(511_999)).identity(ELSEWHERE | 0);
    expect(ask).toThrow(MapFullError);
    expect(ask).toThrow("no setting for the size of ipcache: use fewer endpoints");
  });

  it("is asked where a pod reaches no service, and each node of the walk is counted", () => {
    const model = programOf(cluster).model(1);
    const path: string[] = [];
    const { decision, work } = model.explain(flow(POD, cluster.endpointAddress[7]!, 80), 0, path);
    expect(decision).toBe(PASS);
    expect(asked(path)).toEqual(["lb4_services_v2", "ipcache_v2"]);
    expect(lookups(work)).toBe(2);
    const visited = path.filter((line) => line.includes("├"));
    // The world is the root; below it 120 pods and a node's address branch over seven bits and more.
    expect(visited.length).toBeGreaterThan(7);
    expect(work.hashProbes).toBeGreaterThanOrEqual(visited.length);
    expect(work.hashProbes).toBeLessThan(visited.length + 3);
  });

  it("sends a pod on to address 0 where it has the address as the node's", () => {
    const model = programOf(cluster).model(1);
    const path: string[] = [];
    expect(model.explain(flow(POD, NODE, 9), 0, path).decision).toBe(PASS);
    expect(asked(path)).toEqual(["lb4_services_v2", "ipcache_v2", "lb4_services_v2"]);

    // An address of the node that has no entries of its own: the surrogate answers there.
    const { context, maps } = model;
    const network = { ...cluster.network, nodeAddresses: [NODE, OTHER_ADDRESS] };
    const knowing = () =>
      new EbpfModel(context, { ...maps, ipcache: new Ipcache({ ...cluster, network }) }, 1);
    const nodePort = flow(POD, OTHER_ADDRESS, cluster.nodePort[0]!);
    const { decision, work } = knowing().explain(nodePort, 0);
    expect(decision >> 1).toBeGreaterThanOrEqual(cluster.endpointStart[0]!);
    expect(decision >> 1).toBeLessThan(cluster.endpointStart[1]!);
    expect(lookups(work)).toBe(5);
    const { src, sport, dst, dport, protocol } = nodePort;
    expect(knowing().lookup(src, sport, dst, dport, protocol, 0)).toBe(decision);
    expect(model.lookup(src, sport, dst, dport, protocol, 0)).toBe(PASS);
  });

  it("is not asked for what comes from outside, nor where the first lookup hits", () => {
    const model = programOf(cluster).model(1);
    const outside: string[] = [];
    model.explain(flow(ELSEWHERE, NODE, 9), 0, outside);
    expect(asked(outside)).toEqual(["lb4_services_v2", "lb4_services_v2"]);
    const hit: string[] = [];
    const { work } = model.explain(flow(POD, NODE, cluster.nodePort[0]!), 0, hit);
    expect(asked(hit)).not.toContain("ipcache_v2");
    expect(lookups(work)).toBe(3);
  });

  it("is asked per packet only where the connection has no entry yet, and at the socket at once", () => {
    const connections = (path: "tc" | "socket") => programOf(cluster).connections(1, { fill: 0, path });
    const pathOf = (of: Connections) => {
      const path: string[] = [];
      of.explainConnect(flow(POD, ELSEWHERE, 80), 0, path);
      return path;
    };
    expect(pathOf(connections("tc"))).toContain("ct4_global, egress scope: a new connection");
    expect(asked(pathOf(connections("socket")))).toEqual(["lb4_services_v2", "ipcache_v2"]);
    const { work } = connections("tc").explainConnect(flow(POD, ELSEWHERE, 80), 0);
    expect(lookups(work)).toBe(3);
  });

  it("keeps a pod's socket from an external IP that is not the node's, and tc from nothing", () => {
    const of = (address: number, kind: number): Cluster => ({
      ...cluster,
      protocol: cluster.protocol.map(() => TCP),
      externalStart: cluster.externalStart.map((_, s) => Math.min(s, 1)),
      externalAddress: Uint32Array.of(address),
      externalKind: Uint8Array.of(kind),
    });
    const decide = (of: Cluster, path: "tc" | "socket") => {
      const to = { ...flow(POD, of.externalAddress[0]!, of.port[0]!), protocol: TCP };
      const explained = programOf(of).connections(1, { fill: 0, path }).explainConnect(to, 0).decision;
      const { src, sport, dst, dport, protocol } = to;
      expect(
        programOf(of).connections(1, { fill: 0, path }).connect(src, sport, dst, dport, protocol, 0),
      ).toBe(explained);
      return explained;
    };
    expect(decide(of(ELSEWHERE, EXTERNAL_IP), "socket")).toBe(PASS);
    expect(decide(of(ELSEWHERE, EXTERNAL_IP), "tc")).toBeGreaterThanOrEqual(0);
    expect(decide(of(ELSEWHERE, INGRESS_IP), "socket")).toBeGreaterThanOrEqual(0);
    expect(decide(of(NODE, EXTERNAL_IP), "socket")).toBeGreaterThanOrEqual(0);
  });
});
