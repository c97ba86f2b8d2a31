import { describe, expect, it } from "vitest";
import { formatAddress } from "../cluster/cluster.js";
import { importKubernetes } from "./import.js";
import { describeImport } from "./import-report.js";

type Fields = Record<string, unknown>;

function service(name: string, selector: Fields, port: Fields = {}): Fields {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: "d" },
    spec: { selector, ports: [{ port: 80, ...port }] },
  };
}

function object(apiVersion: string, kind: string, name: string, spec: Fields, rest: Fields = {}): Fields {
  const { metadata = {}, ...others } = rest;
  return { apiVersion, kind, metadata: { name, namespace: "d", ...(metadata as Fields) }, spec, ...others };
}

function pod(name: string, podIP: string | undefined, rest: Fields = {}, nodeName = "one"): Fields {
  const { status = {}, metadata = {} } = rest as { status?: Fields; metadata?: Fields };
  return object(
    "v1",
    "Pod",
    name,
    { nodeName, containers: [{ ports: [{ name: "http", containerPort: 8080 }] }] },
    {
      metadata: { labels: { app: "a" }, ...metadata },
      ...(podIP !== undefined && {
        status: { phase: "Running", podIP, conditions: [{ type: "Ready", status: "True" }], ...status },
      }),
    },
  );
}

const TEMPLATE = { metadata: { labels: { app: "a" } } };

function endpointsOf(objects: readonly Fields[], options: Parameters<typeof importKubernetes>[1] = {}) {
  const { cluster, report } = importKubernetes(JSON.stringify(objects), options);
  const places = Array.from(
    { length: cluster.endpoints },
    (_, i) =>
      `${formatAddress(cluster.endpointAddress[i]!)}:${cluster.endpointPort[i]}${cluster.endpointLocal[i] ? " local" : ""}`,
  );
  return { places, report };
}

describe("importing workloads", () => {
  it.each([
    ["apps/v1", "Deployment", { replicas: 2, template: TEMPLATE }, 2],
    ["apps/v1", "ReplicaSet", { replicas: 2, template: TEMPLATE }, 2],
    ["v1", "ReplicationController", { replicas: 2, template: TEMPLATE }, 2],
    ["batch/v1", "Job", { parallelism: 3, template: TEMPLATE }, 3],
    ["apps/v1", "DaemonSet", { template: TEMPLATE }, 1],
    ["v1", "Pod", { containers: [] }, 1],
  ])("gives a Service the pods of %s %s", (apiVersion, kind, spec, pods) => {
    const workload = object(apiVersion, kind, "w", spec, { metadata: { labels: { app: "a" } } });
    const { places, report } = endpointsOf([service("s", { app: "a" }), workload]);
    expect([places.length, report.otherObjects, report.endpointOrigin]).toEqual([pods, 0, "workloads"]);
  });

  it("counts a Deployment and its ReplicaSet once", () => {
    const spec = { replicas: 2, template: TEMPLATE };
    const owned = { metadata: { ownerReferences: [{ kind: "Deployment" }] } };
    const { places } = endpointsOf([
      service("s", { app: "a" }),
      object("apps/v1", "Deployment", "w", spec),
      object("apps/v1", "ReplicaSet", "w-1", spec, owned),
    ]);
    expect(places).toHaveLength(2);
  });

  it.each([
    [{ "statefulset.kubernetes.io/pod-name": "r-0" }, 1],
    [{ "statefulset.kubernetes.io/pod-name": "r-2", app: "a" }, 1],
    [{ "apps.kubernetes.io/pod-index": "1", app: "a" }, 1],
    [{ "statefulset.kubernetes.io/pod-name": "r-3" }, 0],
    [{ "statefulset.kubernetes.io/pod-name": "q-0" }, 0],
    [{ "statefulset.kubernetes.io/pod-name": "r-0", app: "b" }, 0],
    [{ app: "a" }, 3],
  ])("gives a Service with selector %j %i pods of a StatefulSet of 3", (selector, pods) => {
    const set = object("apps/v1", "StatefulSet", "r", { replicas: 3, template: TEMPLATE });
    expect(endpointsOf([service("s", selector), set]).places).toHaveLength(pods);
  });

  it("names the same pod for a StatefulSet's own Service and for one of all pods", () => {
    const set = object("apps/v1", "StatefulSet", "r", { replicas: 2, template: TEMPLATE });
    const { places } = endpointsOf([
      service("all", { app: "a" }),
      service("last", { "statefulset.kubernetes.io/pod-name": "r-1" }),
      set,
    ]);
    expect(places[2]).toBe(places[1]);
  });

  it("finds a Job's pods by the label that its controller adds", () => {
    const job = object("batch/v1", "Job", "j", { template: {} });
    expect(endpointsOf([service("s", { "job-name": "j" }), job]).places).toHaveLength(1);
  });
});

describe("importing Pods of a live cluster", () => {
  const ports = { targetPort: "http" };

  it("takes their own addresses, named ports and nodes", () => {
    const { places, report } = endpointsOf([
      service("s", { app: "a" }, ports),
      pod("x", "10.1.0.1"),
      pod("y", "10.1.0.2", {}, "two"),
    ]);
    expect(places).toEqual(["10.1.0.1:8080 local", "10.1.0.2:8080"]);
    expect([report.endpointOrigin, report.here.name]).toEqual(["pods", "one"]);
  });

  it("takes the node that was asked for", () => {
    const objects = [
      service("s", { app: "a" }, ports),
      pod("x", "10.1.0.1"),
      pod("y", "10.1.0.2", {}, "two"),
    ];
    expect(endpointsOf(objects, { node: "two" }).places).toEqual(["10.1.0.1:8080", "10.1.0.2:8080 local"]);
    expect(() => endpointsOf(objects, { node: "three" })).toThrow("give one of one, two");
  });

  it.each([
    ["is not ready", { status: { conditions: [{ type: "Ready", status: "False" }] } }],
    ["has ended", { status: { phase: "Succeeded" } }],
    ["has failed", { status: { phase: "Failed" } }],
    ["has other labels", { metadata: { labels: { app: "b" } } }],
    ["has an IPv6 address only", { status: { podIP: "fd00::1" } }],
  ])("leaves out a pod that %s", (_why, rest) => {
    const objects = [service("s", { app: "a" }, ports), pod("x", "10.1.0.1", rest), pod("y", "10.1.0.2")];
    expect(endpointsOf(objects).places).toEqual(["10.1.0.2:8080 local"]);
  });

  it("prefers EndpointSlices, and Pods to the Deployment that made them", () => {
    const deployment = object("apps/v1", "Deployment", "w", { replicas: 5, template: TEMPLATE });
    const objects = [service("s", { app: "a" }, ports), deployment, pod("x", "10.1.0.1")];
    expect(endpointsOf(objects).places).toEqual(["10.1.0.1:8080 local"]);
    const slice = {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      addressType: "IPv4",
      metadata: { name: "s-1", namespace: "d", labels: { "kubernetes.io/service-name": "s" } },
      ports: [{ name: "", port: 9 }],
      endpoints: [{ addresses: ["10.1.0.9"] }],
    };
    expect(endpointsOf([...objects, slice]).places).toEqual(["10.1.0.9:9"]);
  });

  it("refuses a node where nothing names one", () => {
    expect(() => endpointsOf([service("s", { app: "a" })], { node: "one" })).toThrow(
      "no Node and no endpoint of the input names a node",
    );
  });
});

describe("objects that would give endpoints, next to objects that list them", () => {
  const NAMES = { name: "s", namespace: "d" };
  const SLICE = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...NAMES, labels: { "kubernetes.io/service-name": "s" } },
    addressType: "IPv4",
    endpoints: [{ addresses: ["10.244.0.1"] }],
    ports: [{ port: 80 }],
  };
  const ENDPOINTS = {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: NAMES,
    subsets: [{ addresses: [{ ip: "10.244.0.1" }], ports: [{ port: 80 }] }],
  };
  const deployment = object("apps/v1", "Deployment", "w", { replicas: 1, template: TEMPLATE });
  const pods = [pod("p", "10.244.0.1"), pod("q", "10.244.0.2")];

  it.each([
    ["EndpointSlices", [SLICE, ENDPOINTS, ...pods, deployment], "Endpoints: 1, Pods: 2, workloads: 1"],
    ["Endpoints", [ENDPOINTS, ...pods, deployment], "Pods: 2, workloads: 1"],
    ["Pods, as in kubectl get all,", [...pods, deployment], "workloads: 1"],
  ])("are counted in the report: with %s", (_what, objects, counts) => {
    const { report } = endpointsOf([service("s", { app: "a" }), ...objects]);
    expect(describeImport(report)).toContain(
      `not read for endpoints, because other objects list them: ${counts}`,
    );
  });
});
