/** Objects that Cilium reads otherwise than kube-proxy: bytes and entries are those of its control plane 1.20.2 (`verify --cilium`). */

import { expect, test } from "vitest";
import { parseObjects } from "../../kubernetes/list-watch/parse.js";
import { entryLines } from "../../planes/ebpf/dump/entry-lines.js";
import { SERVICES } from "../../planes/ebpf/dump/map-names.js";
import { EbpfProgram } from "../../planes/ebpf/program.js";
import { ciliumCluster } from "./objects.js";
import { modelMaps } from "./verify.js";

const NODE = "192.0.2.10";
const FACTS = { node: "me", addresses: [NODE], podRange: "10.244.0.0/16" };

/** The model's maps of one Service with an endpoint, as lines. */
function linesOf(spec: object, status: object = { loadBalancer: {} }) {
  const name = { name: "s", namespace: "a" };
  const items = [
    {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: "me" },
      status: { addresses: [{ type: "InternalIP", address: NODE }] },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: name,
      spec: { clusterIP: "10.96.0.11", clusterIPs: ["10.96.0.11"], ...spec },
      status,
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { ...name, labels: { "kubernetes.io/service-name": "s" } },
      addressType: "IPv4",
      endpoints: [{ addresses: ["10.244.1.1"], conditions: { ready: true }, nodeName: "other" }],
      ports: [{ name: "", protocol: "TCP", port: 8080 }],
    },
  ];
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  const objects = [...parseObjects(list)].map(({ object }) => object);
  return entryLines(modelMaps(new EbpfProgram(ciliumCluster(objects, FACTS).cluster, {}, "random")));
}

const PORT = { name: "", protocol: "TCP", port: 80, targetPort: 8080 };

test("an external IP that is the node's own address is no NodePort, and the node's NodePort is no external IP", () => {
  const masters = (spec: object) =>
    [...(linesOf({ ...spec, externalIPs: [NODE] }).get(SERVICES) ?? [])]
      .filter((line) => line.includes(`${NODE}:`) && line.includes("slot 0:"))
      .map((line) => /(:\d+)\/TCP.*flags (\w+)/.exec(line)!.slice(1).join(" "))
      .sort();
  expect(masters({ type: "ClusterIP", ports: [PORT] })).toEqual([":80 4100"]);
  const ports = [{ ...PORT, nodePort: 30080 }];
  expect(masters({ type: "NodePort", ports })).toEqual([":30080 4200", ":80 4100"]);
});

test("a source range with spaces around it, which the API server takes, is one that Cilium skips", () => {
  const rangesOf = (...loadBalancerSourceRanges: string[]) =>
    [
      ...(linesOf(
        { type: "LoadBalancer", ports: [{ ...PORT, nodePort: 30080 }], loadBalancerSourceRanges },
        { loadBalancer: { ingress: [{ ip: "198.18.0.1" }] } },
      ).get("cilium_lb4_source_range") ?? []),
    ].map((line) => /: ([\d.]+),/.exec(line)![1]);
  expect(new Set(rangesOf("198.51.100.0/24", " 203.0.113.0/30", "10.0.0.0/8 "))).toEqual(
    new Set(["198.51.100.0"]),
  );
  expect(rangesOf(" 203.0.113.0/30")).toEqual([]);
});
