import { describe, expect, it } from "vitest";
import { z } from "zod";
import { readFixture } from "../../test/fuzz-import.js";
import fc from "../../test/support/properties.js";
import { buildCluster, type ServiceRecord } from "../cluster/build.js";
import { LOAD_BALANCER, NODE_PORT, TCP } from "../cluster/cluster.js";
import { generateCluster, MIXED } from "../cluster/generate.js";
import { DEFAULT_NETWORK } from "../cluster/network.js";
import { NotRepresentableError } from "../errors.js";
import { kubernetesList } from "./export.js";
import { importKubernetes } from "./import.js";

const api = z.fromJSONSchema(
  JSON.parse(readFixture("kubernetes-api.schema.json")) as Parameters<typeof z.fromJSONSchema>[0],
);

const textOf = (...records: ServiceRecord[]) =>
  [
    ...kubernetesList(
      buildCluster(records, DEFAULT_NETWORK, { kind: "imported", format: "test", parameters: {} }),
    ),
  ].join("");

const endpoint = { address: 0x0a800001, port: 8080, local: true };
const web: ServiceRecord = {
  name: "shop/web",
  clusterIp: 0x0a600001,
  ports: [{ protocol: TCP, port: 80, endpoints: [endpoint] }],
};
/** Everything that a Service can have here. */
const everything: ServiceRecord = {
  ...web,
  type: LOAD_BALANCER,
  affinitySeconds: 86_400,
  internalLocal: true,
  externalLocal: true,
  externalIps: [0xc6336401],
  ingressIps: [0xc6336409, 0xc633640a],
  sourceRanges: [{ base: 0xcb007100, prefixLength: 24 }],
  ports: [
    { name: "http", protocol: TCP, port: 80, nodePort: 30_080, endpoints: [endpoint] },
    { name: "dns", protocol: 17, port: 53, endpoints: [{ ...endpoint, port: 53, local: false }] },
    { name: "sctp", protocol: 132, port: 53, endpoints: [] },
  ],
};

interface Slice {
  kind: string;
  metadata: { name: string; namespace: string };
  endpoints: unknown[];
}

describe("nodes of an export", () => {
  const exported = (local: boolean[]) =>
    textOf({
      ...web,
      ports: [
        {
          protocol: TCP,
          port: 80,
          endpoints: local.map((isLocal, i) => ({
            ...endpoint,
            address: endpoint.address + i,
            local: isLocal,
          })),
        },
      ],
    });

  it("are named for every endpoint, because Cilium takes one without a name for its own", () => {
    expect(
      [...exported([false, true, false]).matchAll(/"nodeName":"([^"]+)"/g)].map(([, name]) => name),
    ).toEqual(["other-node", "this-node", "other-node"]);
  });

  it.each([[[false, true, false]], [[false, false]], [[true]]])(
    "are told apart when it is imported again, whichever comes first: %j",
    (local) => {
      const { cluster } = importKubernetes(exported(local), {});
      expect([...cluster.endpointLocal]).toEqual(local.map(Number));
    },
  );
});

describe("a cluster as Kubernetes objects", () => {
  it("is valid against the API's schema, whatever the cluster has", () => {
    fc.assert(
      fc.property(
        fc.record({
          services: fc.integer({ min: 1, max: 30 }),
          seed: fc.nat(),
          affinityShare: fc.constantFrom(0, 0.5),
          emptyShare: fc.constantFrom(0, 0.3),
          internalLocalShare: fc.constantFrom(0, 0.5),
          externalLocalShare: fc.constantFrom(0, 0.5),
          sourceRangeShare: fc.constantFrom(0, 0.7),
          localShare: fc.constantFrom(0, 0.5),
        }),
        (options) => {
          const cluster = generateCluster({ ...MIXED, ...options });
          const text = [...kubernetesList(cluster)].join("");
          expect(api.safeParse(JSON.parse(text)).error).toBeUndefined();
        },
      ),
      { numRuns: 25 },
    );
  });

  it("is valid with every feature at once", () => {
    expect(api.safeParse(JSON.parse(textOf(everything))).error).toBeUndefined();
  });

  it.each([
    ["a field that the API has not", '"clusterIP":', '"clusterIp":'],
    ["a number where the API wants text", '"type":"LoadBalancer"', '"type":2'],
    ["text where the API wants a number", '"nodePort":30080', '"nodePort":"30080"'],
    ["a port above 31 bits", '"port":8080', '"port":4294967296'],
    ["an endpoint without addresses", '"addresses":', '"address":'],
    ["a slice without addressType", '"addressType":"IPv4",', ""],
    ["another version of the API", "discovery.k8s.io/v1", "discovery.k8s.io/v1beta1"],
  ])("would fail the schema with %s", (_what, right, wrong) => {
    const text = textOf(everything);
    expect(text).toContain(right);
    expect(api.safeParse(JSON.parse(text.replace(right, wrong))).success).toBe(false);
  });

  it("puts at most 100 endpoints in a slice, as the controller does, and names each slice once", () => {
    const endpoints = Array.from({ length: 1234 }, (_, i) => ({ address: 0x0a800001 + i, port: 8080 }));
    const port = { protocol: TCP, port: 80, endpoints };
    const text = textOf(
      { ...web, ports: [port] },
      { ...web, name: "shop/web-1", clusterIp: 1, ports: [port] },
    );
    const { items } = JSON.parse(text) as { items: Slice[] };
    const slices = items.filter(({ kind }) => kind === "EndpointSlice");
    expect(slices.map((slice) => slice.endpoints.length)).toEqual(
      Array.from({ length: 2 }, () => [...Array.from({ length: 12 }, () => 100), 34]).flat(),
    );
    expect(new Set(slices.map(({ metadata }) => metadata.name)).size).toBe(26);
  });

  const [port] = web.ports;
  it.each<[string, Partial<ServiceRecord>, RegExp]>([
    ["a name that starts with a digit", { name: "shop/1web" }, /shop\/1web: .* start with a letter/],
    ["a name of two labels", { name: "shop/web.v1" }, /two DNS labels/],
    ["no port", { ports: [] }, /shop\/web: ports: .* at least one/],
    [
      "one of two ports without a name",
      { ports: [port!, { ...port!, name: "b", port: 81 }] },
      /ports\[0\]\.name: each of several ports/,
    ],
    [
      "two ports of a name",
      {
        ports: [
          { ...port!, name: "b" },
          { ...port!, name: "b", port: 81 },
        ],
      },
      /ports\[1\]\.name: "b" is given twice/,
    ],
    ["a NodePort of a ClusterIP", { ports: [{ ...port!, nodePort: 30_000 }] }, /ports\[0\]\.nodePort/],
    [
      "kubelet's port at a load balancer",
      { type: LOAD_BALANCER, ports: [{ ...port!, port: 10_250 }] },
      /must not expose 10250/,
    ],
    ["a day of affinity and a second", { affinitySeconds: 86_401 }, /timeoutSeconds: more than 86400/],
    [
      "source ranges without a load balancer",
      { type: NODE_PORT, sourceRanges: [{ base: 0, prefixLength: 0 }] },
      /only a load balancer has them/,
    ],
    [
      "an external address of loopback",
      { externalIps: [0x7f000001] },
      /externalIPs: 127\.0\.0\.1 is loopback/,
    ],
    [
      "a link-local endpoint",
      { ports: [{ ...port!, endpoints: [{ address: 0xa9fea9fe, port: 80 }] }] },
      /ports\[0\]: endpoints: 169\.254\.169\.254 is link-local/,
    ],
  ])("is refused as the API server would refuse it: %s", (_what, changes, message) => {
    expect(() => textOf({ ...web, ...changes })).toThrow(NotRepresentableError);
    expect(() => textOf({ ...web, ...changes })).toThrow(message);
  });
});
