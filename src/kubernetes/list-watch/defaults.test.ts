import { expect, it } from "vitest";
import { parseObject } from "./parse.js";

const served = (fields: object) =>
  parseObject({ apiVersion: "v1", kind: "Service", metadata: { name: "web" }, ...fields }).object;

it("a Service is served with what the API server fills in, and what it says itself", () => {
  expect(served({ spec: { ports: [{ port: 80 }] } })).toMatchObject({
    metadata: { name: "web", namespace: "default" },
    spec: {
      type: "ClusterIP",
      sessionAffinity: "None",
      internalTrafficPolicy: "Cluster",
      ports: [{ port: 80, targetPort: 80, protocol: "TCP" }],
    },
  });
  expect(served({ spec: { type: "NodePort", sessionAffinity: "ClientIP" } }).spec).toEqual({
    type: "NodePort",
    sessionAffinity: "ClientIP",
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
    internalTrafficPolicy: "Cluster",
    externalTrafficPolicy: "Cluster",
    ports: undefined,
  });
  const own = { type: "LoadBalancer", externalTrafficPolicy: "Local", ports: [{ port: 1, protocol: "UDP" }] };
  expect(served({ spec: own }).spec).toMatchObject({ ...own, ports: [{ protocol: "UDP", targetPort: 1 }] });
});

it("a Service that is no load balancer is served without addresses of one, which kube-proxy would write rules for", () => {
  const status = { loadBalancer: { ingress: [{ ip: "203.0.113.1" }] }, conditions: [] };
  const statusOf = (type: string | undefined) => served({ spec: { type }, status }).status;
  for (const type of [undefined, "ClusterIP", "NodePort"])
    expect(statusOf(type)).toEqual({ loadBalancer: {}, conditions: [] });
  expect(statusOf("LoadBalancer")).toEqual(status);
});

it("an ExternalName Service has no affinity and no policies", () => {
  const spec = { type: "ExternalName", externalName: "example.com" };
  expect(served({ spec }).spec).toEqual(spec);
});

it("a port of an EndpointSlice without a name has the empty one: kube-proxy leaves out ports without", () => {
  const slice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "web-1" },
    addressType: "IPv4",
    endpoints: [],
    ports: [{ port: 8080 }, { port: 53, protocol: "UDP", name: "dns" }],
  };
  expect(parseObject(slice).object.ports).toEqual([
    { name: "", protocol: "TCP", port: 8080 },
    { port: 53, protocol: "UDP", name: "dns" },
  ]);
});
