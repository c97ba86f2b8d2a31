import { describe, expect, it } from "vitest";
import { type Cluster, parseAddress, TCP } from "../../cluster/cluster.js";
import { generateCluster } from "../../cluster/generate.js";
import { DEFAULT_NETWORK } from "../../cluster/network.js";
import { PASS } from "../plane.js";
import { endpointRows } from "../shared/kube-proxy.js";
import { IptablesProgram } from "./program.js";

const CLIENT = DEFAULT_NETWORK.clientCidr.base + 7;
const constant = (services: number, count: number, extra = {}) =>
  generateCluster({ services, seed: 3, endpoints: { kind: "constant", count }, ...extra });

function firstPacket(cluster: Cluster, servicePort: number, src = CLIENT) {
  const dst = cluster.clusterIp[cluster.service[servicePort]!]!;
  return {
    src,
    sport: 40000,
    dst,
    dport: cluster.port[servicePort]!,
    protocol: cluster.protocol[servicePort]!,
  };
}

describe("the iptables walk", () => {
  it("visits i + k + 4 entries for the service at position i and its k-th endpoint", () => {
    const cluster = constant(40, 4);
    const program = new IptablesProgram(cluster, { seed: 5 });
    const model = program.model(1);
    program.order.forEach((servicePort, position) => {
      const { decision, work } = model.explain(firstPacket(cluster, servicePort), 0);
      const k = endpointRows(cluster, servicePort).indexOf(decision >>> 1) + 1;
      expect(work.rulesVisited).toBe(position + 1 + k + 4);
    });
  });

  it("visits two entries more for a source that is masqueraded", () => {
    const cluster = constant(10, 1);
    const program = new IptablesProgram(cluster);
    const outside = firstPacket(cluster, program.order[0]!, parseAddress("198.51.100.7")!);
    const { decision, work } = program.model(1).explain(outside, 0);
    expect(decision & 1).toBe(1);
    expect(work.rulesVisited).toBe(1 + 1 + 4 + 2);
  });

  it("tests whether to masquerade only in the chain that the cluster IP leads to", () => {
    const exposed = { types: "nodePort", externalLocalShare: 1, localShare: 1 } as const;
    const rulesOf = (internalLocalShare: number) => {
      const counts: Record<string, number> = {};
      let chain = "";
      new IptablesProgram(constant(1, 3, { ...exposed, internalLocalShare })).natRules({
        chain: (kind) => {
          chain = kind;
        },
        rule: () => {
          counts[chain] = (counts[chain] ?? 0) + 1;
        },
      });
      return { svc: counts["KUBE-SVC"], svl: counts["KUBE-SVL"] };
    };
    expect(rulesOf(0)).toEqual({ svc: 4, svl: 3 });
    expect(rulesOf(1)).toEqual({ svc: 3, svl: 4 });
  });

  it("visits N + 4 entries for a destination that is no service", () => {
    const { decision, work } = new IptablesProgram(constant(25, 2))
      .model(1)
      .explain({ src: CLIENT, sport: 1, dst: parseAddress("203.0.113.1")!, dport: 80, protocol: TCP }, 0);
    expect(decision).toBe(PASS);
    expect(work.rulesVisited).toBe(25 + 4);
  });

  it.each([
    { nfacct: true, entriesOfEach: 2 },
    { nfacct: false, entriesOfEach: 1 },
  ])("visits N + q + k + 9 entries for the q-th entry of KUBE-NODEPORTS: %j", ({ nfacct, entriesOfEach }) => {
    const cluster = constant(30, 4, { types: "nodePort" });
    const program = new IptablesProgram(cluster, { seed: 9, nfacct });
    const model = program.model(2);
    program.order.forEach((servicePort, position) => {
      const flow = {
        src: CLIENT,
        sport: 1,
        dst: cluster.network.nodeAddresses[0]!,
        dport: cluster.nodePort[servicePort]!,
        protocol: TCP,
      };
      const { decision, work } = model.explain(flow, 0);
      const k = endpointRows(cluster, servicePort).indexOf(decision >>> 1) + 1;
      expect(work.rulesVisited).toBe(30 + entriesOfEach * (position + 1) + k + 9);
    });
  });

  it("visits E entries more for a new client of a service with affinity, and finds it again at its slot", () => {
    const cluster = constant(1, 8, { affinityShare: 1 });
    const model = new IptablesProgram(cluster).model(1);
    const first = model.explain(firstPacket(cluster, 0), 0);
    const k = (first.decision >>> 1) + 1;
    expect(first.work.rulesVisited).toBe(1 + 8 + k + 4);
    const again = model.explain(firstPacket(cluster, 0), 10);
    expect(again.decision).toBe(first.decision);
    expect(again.work.rulesVisited).toBe(1 + k + 4);
  });

  it("forgets a client beyond the 100 that a recent list holds", () => {
    const cluster = constant(1, 1, { affinityShare: 1 });
    const model = new IptablesProgram(cluster).model(1);
    for (let client = 0; client < 101; client++) model.explain(firstPacket(cluster, 0, CLIENT + client), 0);
    const visited = (client: number) =>
      model.explain(firstPacket(cluster, 0, CLIENT + client), 0).work.rulesVisited;
    expect(visited(1)).toBe(visited(100));
    expect(visited(0)).toBe(visited(100) + 1);
  });

  it("puts services at random positions that the seed decides", () => {
    const cluster = constant(100, 1);
    const order = (seed: number) => [...new IptablesProgram(cluster, { seed }).order];
    expect(order(1)).toEqual(order(1));
    expect(order(1)).not.toEqual(order(2));
    expect(order(1)).not.toEqual([...order(1)].sort((a, b) => a - b));
  });

  it("describes its path in words", () => {
    const cluster = constant(3, 2);
    const program = new IptablesProgram(cluster, { ruleOrder: "listed" });
    const path: string[] = [];
    program.model(1).explain(firstPacket(cluster, 2), 0, path);
    expect(path).toEqual([
      "jump to KUBE-SERVICES",
      "2 entries do not match",
      "jump to KUBE-SVC of bench-0/svc-2",
      "2 entries do not match",
      "jump to KUBE-SEP of 10.128.0.6:8080",
      "1 entry does not match",
      "DNAT to 10.128.0.6:8080",
    ]);
  });
});
