import { describe, expect, it } from "vitest";
import { type Cluster, parseAddress, parseCidr, TCP } from "../../cluster/cluster.js";
import { generateCluster } from "../../cluster/generate.js";
import { DROP, type Flow, type Model, PASS, REJECT } from "../plane.js";
import { endpointRows } from "../shared/kube-proxy.js";
import { nftables } from "./index.js";

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

/** Rules and lookups of a flow in each hook. */
function hooksOf(model: Model, flow: Flow) {
  return Object.fromEntries(
    model.explain(flow, 0).hooks!.map(({ hook, rules, lookups }) => [hook, `${rules} / ${lookups}`]),
  );
}

const OUTSIDE = parseAddress("203.0.113.9")!;

describe("the nftables walk", () => {
  it.each([
    ["1.34", 2, { nat: "6 / 2", postrouting: "2 / 0", whole: [15, 5] }],
    ["1.35", 1, { nat: "6 / 2", postrouting: "2 / 0", whole: [15, 5] }],
    ["1.36", 1, { nat: "4 / 3", postrouting: "3 / 1", whole: [14, 7] }],
    ["1.37", 1, { nat: "4 / 2", postrouting: "3 / 1", whole: [14, 6] }],
    ["1.37", 250, { nat: "4 / 3", postrouting: "3 / 1", whole: [14, 7] }],
  ] as const)(
    "of kube-proxy %s with %i endpoints visits, for a pod's first packet, at any N: %j",
    (kubeProxy, endpoints, { nat, postrouting, whole }) => {
      for (const services of [1, 500]) {
        const cluster = constant(services, endpoints);
        const model = nftables.compile(cluster, { kubeProxy }).model(1);
        for (let p = 0; p < Math.min(20, services); p++) {
          const flow = firstPacket(cluster, p);
          expect(hooksOf(model, flow)).toEqual({
            "filter prerouting (-110)": "2 / 1",
            "nat prerouting (-100)": nat,
            "filter forward (0)": "5 / 2",
            "nat postrouting (100)": postrouting,
          });
          const { work } = model.explain(flow, 0);
          expect([work.rulesVisited + work.filterRulesVisited, work.mapLookups]).toEqual(whole);
        }
      }
    },
  );

  it.each([
    ["1.35", 1, { output: "7 / 2", postrouting: "4 / 0" }],
    ["1.36", 1, { output: "4 / 3", postrouting: "2 / 0" }],
    ["1.37", 1, { output: "4 / 2", postrouting: "2 / 0" }],
  ] as const)(
    "of kube-proxy %s with %i endpoint visits, for a process of the node: %j",
    (kubeProxy, endpoints, { output, postrouting }) => {
      const cluster = constant(3, endpoints);
      const model = nftables.compile(cluster, { kubeProxy }).model(1);
      const flow = { ...firstPacket(cluster, 1), src: cluster.network.nodeAddresses[0]! };
      const hooks = hooksOf(model, flow);
      expect(hooks["nat output (-100)"]).toBe(output);
      expect(hooks["nat postrouting (100)"]).toBe(postrouting);
    },
  );

  it.each([
    ["1.35", 1, "10 / 4"],
    ["1.36", 1, "7 / 5"],
    ["1.37", 1, "7 / 4"],
  ] as const)(
    "of kube-proxy %s with %i endpoint visits, from outside to a NodePort: %s",
    (kubeProxy, endpoints, nat) => {
      const cluster = constant(3, endpoints, { types: "nodePort" });
      const model = nftables.compile(cluster, { kubeProxy }).model(1);
      const toNode = { dst: cluster.network.nodeAddresses[0]!, dport: cluster.nodePort[1]! };
      const flow = { ...firstPacket(cluster, 1), ...toNode, src: OUTSIDE };
      expect(hooksOf(model, flow)["nat prerouting (-100)"]).toBe(nat);
    },
  );

  it.each([
    // The update of the affinity set is a lookup too.
    ["1.35", { rules: 20 + 7, lookups: 20 + 2 + 1 }],
    ["1.37", { rules: 20 + 6, lookups: 20 + 3 + 1 }],
  ] as const)(
    "of kube-proxy %s asks one affinity set an endpoint for a new client, and stops at the hit for a known one",
    (kubeProxy, { rules, lookups }) => {
      const cluster = constant(1, 20, { affinityShare: 1 });
      const model = nftables.compile(cluster, { kubeProxy }).model(1);
      const flow = firstPacket(cluster, 0);
      const nat = (nowSec: number) => {
        const { decision, hooks } = model.explain(flow, nowSec);
        return { decision, ...hooks!.find(({ hook }) => hook === "nat prerouting (-100)")! };
      };
      const first = nat(0);
      expect(first).toMatchObject({ rules, lookups });
      const again = nat(1);
      expect(again.decision).toBe(first.decision);
      const position = endpointRows(cluster, 0).indexOf(first.decision >> 1) + 1;
      // Neither the sets behind the hit nor numgen's rule and map.
      expect(again).toMatchObject({ rules: rules - 20 + position - 1, lookups: lookups - 20 + position - 1 });
    },
  );

  it.each([
    // Two rules up to service-nodeports and one more, four of the external chain, then numgen, hairpin and dnat.
    { internal: 0, nodePort: 3 + 4 + 3, clusterIp: 6 },
    // With both policies Local the cluster IP leads to the local chain too, and the masquerade test is there.
    { internal: 1, nodePort: 3 + 4 + 1 + 3, clusterIp: 6 },
  ])(
    "of kube-proxy 1.35 tests whether to masquerade only where the cluster IP leads to: %j",
    ({ internal, nodePort, clusterIp }) => {
      const exposed = constant(1, 2, { types: "nodePort", externalLocalShare: 1 });
      const cluster = {
        ...exposed,
        endpointLocal: Uint8Array.of(1, 0),
        internalLocal: Uint8Array.of(internal),
      };
      const model = nftables.compile(cluster, { kubeProxy: "1.35" }).model(1);
      const flow = firstPacket(cluster, 0);
      const rules = (some: object) =>
        model.explain({ ...flow, ...some }, 0).hooks!.find(({ hook }) => hook.startsWith("nat pre"))!.rules;
      const toNode = { dst: cluster.network.nodeAddresses[0]!, dport: cluster.nodePort[0]! };
      expect(rules({ ...toNode, src: OUTSIDE })).toBe(nodePort);
      expect(rules({})).toBe(clusterIp);
      // A pod goes from the external chain to the service's, which holds the test only where the cluster IP leads to it.
      expect(rules(toNode)).toBe(3 + 1 + (internal === 1 ? 0 : 1) + 3);
    },
  );

  it.each(["1.35", "1.36"] as const)(
    "of kube-proxy %s masquerades a pod that reaches itself, since 1.36 only on this node",
    (kubeProxy) => {
      const cluster = { ...constant(1, 2), endpointLocal: Uint8Array.of(1, 0) };
      const model = nftables.compile(cluster, { kubeProxy }).model(1);
      const masquerades = (e: number) => {
        const flow = { ...firstPacket(cluster, 0), src: cluster.endpointAddress[e]! };
        for (;;) {
          const { decision } = model.explain(flow, 0);
          if (decision >> 1 === e) return (decision & 1) === 1;
        }
      };
      expect([masquerades(0), masquerades(1)]).toEqual([true, kubeProxy === "1.35"]);
    },
  );

  it.each([
    [undefined, [true, false]],
    [[parseCidr("0.0.0.0/0")!], [true, true]],
    [[parseCidr("192.0.2.0/24")!], [false, true]],
  ] as const)(
    "serves NodePorts with --nodeport-addresses %j at the node's addresses: %j",
    (chosen, served) => {
      const exposed = constant(1, 1, { types: "nodePort" });
      const nodeAddresses = [exposed.network.nodeAddresses[0]!, parseAddress("192.0.2.7")!];
      const cluster = { ...exposed, network: { ...exposed.network, nodeAddresses } };
      const model = nftables.compile(cluster, chosen && { nodePortAddresses: chosen }).model(1);
      const answers = nodeAddresses.map((dst) => {
        const flow = { ...firstPacket(cluster, 0), src: OUTSIDE, dst, dport: cluster.nodePort[0]! };
        return model.explain(flow, 0).decision >= 0;
      });
      expect(answers).toEqual(served);
    },
  );

  it("rejects a wrong port of a cluster IP and drops an address of the service range that no service has", () => {
    const cluster = constant(1, 1, { vips: "sequential" });
    const model = nftables.compile(cluster).model(1);
    const flow = firstPacket(cluster, 0);
    expect(model.explain({ ...flow, dport: 9 }, 0).decision).toBe(REJECT);
    expect(model.explain({ ...flow, dst: parseAddress("10.96.0.9")! }, 0).decision).toBe(DROP);
  });

  it("drops an address of each service range that no service has, and looks several up in a set", () => {
    const one = constant(1, 1, { vips: "sequential" });
    const ranges = ["10.200.0.0/24", "0.0.0.0/32"].map((text) => parseCidr(text)!);
    const two = { ...one, network: { ...one.network, moreServiceCidrs: ranges } };
    const asked = (cluster: Cluster, dst: string) =>
      nftables
        .compile(cluster)
        .model(1)
        .explain({ ...firstPacket(cluster, 0), dst: parseAddress(dst)! }, 0);
    const inEach = ["10.96.0.9", "10.200.0.9", "0.0.0.0", "10.200.1.9"];
    expect(inEach.map((dst) => asked(two, dst).decision)).toEqual([DROP, DROP, DROP, PASS]);
    expect(asked(one, "10.200.0.9").decision).toBe(PASS);
    const [single, several] = [one, two].map((cluster) => asked(cluster, "10.96.0.9").work);
    expect(several!.filterRulesVisited).toBe(single!.filterRulesVisited);
    expect(several!.mapLookups).toBe(single!.mapLookups + 1);
    const model = nftables.compile(two).model(1);
    const { src, sport, dport, protocol } = firstPacket(two, 0);
    const decided = inEach.map((dst) => model.lookup(src, sport, parseAddress(dst)! | 0, dport, protocol, 0));
    expect(decided).toEqual([DROP, DROP, DROP, PASS]);
  });

  it("compares as many elements as the load explains, at most 1 + 3/8 per service lookup", () => {
    const cluster = constant(12_000, 1);
    // Up to 1.35 a first packet asks service-ips, numgen's map of one, and cluster-ips for the endpoint, which misses.
    const model = nftables.compile(cluster, { kubeProxy: "1.35" }).model(4);
    let probes = 0;
    for (let p = 0; p < 12_000; p++) probes += model.explain(firstPacket(cluster, p), 0).work.hashProbes - 1;
    probes -= 12_000 * (12_000 / 16_384);
    const load = 12_000 / 16_384;
    expect(probes / 12_000).toBeGreaterThan((1 + load / 2) * 0.98);
    expect(probes / 12_000).toBeLessThan((1 + load / 2) * 1.02);
  });

  it("describes its path in words", () => {
    const cluster = constant(2, 1);
    const path: string[] = [];
    nftables
      .compile(cluster)
      .model(1)
      .explain({ ...firstPacket(cluster, 1), protocol: TCP }, 0, path);
    expect(path).toEqual([
      "filter prerouting (-110):",
      "@firewall-ips: miss",
      "nat prerouting (-100):",
      "@cluster-ips: hit",
      "@service-ips: hit",
      "dnat to 10.128.0.2:8080",
      "filter forward (0):",
      "@no-endpoint-services: miss",
      "@cluster-ips: miss",
      "nat postrouting (100):",
      "@hairpin-connections: miss",
    ]);
  });
});
