import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Reply, refusal, serve } from "../../test/support/api-server.js";
import type { ClusterState } from "./inspect/preflight.js";
import { measureCluster } from "./measure.js";
import type { ClusterJob } from "./plan.js";

const JOB: ClusterJob = {
  ...{ options: { namespace: "team", keep: true }, runId: "r", endpoints: 1, rounds: 10, seed: 1 },
  ...{ services: [1, 2], scenarios: ["connect"], family: null },
};
const STATE: ClusterState = {
  ...{ version: "v1.36.3", network: "unknown", image: "registry.k8s.io/pause:3.10", nodes: [], allNodes: 1 },
  plane: { id: "nftables", program: "kube-proxy", version: "v1.36.3", source: "/proxyMode" },
  ...{ probes: new Map([["amd64", 1]]), otherServices: 3, families: [4], offered: [4], freeAddresses: 9 },
  pulls: false,
};

const FLOOR = {
  kind: "floor",
  protocol: "tcp",
  resolutionNs: 1,
  clockNs: 25,
  connectNs: [9],
  exchangeNs: [9],
};
const UNSETTLED = { kind: "unsettled", answered: 0, outcome: "timedOut", ms: 900 };

/** What a probe reports that has time for so many rounds. */
function logOf(rounds: number): object[] {
  const outcomes = { reached: 4, wrong: 0, refused: 0, timedOut: 0, unreachable: 0, other: 0 };
  const round = { kind: "round", protocol: "tcp", wallMs: 10, cpuUs: 2000, outcomes };
  const ended = Array.from({ length: rounds }, (_, i) => ({ ...round, round: i }));
  return [FLOOR, { kind: "settled", ms: 3 }, ...ended, { kind: "end" }];
}

/** A cluster whose pods run at once, and whose probes say this. */
async function clusterWith(log: readonly object[]) {
  const tasks: string[] = [];
  const pod = (name: string, status: object) => ({ metadata: { name }, spec: { nodeName: "n" }, status });
  const ready = { podIP: "10.244.0.2", conditions: [{ type: "Ready", status: "True" }] };
  const served = await serve((method, path, body): Reply => {
    const text = JSON.stringify(body);
    if (method === "POST" && text.includes("settle-ms")) tasks.push(text);
    if (method === "POST") {
      return { status: 201, body: { metadata: { name: "s" }, spec: { clusterIP: "10.96.0.9" } } };
    }
    if (path.endsWith("/log")) return { status: 200, body: null, log };
    const isTarget = decodeURIComponent(path).includes("role=target");
    const items = isTarget
      ? ["a", "b", "c", "d"].map((name) => pod(name, ready))
      : [pod("p", { phase: "Succeeded" })];
    return { status: 200, body: { items } };
  });
  return { ...served, tasks };
}

/** Measures with so much time left each time that it is asked; returns the N that were measured and what was lacking. */
async function measureWith(log: readonly object[], leftMs: (seen: readonly string[]) => number, job = JOB) {
  const cluster = await clusterWith(log);
  const measured: [number, number][] = [];
  const end = measureCluster(
    cluster.api,
    job,
    STATE,
    {
      ...{
        signal: new AbortController().signal,
        onProgress: () => {},
        onNote: () => {},
        isMeasured: () => false,
      },
      leftMs: () => leftMs(cluster.seen),
      onMeasured: (services, { probed }) => {
        measured.push([services, probed.flatMap(({ log }) => log.rounds).length]);
      },
    },
    () => Buffer.of(),
  );
  return { ...cluster, end, measured };
}

const doneRounds = (tcp: number) => ({ rounds: { tcp, udp: 0 }, programming: 0, sync: 0 });
const FOREVER = () => Number.POSITIVE_INFINITY;

it.skipIf(process.platform === "win32")(
  "a run whose pods are refused says why, also where the first of them only have the image pulled",
  async () => {
    const message = 'admission webhook "p" denied the request: not from this registry';
    const failure = { type: "ReplicaFailure", status: "True", message };
    const { api } = await serve((method, path): Reply => {
      if (method === "POST") return { status: 201, body: {} };
      return {
        status: 200,
        body: path.includes("/pods?") ? { items: [] } : { status: { conditions: [failure] } },
      };
    });
    const hooks = { onProgress: () => {}, onNote: () => {}, onMeasured: () => {}, isMeasured: () => false };
    const { signal } = new AbortController();
    const run = measureCluster(
      api,
      JOB,
      { ...STATE, pulls: true },
      { ...hooks, signal, leftMs: FOREVER },
      () => Buffer.of(),
    );
    expect(await refusal(run)).toBe(
      `ClusterUnfitError: the cluster refuses the target pods (${message}): name another namespace, or none for one of the run's own`,
    );
  },
);

describe.skipIf(process.platform === "win32")("the budget of a run in a cluster", () => {
  it("lacks nothing where all of every N was measured, however late it is then", async () => {
    const { end, measured } = await measureWith(logOf(10), FOREVER);
    await expect(end).resolves.toBeNull();
    expect(measured).toEqual([
      [1, 10],
      [2, 10],
    ]);
    const isLogRead = (seen: readonly string[]) => seen.some((line) => line.endsWith("/log"));
    const leftMs = (seen: readonly string[]) => (isLogRead(seen) ? 0 : 60_000);
    const last = await measureWith(logOf(10), leftMs, { ...JOB, services: [1] });
    await expect(last.end).resolves.toBeNull();
    const cut = await measureWith(logOf(10), leftMs);
    await expect(cut.end).resolves.toEqual({ services: 2, done: doneRounds(0) });
    expect(cut.measured).toEqual([[1, 10]]);
  });

  it("leaves a gap at an N for which not one round has time, and none is begun after it", async () => {
    const { end, measured, tasks } = await measureWith(logOf(10), () => 1000);
    await expect(end).resolves.toEqual({ services: 1, done: doneRounds(0) });
    expect([measured, tasks]).toEqual([[[1, 0]], []]);
  });

  it("ends with the N of which a probe had time for some rounds only", async () => {
    const { end, measured } = await measureWith(logOf(7), () => 60_000);
    await expect(end).resolves.toEqual({ services: 1, done: doneRounds(7) });
    expect(measured).toEqual([[1, 7]]);
  });

  it("bounds how long a plane is waited for, whose Services are a gap then and no failure", async () => {
    const { end, tasks } = await measureWith([FLOOR, UNSETTLED], () => 60_000);
    await expect(end).resolves.toEqual({ services: 1, done: doneRounds(0) });
    // A minute without 200 ms of connections within the pod, 6 s of warm-up and a round of 2 s.
    expect(tasks[0]).toContain("settle-ms 51800\\n");
    const without = await measureWith([FLOOR, UNSETTLED], FOREVER);
    expect(await refusal(without.end)).toMatch(/^UnsettledError: Service 1 did not answer within 1 s/);
    expect(without.tasks[0]).toContain("settle-ms 300000\\n");
  });

  it("is over before an N of which nothing was begun", async () => {
    const { end, measured } = await measureWith(logOf(10), () => 0);
    await expect(end).resolves.toEqual({ services: 1, done: doneRounds(0) });
    expect(measured).toEqual([]);
  });
});

describe.skipIf(process.platform === "win32")("a run in a cluster that is interrupted", () => {
  const folder = mkdtempSync(join(os.tmpdir(), "lbscale-measure-"));
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  it("does not wait for what its pods have not seen yet, which may take ten minutes", async () => {
    // It begins to watch, and never sees anything.
    const answers = `clock) echo "{\\"kind\\":\\"clock\\",\\"id\\":$id,\\"ns\\":1}";;
watch) echo "{\\"kind\\":\\"watching\\",\\"id\\":$id}";;`;
    const script = `#!/bin/sh\nwhile read -r word id rest; do case $word in\n${answers}\nesac; done\n`;
    writeFileSync(join(folder, "kubectl"), script);
    chmodSync(join(folder, "kubectl"), 0o755);
    vi.stubEnv("PATH", `${folder}${delimiter}${process.env.PATH}`);
    const interruption = new AbortController();
    const { api } = await serve((method, _path, body): Reply => {
      // The last Service of N, which is watched by then.
      if (JSON.stringify(body).includes('"kind":"Service"') && JSON.stringify(body).includes('"s-0"'))
        interruption.abort();
      if (method === "POST") {
        return { status: 201, body: { metadata: { name: "s" }, spec: { clusterIP: "10.96.0.9" } } };
      }
      const status = { podIP: "10.244.0.2", conditions: [{ type: "Ready", status: "True" }] };
      const items = ["a", "b", "c", "d"].map((name) => ({
        metadata: { name },
        spec: { nodeName: "n" },
        status,
      }));
      return { status: 200, body: { items } };
    });
    const end = measureCluster(
      api,
      { ...JOB, services: [1], scenarios: ["sync"] },
      STATE,
      {
        ...{ signal: interruption.signal, onProgress: () => {}, onNote: () => {}, onMeasured: () => {} },
        ...{ isMeasured: () => false, leftMs: FOREVER },
      },
      () => Buffer.of(),
    );
    await expect(end).resolves.toBeNull();
    expect(interruption.signal.aborted).toBe(true);
  });
});
