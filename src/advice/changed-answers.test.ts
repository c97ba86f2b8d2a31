import { describe, expect, it } from "vitest";
import { generateCluster } from "../cluster/generate.js";
import { importCluster } from "../formats/detect.js";
import { changedAnswers } from "./changed-answers.js";

const service = (name: string, ip: string, spec: object, ...pods: [address: string, node: string][]) => [
  {
    kind: "Service",
    metadata: { name, namespace: "shop" },
    spec: { clusterIP: ip, ports: [{ port: 80 }], ...spec },
  },
  {
    kind: "EndpointSlice",
    addressType: "IPv4",
    metadata: { name: `${name}-1`, namespace: "shop", labels: { "kubernetes.io/service-name": name } },
    ports: [{ port: 8080 }],
    endpoints: pods.map(([address, nodeName]) => ({
      addresses: [address],
      nodeName,
      conditions: { ready: true },
    })),
  },
];
const NODE = { kind: "Node", metadata: { name: "here" }, spec: {}, status: {} };
const clusterOf = (...objects: object[][]) =>
  importCluster(JSON.stringify({ kind: "List", items: [NODE, ...objects.flat()] }), { node: "here" }).cluster;

const LOCAL_ONLY = clusterOf(service("web", "10.96.0.7", {}, ["10.244.0.2", "here"]));
const NODE_PORT = clusterOf(
  service("web", "10.96.0.7", { type: "NodePort", ports: [{ port: 80, nodePort: 30_080 }] }, [
    "10.244.1.2",
    "there",
  ]),
);
const because = (
  cluster: Parameters<typeof changedAnswers>[0],
  plane: string,
  version: "1.35" | "1.37" = "1.37",
) =>
  changedAnswers(cluster, plane, { kubeProxy: version })
    .changes.map((change) => change.because)
    .join("\n");

describe("what a switch from iptables changes in a cluster", () => {
  it("has the flow, both answers and the reason", () => {
    const [first] = changedAnswers(NODE_PORT, "nftables", {}).changes;
    expect(first).toEqual({
      from: "the node itself",
      to: "NodePort 127.0.0.1:30080 (shop/web)",
      before: "an endpoint, source rewritten",
      after: "not balanced",
      because: expect.stringContaining("in netfilter only iptables serves NodePorts at 127.0.0.0/8"),
    });
  });

  it("leaves out what concerns nothing that the cluster has, and counts it", () => {
    const { changes, unconcerned } = changedAnswers(LOCAL_ONLY, "nftables", {});
    expect(changes.map(({ to, after }) => `${to}: ${after}`)).toEqual([
      "a cluster IP at another port, 10.96.0.7:9: refused",
      "a cluster IP that no Service has, 10.96.0.1:9: dropped",
    ]);
    expect(unconcerned).toBe(changedAnswers(NODE_PORT, "nftables", {}).unconcerned + 2);
  });

  it("speaks of hairpins only where an endpoint is on another node, as the version has them", () => {
    expect(because(LOCAL_ONLY, "nftables")).not.toContain("hairpin-connections");
    expect(because(NODE_PORT, "nftables")).toContain("hairpin-connections");
    expect(because(NODE_PORT, "nftables", "1.35")).not.toContain("hairpin-connections");
  });

  it("finds source ranges and policies of one Service among many", () => {
    const rare = service(
      "rare",
      "10.96.0.9",
      { type: "LoadBalancer", externalIPs: ["192.0.2.1"], loadBalancerSourceRanges: ["203.0.113.0/24"] },
      ["10.244.0.9", "here"],
    );
    expect(because(LOCAL_ONLY, "ebpf")).not.toContain("source ranges");
    expect(because(clusterOf(rare), "ebpf")).toContain("source ranges apply to a Service's external IPs");
  });

  it("compares with iptables under the same options of kube-proxy", () => {
    const options = { localhostNodePorts: false, masqueradeAll: true };
    const { changes } = changedAnswers(NODE_PORT, "nftables", options);
    expect(changes.map(({ to }) => to).join()).not.toContain("127.0.0.1");
    expect(changes.map((change) => change.because).join()).not.toContain("masquerade-all");
    expect(changedAnswers(NODE_PORT, "iptables", options)).toEqual({ changes: [], unconcerned: 0 });
  });

  it("names a difference only where it changes the answer by itself", () => {
    const local = service(
      "local",
      "10.96.0.8",
      { type: "NodePort", externalTrafficPolicy: "Local", ports: [{ port: 80, nodePort: 30_081 }] },
      ["10.244.0.8", "here"],
    );
    expect(because(clusterOf(local), "ipvs")).not.toContain("KUBE-LOOP-BACK");
  });

  it("is nothing for iptables, and something for every other plane of a mixed cluster", () => {
    const mixed = generateCluster({
      services: 200,
      seed: 3,
      types: "mixed",
      internalLocalShare: 0.2,
      externalLocalShare: 0.5,
    });
    expect(changedAnswers(mixed, "iptables", {})).toEqual({ changes: [], unconcerned: 0 });
    for (const plane of ["nftables", "ipvs", "ebpf", "ebpf-maglev", "calico-ebpf"]) {
      const { changes } = changedAnswers(mixed, plane, {});
      expect(changes.length).toBeGreaterThan(1);
      for (const { before, after } of changes) expect(after).not.toBe(before);
    }
  });
});
