import { expect, test } from "vitest";
import { z } from "zod";
import { parseCidr } from "../../cluster/cluster.js";
import { generateCluster } from "../../cluster/generate.js";
import { parseCidr6 } from "../../cluster/ipv6.js";
import { CLUSTER_NODE, clusterObjects } from "./cluster-objects.js";
import type { ApiObject } from "./parse.js";

const slices = (objects: readonly ApiObject[]) =>
  z
    .array(z.object({ endpoints: z.array(z.object({ nodeName: z.string() })) }))
    .parse(objects.filter(({ kind }) => kind === "EndpointSlice"));

test("objects of a cluster: one Node with its addresses, one ServiceCIDR, and each Service before its slices", () => {
  const cluster = generateCluster({ services: 3, seed: 1, endpoints: { kind: "constant", count: 2 } });
  const objects = [...clusterObjects(cluster)];
  expect(objects.map(({ kind }) => kind)).toEqual([
    "Node",
    "ServiceCIDR",
    ...["Service", "EndpointSlice", "Service", "EndpointSlice", "Service", "EndpointSlice"],
  ]);
  expect(objects[0]).toMatchObject({
    metadata: { name: CLUSTER_NODE },
    status: { addresses: [{ type: "InternalIP", address: "172.16.0.1" }, { type: "Hostname" }] },
  });
});

test("objects of a cluster: a ServiceCIDR for each of its ranges, with one of each family, before all Services", () => {
  const of = { services: 2, seed: 1 };
  const [ipv4, ipv6] = [generateCluster(of), generateCluster({ ...of, family: 6 })];
  const more = {
    ...ipv4.network,
    moreServiceCidrs: ["10.200.0.0/24", "10.201.0.0/24"].map((text) => parseCidr(text)!),
  };
  const plan = ipv6.network.ipv6!;
  const further = [plan.cidr(parseCidr6("fd00:10:96::f:0/112")!)!];
  const objects = [
    ...clusterObjects({
      ipv4: { ...ipv4, network: more },
      ipv6: { ...ipv6, network: { ...ipv6.network, moreServiceCidrs: further } },
    }),
  ];
  expect(objects.map(({ kind }) => kind).lastIndexOf("ServiceCIDR")).toBe(3);
  expect(objects.slice(1, 4).map(({ metadata, spec }) => [metadata.name, spec])).toEqual([
    ["kubernetes", { cidrs: ["10.96.0.0/12", "fd00:10:96::/108"] }],
    ["kubernetes-2", { cidrs: ["10.200.0.0/24", "fd00:10:96::f:0/112"] }],
    ["kubernetes-3", { cidrs: ["10.201.0.0/24"] }],
  ]);
});

test("objects of a cluster: every endpoint names its node", () => {
  const cluster = generateCluster({
    services: 20,
    seed: 1,
    endpoints: { kind: "constant", count: 4 },
    localShare: 0.5,
  });
  const nodes = slices([...clusterObjects(cluster)]).flatMap(({ endpoints }) =>
    endpoints.map(({ nodeName }) => nodeName),
  );
  const local = nodes.filter((name) => name === CLUSTER_NODE).length;
  expect(nodes).toHaveLength(80);
  expect(local).toBe(cluster.endpointLocal.reduce((sum, each) => sum + each, 0));
});

test.each([
  [30, [30, 30, 30, 30, 30, 30, 30, 30, 10]],
  [100, [100, 100, 50]],
  [1000, [250]],
])("objects of a cluster: 250 endpoints in slices of at most %d", (size, sizes) => {
  const cluster = generateCluster({ services: 1, seed: 1, endpoints: { kind: "constant", count: 250 } });
  const objects = [...clusterObjects(cluster, size)];
  expect(slices(objects).map(({ endpoints }) => endpoints.length)).toEqual(sizes);
  expect(new Set(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).size).toBe(objects.length);
});
