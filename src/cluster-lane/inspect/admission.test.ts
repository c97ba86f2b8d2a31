import { describe, expect, it } from "vitest";
import { type Handler, type Reply, refusal, serve, status } from "../../../test/support/api-server.js";
import type { ClusterJob } from "../plan.js";
import { rehearseAfterRemoval, rehearseObjects, rehearseRun } from "./admission.js";

const JOB: ClusterJob = {
  ...{ options: {}, runId: "r", services: [1, 10], endpoints: 4, rounds: 10, seed: 1 },
  ...{ scenarios: ["connect", "programming"], family: null },
};
const IN_TEAM: ClusterJob = { ...JOB, options: { namespace: "team" } };
const FOUND = {
  ...{ image: "registry.k8s.io/pause:3.10", families: [4] as const, pulls: false },
  probes: new Map([["amd64", 2]]),
};
const CREATED: Reply = { status: 201, body: {} };

/** A cluster that admits everything but what a test answers otherwise. */
const but =
  (answer: (method: string, path: string) => Reply | null): Handler =>
  (method, path) =>
    answer(method, path) ?? (method === "POST" ? CREATED : { status: 200, body: { items: [] } });

const posts = (seen: readonly string[]) => seen.filter((line) => line.startsWith("POST"));
const POD = "POST /api/v1/namespaces/team/pods?dryRun=All";
const answerTo = (line: string, reply: Reply) =>
  but((method, path) => (`${method} ${path}` === line ? reply : null));

describe.skipIf(process.platform === "win32")("before its first object, a run", () => {
  it("has the API server try what it will make, and store nothing of it", async () => {
    const own = await serve(but(() => null));
    await expect(rehearseRun(own.api, JOB, FOUND)).resolves.toEqual([]);
    expect(own.seen).toEqual(["POST /api/v1/namespaces?dryRun=All"]);
    const given = await serve(but(() => null));
    await rehearseRun(given.api, IN_TEAM, FOUND);
    expect(posts(given.seen)).toEqual([
      ...["POST /api/v1/namespaces/team/configmaps?dryRun=All"],
      ...["POST /apis/apps/v1/namespaces/team/deployments?dryRun=All"],
      ...["POST /apis/batch/v1/namespaces/team/jobs?dryRun=All"],
      ...["POST /api/v1/namespaces/team/services?dryRun=All"],
      ...["POST /apis/discovery.k8s.io/v1/namespaces/team/endpointslices?dryRun=All", POD],
    ]);
  });

  it("says what admission has against its pods, and what to do", async () => {
    const words = 'pods "targets-x" is forbidden: violates PodSecurity "restricted:latest": seccompProfile';
    const { api } = await serve(answerTo(POD, status(403, words)));
    expect(await refusal(rehearseRun(api, IN_TEAM, FOUND))).toBe(
      `ClusterUnfitError: the cluster does not take a Pod of this run (${words}): name another namespace, or none for one of the run's own`,
    );
  });

  it("needs no right to make pods, which controllers make for it", async () => {
    const words =
      'pods is forbidden: User "u" cannot create resource "pods" in API group "" in the namespace "team"';
    const { api } = await serve(answerTo(POD, status(403, words)));
    await expect(rehearseRun(api, IN_TEAM, FOUND)).resolves.toEqual([]);
  });

  it("goes on where a webhook can't be tried", async () => {
    const words = 'admission webhook "x" does not support dry run';
    const { api } = await serve(but((method) => (method === "POST" ? status(400, words) : null)));
    await expect(rehearseRun(api, IN_TEAM, FOUND)).resolves.toEqual([]);
    await expect(rehearseRun(api, JOB, FOUND)).resolves.toEqual([]);
  });

  it("passes on what the API server warns of, once", async () => {
    const headers = { warning: '299 - "would violate PodSecurity \\"baseline\\""' };
    const { api } = await serve(but((method) => (method === "POST" ? { ...CREATED, headers } : null)));
    await expect(rehearseRun(api, IN_TEAM, FOUND)).resolves.toEqual([
      'the API server warns: would violate PodSecurity "baseline"',
    ]);
  });

  it("waits for the ServiceAccount of a namespace that has just been made", async () => {
    const early = status(403, 'pods "targets-x" is forbidden: error looking up service account team/default');
    const answers = [early, early];
    const { api, seen } = await serve(
      but((method, path) => (`${method} ${path}` === POD ? (answers.shift() ?? null) : null)),
    );
    await rehearseObjects(api, IN_TEAM, FOUND);
    expect(seen.filter((line) => line === POD)).toHaveLength(3);
  });

  it("is refused where another's object has a name that it needs, and no Pod's name is in its way", async () => {
    const { api, seen } = await serve(
      but((method, path) =>
        method === "POST" && path.includes("configmaps") ? status(409, "already exists") : null,
      ),
    );
    expect(await refusal(rehearseRun(api, IN_TEAM, FOUND))).toContain(
      "namespace team has a ConfigMap program-amd64 already: remove what a killed run left",
    );
    expect(posts(seen)).toHaveLength(1);
  });

  it.each([
    'admission webhook "p" denied the request: bare pods are forbidden',
    "pods \"targets-x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p' denied request: no",
  ])("leaves it to the Deployment's pods whether a policy takes them: %s", async (words) => {
    const { api } = await serve(answerTo(POD, status(403, words)));
    await expect(rehearseRun(api, IN_TEAM, FOUND)).resolves.toEqual([
      `a trial Pod is refused (${words}): pods of the Deployment may be admitted, and the run reports it if not`,
    ]);
    const ofJobs = await serve(
      answerTo("POST /apis/batch/v1/namespaces/team/jobs?dryRun=All", status(403, words)),
    );
    expect(await refusal(rehearseRun(ofJobs.api, IN_TEAM, FOUND))).toContain(
      "does not take a Job of this run",
    );
  });

  it("asks again, once its leftovers are gone, for what quotas leave, and for nothing else", async () => {
    const used = ["10", "10", "0"];
    const { api, seen } = await serve(
      but((_, path) => {
        if (!path.endsWith("resourcequotas")) return null;
        const counts = { hard: { pods: "10" }, used: { pods: used.shift() ?? "0" } };
        return { status: 200, body: { items: [{ metadata: { name: "few" }, status: counts }] } };
      }),
    );
    await expect(rehearseAfterRemoval(api, IN_TEAM, FOUND)).resolves.toEqual([]);
    expect(seen.filter((line) => line.endsWith("resourcequotas"))).toHaveLength(3);
    const refused = await serve(answerTo(POD, status(403, 'violates PodSecurity "restricted:latest"')));
    expect(await refusal(rehearseAfterRemoval(refused.api, IN_TEAM, FOUND))).toContain("PodSecurity");
    expect(refused.seen.filter((line) => line === POD)).toHaveLength(1);
  });

  it("notes that quotas may not be read", async () => {
    const { api } = await serve(
      but((_, path) => (path.endsWith("resourcequotas") ? status(403, "forbidden") : null)),
    );
    await expect(rehearseRun(api, IN_TEAM, FOUND)).resolves.toEqual([
      "the quotas of namespace team may not be read: where one is used up, the API server refuses objects",
    ]);
  });

  it("takes a busy server's refusal for no refusal of its objects", async () => {
    const { api } = await serve(answerTo(POD, status(429, "too many requests")));
    expect(await refusal(rehearseRun(api, IN_TEAM, FOUND))).toMatch(/^ClusterFailedError: .*429/);
  });

  it("counts what quotas leave, and leaves those of some pods only to the API server", async () => {
    const quota = (hard: Record<string, string>, spec: object = {}, used: object = { pods: "1" }) =>
      but((_, path) => {
        const items = [{ metadata: { name: "few" }, spec, status: { hard, used } }];
        return path.endsWith("resourcequotas") ? { status: 200, body: { items } } : null;
      });
    const lacking = await serve(quota({ pods: "5" }));
    expect(await refusal(rehearseRun(lacking.api, IN_TEAM, FOUND))).toContain(
      "9 pods are needed, and the quota few of namespace team leaves 4",
    );
    expect(posts(lacking.seen)).toEqual([]);
    const small = await serve(quota({ "requests.memory": "100Mi" }));
    expect(await refusal(rehearseRun(small.api, IN_TEAM, FOUND))).toContain(
      "144 MiB of memory are needed, and the quota few of namespace team leaves 100 MiB:",
    );
    const exact = { "requests.cpu": "1", pods: "9" };
    const used = { "requests.cpu": "910m", pods: "0" };
    await expect(rehearseRun((await serve(quota(exact, {}, used))).api, IN_TEAM, FOUND)).resolves.toEqual([]);
    const scoped = await serve(quota({ pods: "0" }, { scopes: ["BestEffort"] }));
    await expect(rehearseRun(scoped.api, IN_TEAM, FOUND)).resolves.toEqual([]);
  });
});
