import { expect, test } from "vitest";
import { z } from "zod";
import { generateCluster } from "../../cluster/generate.js";
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
