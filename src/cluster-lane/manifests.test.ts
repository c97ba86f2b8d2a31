import { describe, expect, it } from "vitest";
import { CHANGES } from "./changes/changes.js";
import type { ClusterState } from "./inspect/preflight.js";
import { manifestsOf } from "./manifests.js";
import { type ClusterJob, type ClusterScenario, formatPlan, leastMs, SYNCS } from "./plan.js";

const STATE: ClusterState = {
  ...{ version: "v1.36.3", network: "unknown", image: "registry.k8s.io/pause:3.10", nodes: [], allNodes: 2 },
  plane: { id: "nftables", program: "kube-proxy", version: "v1.36.3", source: "/proxyMode" },
  ...{ probes: new Map([["amd64", 2]]), otherServices: 3, families: [4], offered: [4], freeAddresses: 9 },
  pulls: false,
};

function job(...scenarios: ClusterScenario[]): ClusterJob {
  const sizes = { services: [1, 3], endpoints: 2, rounds: 6 };
  return { options: {}, runId: "r", ...sizes, seed: 1, scenarios, family: null };
}

interface Named {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

const namesOf = (kind: string, ...scenarios: ClusterScenario[]): string[] =>
  [...manifestsOf(job(...scenarios), STATE, () => Buffer.of())]
    .map((object) => object as Named)
    .filter((object) => object.kind === kind)
    .map(({ metadata }) => metadata.name);

describe("manifests of a run", () => {
  it("are the N Services and no others where only connections are timed", () => {
    expect(namesOf("Service", "connect")).toEqual(["s-0", "s-1", "s-2"]);
    expect(namesOf("ConfigMap", "connect")).toEqual(["program-amd64", "task-1", "task-3"]);
    expect(namesOf("Job", "connect")).toEqual(["probe-1-amd64", "probe-3-amd64"]);
  });

  it("include the Services that changes need, each with a slice unless it only finds an address", () => {
    const changing = namesOf("Service", "programming", "sync").slice(3);
    const numbered = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}-${i}`);
    const sliced = ["replaced", ...numbered("new", 2 * CHANGES)];
    expect(changing).toEqual([...sliced, ...numbered("address", 2 * CHANGES + 2 * SYNCS)]);
    expect(namesOf("EndpointSlice", "programming", "sync").slice(3)).toEqual(sliced);
    expect(namesOf("Job", "programming", "sync")).toEqual(["watch-amd64"]);
  });

  it("have the image pulled first where a node does not list it", () => {
    const kinds = [...manifestsOf(job("connect"), { ...STATE, pulls: true }, () => Buffer.of())]
      .map((object) => (object as Named).metadata.name)
      .filter((name) => /^(program|pull|targets)/.test(name));
    expect(kinds).toEqual(["program-amd64", "targets", "pull-amd64"]);
  });

  it("of a sync alone include no Service that changes later", () => {
    expect(namesOf("Service", "sync").slice(3)).toHaveLength(2 * SYNCS);
  });
});

describe("the plan of a run", () => {
  it("counts what there is in addition to pods and the N Services", () => {
    expect(formatPlan(job("connect"), STATE)[2]).toBe("also: 3 ConfigMaps with programs and tasks");
    expect(formatPlan(job("programming", "sync"), STATE).slice(1, 3)).toEqual([
      expect.stringContaining("an EndpointSlice each, watched from 2 nodes at each of N = 1, 3"),
      "also: 1 ConfigMap with programs and tasks; a pod on each of these nodes that watches changes; a Service whose endpoint is replaced; 40 new Services, one after the other; 46 Services removed at once, which find free addresses",
    ]);
  });
});

it("the least time of a probe is its connections within the pod, its warm-up and one round", () => {
  const timing = { roundMs: 2000, warmUpMs: 6000 };
  expect(leastMs({ ...timing, intervalUs: { tcp: 500, udp: 0 } })).toBe(200 + 6000 + 2000);
  expect(leastMs({ ...timing, intervalUs: { tcp: 500, udp: 2000 } })).toBe(200 + 800 + 12_000 + 2000);
});

describe("rights of a run", () => {
  interface Role extends Named {
    readonly metadata: Named["metadata"] & { readonly annotations?: Record<string, string> };
    readonly rules: readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[];
  }
  const rolesOf = (namespace?: string): Role[] =>
    [...manifestsOf({ ...job("sync"), options: namespace ? { namespace } : {} }, STATE, () => Buffer.of())]
      .filter((object) => /Role$/.test((object as Named).kind))
      .map((object) => object as Role);
  const resourcesOf = (role: Role | undefined) => role?.rules.flatMap(({ resources }) => resources);

  it("that it can do without have roles of their own, which say so", () => {
    const roles = rolesOf();
    const [required, without] = [false, true].map((isOptional) =>
      roles.filter(({ metadata }) => (metadata.annotations !== undefined) === isOptional),
    );
    expect(required?.map(({ metadata }) => metadata.name)).toEqual(["lbscale", "lbscale-objects"]);
    expect(required?.flatMap((role) => resourcesOf(role))).not.toContain("nodes/proxy");
    expect(without?.flatMap((role) => resourcesOf(role))).toEqual([
      ...["servicecidrs", "daemonsets", "nodes/proxy", "resourcequotas"],
      "configmaps",
    ]);
    for (const { metadata } of without ?? []) expect(JSON.stringify(metadata)).toMatch(/"Optional: /);
  });

  it("in a namespace that is there are to list nodes and Services, and a Role in it", () => {
    const [everywhere, inside] = rolesOf("team");
    expect(everywhere?.rules).toEqual([
      { apiGroups: [""], resources: ["nodes"], verbs: ["list"] },
      { apiGroups: [""], resources: ["services"], verbs: ["list"] },
    ]);
    expect(inside).toMatchObject({ kind: "Role", metadata: { name: "lbscale", namespace: "team" } });
    // It is cleaned up by label, kind by kind.
    for (const kind of ["services", "endpointslices", "configmaps", "deployments", "jobs"]) {
      const rules = inside?.rules.filter(({ resources }) => resources.includes(kind));
      expect(rules?.flatMap(({ verbs }) => verbs)).toEqual(
        expect.arrayContaining(["create", "list", "deletecollection"]),
      );
    }
    expect(resourcesOf(inside)).toContain("namespaces");
    const optional = rolesOf("team").filter(({ metadata }) => metadata.name === "lbscale-optional");
    expect(optional.map((role) => [role.kind, resourcesOf(role)])).toEqual([
      ["ClusterRole", ["servicecidrs", "daemonsets", "nodes/proxy"]],
      ["Role", ["resourcequotas"]],
    ]);
  });
});
