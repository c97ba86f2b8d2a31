import { describe, expect, it } from "vitest";
import { type Handler, type Reply, refusal, serve, status } from "../../test/support/api-server.js";
import { removeRun } from "./clean.js";
import { inspectCluster } from "./inspect/preflight.js";
import { requireRights } from "./inspect/rights.js";
import { anyObject } from "./kinds.js";

const OK: Reply = { status: 200, body: {} };

describe.skipIf(process.platform === "win32")("the API client", () => {
  it("repeats what a busy server refuses, and takes what comes then", async () => {
    const answers = [status(429, "too many requests"), status(503, "shutting down"), OK];
    const { api, seen } = await serve(() => answers.shift() ?? OK);
    await expect(api.get("/api/v1/nodes", anyObject)).resolves.toEqual({});
    expect(seen).toHaveLength(3);
  });

  it("counts what it asks of a server, repeated requests and bodies of both ways included", async () => {
    const answers = [status(503, "shutting down"), OK];
    const { api } = await serve(() => answers.shift() ?? OK);
    await api.create("/api/v1/namespaces", { a: 1 }, anyObject);
    const cleaner = api.unaborted();
    await cleaner.get("/api/v1/nodes", anyObject);
    cleaner.close();
    const received =
      JSON.stringify(status(503, "shutting down").body).length + 2 * JSON.stringify(OK.body).length;
    expect(api.traffic).toEqual({ requests: 3, sentBytes: 2 * '{"a":1}'.length, receivedBytes: received });
  });

  it("repeats what a server refuses because it has just started, and no other refusal", async () => {
    const answers = [status(403, 'services "a" is forbidden: not yet ready to handle request'), OK];
    const { api, seen } = await serve(() => answers.shift() ?? status(403, "forbidden"));
    await expect(api.get("/api/v1/nodes", anyObject)).resolves.toEqual({});
    expect(await refusal(api.get("/api/v1/nodes", anyObject))).toContain("forbidden");
    expect(seen).toHaveLength(3);
  });

  it("does not believe that the range is full of a server that could not be reached just before", async () => {
    const full = status(500, "failed to allocate a serviceIP: range is full");
    const answers = [status(500, "dial tcp: connect: connection refused"), full, OK];
    const { api, seen } = await serve(() => answers.shift() ?? OK);
    await expect(api.create("/api/v1/services", {}, anyObject)).resolves.toEqual({});
    expect(seen).toHaveLength(3);
  });

  it("does not repeat a request that this program cannot even write", async () => {
    const { api, seen } = await serve(() => OK);
    expect(await refusal(api.get("/a b", anyObject))).toContain("unescaped characters");
    expect(seen).toHaveLength(0);
    expect(api.traffic.requests).toBe(1);
  });

  it("gives up a busy server after ten attempts", async () => {
    const { api, seen } = await serve(() => status(429, "too many requests"));
    expect(await refusal(api.get("/api/v1/nodes", anyObject))).toContain("429: too many requests");
    expect(seen).toHaveLength(10);
  });

  it("takes an object that is there for its own only where an earlier attempt may have made it", async () => {
    const answers = [
      status(500, "etcdserver: request timed out"),
      status(409, "exists"),
      status(409, "exists"),
    ];
    const { api } = await serve(() => answers.shift() ?? OK);
    await expect(api.create("/api/v1/namespaces", {}, anyObject)).resolves.toBeNull();
    expect(await refusal(api.create("/api/v1/namespaces", {}, anyObject))).toContain("409: exists");
  });

  it("says at once that addresses are used up, though it comes as an internal error", async () => {
    const { api, seen } = await serve(() => status(500, "failed to allocate a serviceIP: range is full"));
    expect(await refusal(api.create("/s", {}, anyObject))).toContain("no more addresses for Services");
    expect(seen).toHaveLength(1);
  });

  it("says what to do about an expired token and about a lack of rights", async () => {
    const words =
      'pods is forbidden: User "u" cannot list resource "pods" in API group "" at the cluster scope';
    const path = 'forbidden: User "u" cannot get path "/version"';
    const answers = [status(401, "Unauthorized"), status(403, words), status(403, path)];
    const { api } = await serve(() => answers.shift() ?? OK);
    expect(await refusal(api.get("/expired", anyObject))).toMatch(/^ClusterUnfitError: .*log in again/);
    for (const text of [words, path]) {
      const said = await refusal(api.get("/forbidden", anyObject));
      expect(said.startsWith(`ClusterUnfitError: ${text}: ask for the rights`)).toBe(true);
    }
  });

  it.each([
    [
      403,
      'services "s-3" is forbidden: exceeded quota: few, requested: services=1',
      /quota is used up .*: make fewer Services/,
    ],
    [403, 'admission webhook "p" denied the request: no', /refuses a request .*: ask for an exception/],
    [400, 'admission webhook "p" denied the request: no', /refuses a request .*: ask for an exception/],
    [
      403,
      'services "s-3" is forbidden: unable to create new content in namespace team because it is being terminated',
      /refuses a request .*being terminated\): ask for an exception, or name another namespace/,
    ],
    [403, 'pods "p" is forbidden: maximum cpu usage per Pod is 1m, but request is 10m', /refuses a request/],
  ])("tells what admission forbids from a lack of rights: %i %s", async (code, words, said) => {
    const { api } = await serve(() => status(code, words));
    expect(await refusal(api.create("/object", {}, anyObject))).toMatch(said);
  });

  it("says what is left, and what removes it, where the server goes away before a run has cleaned up", async () => {
    const { api } = await serve(() => status(500, "etcdserver: no leader"));
    const run = { own: true, namespace: "lbscale-run", runId: "x" };
    expect(await refusal(removeRun(api, run))).toBe(
      "ClusterFailedError: namespace lbscale-run still holds what was made, because the API server can't be reached or fails (500: etcdserver: no leader): try again later; lbscale clean removes it",
    );
    expect(await refusal(removeRun(api, { ...run, own: false }))).toMatch(
      /; lbscale clean --namespace lbscale-run removes it$/,
    );
  });

  it("names the length of what it deletes with, so that the next request on the connection is read", async () => {
    const { api, seen } = await serve((method) => (method === "DELETE" ? OK : status(404, "not found")));
    await api.remove("/api/v1/namespaces/a");
    await expect(api.tryGet("/api/v1/namespaces/a", anyObject)).resolves.toBeNull();
    expect(seen).toEqual(["DELETE /api/v1/namespaces/a", "GET /api/v1/namespaces/a"]);
  });
});

const nodeOf = (architecture: string) => ({
  metadata: { name: "n" },
  spec: {},
  status: {
    conditions: [{ type: "Ready", status: "True" }],
    images: [{ names: ["registry.k8s.io/pause:3.10"] }],
    nodeInfo: {
      ...{ architecture, operatingSystem: "linux", kernelVersion: "6", osImage: "x" },
      ...{ kubeletVersion: "v1.36.3", containerRuntimeVersion: "x" },
    },
  },
});

/** A cluster as `inspectCluster` sees it. */
function cluster(
  changes: {
    readonly denied?: string;
    readonly architecture?: string;
    readonly services?: number;
    readonly cidrs?: readonly string[];
    readonly moreCidrs?: readonly object[];
    readonly labels?: Record<string, string>;
  } = {},
): Handler {
  return (method, path, body) => {
    if (path === "/version") return { status: 200, body: { gitVersion: "v1.36.3" } };
    if (method === "POST") {
      const asked = JSON.stringify(body);
      return {
        status: 201,
        body: { status: { allowed: changes.denied === undefined || !asked.includes(changes.denied) } },
      };
    }
    if (path === "/api/v1/nodes")
      return { status: 200, body: { items: [nodeOf(changes.architecture ?? "amd64")] } };
    if (path === "/api/v1/services") {
      const items = Array.from({ length: changes.services ?? 1 }, (_, i) => ({
        metadata: { name: `s${i}`, labels: i === 0 ? {} : (changes.labels ?? {}) },
        spec: { clusterIP: `10.96.0.${i + 1}` },
      }));
      return { status: 200, body: { items } };
    }
    if (path.endsWith("/servicecidrs")) {
      const first = { spec: { cidrs: changes.cidrs ?? ["10.96.0.0/29"] } };
      return { status: 200, body: { items: [first, ...(changes.moreCidrs ?? [])] } };
    }
    return status(404, "not found");
  };
}

const NEEDS = {
  ...{ options: {}, namespace: "lbscale-r", own: true, runId: "r", watches: false },
  ...{ services: 10, family: null },
};

const anyProgram = () => Buffer.of();

describe.skipIf(process.platform === "win32")("the look at a cluster before a run", () => {
  it("names every right that is lacking", async () => {
    const { api } = await serve(cluster({ denied: '"endpointslices"' }));
    expect(await refusal(requireRights(api, "lbscale-r", { own: true, watches: true }))).toMatch(
      /may not create endpointslices, update endpointslices, delete endpointslices: lbscale run --lane cluster --dry-run/,
    );
  });

  it("makes nothing where no node can take the pods", async () => {
    const { api, seen } = await serve(cluster({ architecture: "s390x" }));
    expect(await refusal(inspectCluster(api, NEEDS))).toContain("none of 1 nodes takes the pods");
    expect(seen.filter((line) => line.startsWith("POST") && !line.includes("accessreviews"))).toEqual([]);
  });

  it("counts the addresses that are free", async () => {
    const { api } = await serve(cluster({ services: 3 }));
    expect(await refusal(inspectCluster(api, NEEDS))).toBe(
      "ClusterUnfitError: 10 Services need as many addresses, and 3 are free in 10.96.0.0/29: add a ServiceCIDR, or make fewer",
    );
  });

  it("counts the addresses of all ServiceCIDRs but those that the API server takes none from", async () => {
    const range = (name: string, cidr: string) => ({ metadata: { name }, spec: { cidrs: [cidr] } });
    const conditions = (status: string) => ({ status: { conditions: [{ type: "Ready", status }] } });
    const moreCidrs = [
      { ...range("ready", "10.97.0.0/29"), ...conditions("True") },
      { ...range("not-ready", "10.98.0.0/24"), ...conditions("False") },
      {
        metadata: { name: "leaving", deletionTimestamp: "2026-01-01T00:00:00Z" },
        spec: { cidrs: ["10.99.0.0/24"] },
      },
    ];
    const { api } = await serve(cluster({ services: 3, moreCidrs }));
    expect(await refusal(inspectCluster(api, NEEDS))).toContain("9 are free in 10.96.0.0/29, 10.97.0.0/29:");
  });

  it("counts neither addresses nor Services of its own that a killed part of it left, which are removed first", async () => {
    const ofRun = (runId: string) => ({ "app.kubernetes.io/managed-by": "lbscale", "lbscale/run": runId });
    const left = await serve(cluster({ services: 5, labels: ofRun("r") }));
    await expect(inspectCluster(left.api, { ...NEEDS, services: 5 }, anyProgram)).resolves.toMatchObject({
      ...{ otherServices: 1, freeAddresses: 5 },
    });
    const another = await serve(cluster({ services: 5, labels: ofRun("another") }));
    expect(await refusal(inspectCluster(another.api, { ...NEEDS, services: 5 }))).toContain("1 are free");
  });

  it("goes on after a refusal that is only reported, with what the cluster has", async () => {
    const { api } = await serve(cluster({ services: 3 }));
    const told: string[] = [];
    const onRefusal = ({ message }: Error) => told.push(message);
    const needs = { ...NEEDS, own: false, onRefusal };
    await expect(inspectCluster(api, needs, anyProgram)).resolves.toMatchObject({
      probes: new Map([["amd64", 1]]),
    });
    expect(told).toEqual([expect.stringContaining("3 are free in 10.96.0.0/29")]);
    await inspectCluster(api, { ...needs, services: 1 }, anyProgram);
    expect(told[1]).toContain("there is no namespace lbscale-r");
  });

  it("counts those of the family that is asked for, and of both the fewer", async () => {
    const { api } = await serve(cluster({ services: 3, cidrs: ["fd00::/108", "10.96.0.0/29"] }));
    expect(await refusal(inspectCluster(api, { ...NEEDS, family: "dual" }))).toContain(
      "and 3 are free in 10.96.0.0/29",
    );
    expect(await refusal(inspectCluster(api, { ...NEEDS, services: 2_000_000 }))).toContain(
      "are free in fd00::/108",
    );
  });

  it("refuses a family that Services of the cluster can't have", async () => {
    const { api } = await serve(cluster());
    expect(await refusal(inspectCluster(api, { ...NEEDS, family: 6 }))).toBe(
      "ClusterUnfitError: Services of this cluster have IPv4 alone (10.96.0.0/29), and no IPv6: ask for no family, or choose another cluster",
    );
  });

  it("does not wait for a server that is not there", async () => {
    const { api, seen } = await serve(() => status(502, "dial tcp: connection refused"));
    expect(await refusal(inspectCluster(api, NEEDS))).toMatch(
      /^ClusterUnfitError: the API server of this context/,
    );
    expect(seen).toEqual(["GET /version"]);
  });
});
