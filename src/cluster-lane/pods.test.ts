import { describe, expect, it } from "vitest";
import { refusal, serve } from "../../test/support/api-server.js";
import { settingOf } from "./plan.js";
import { waitForProbes, waitForPull } from "./pods.js";

const JOB = {
  ...{ options: {}, runId: "r", services: [1], endpoints: 1, rounds: 6, seed: 1, family: null },
  scenarios: ["connect" as const],
};
const SETTING = settingOf(JOB, { image: "registry.k8s.io/pause:3.10", families: [4] });

const condition = (type: string, status: string, message = "") => ({ type, status, message });
const waiting = (reason: string, ...conditions: object[]) => ({
  ...{ phase: "Pending", conditions },
  containerStatuses: [{ state: { waiting: { reason } } }],
});

/** A pod that has the image pulled shows these one after the other, and then the last. */
async function pull(...statuses: object[]) {
  let asked = 0;
  const { api } = await serve((_, path) => {
    if (!path.includes("/pods?")) return { status: 404, body: { message: "not found" } };
    const status = statuses[Math.min(asked++, statuses.length - 1)];
    return { status: 200, body: { items: [{ metadata: { name: "p" }, spec: {}, status }] } };
  });
  return refusal(waitForPull(api, SETTING, { role: "pull-amd64", nodes: 1 }));
}

const NETWORK = condition("PodReadyToStartContainers", "True");
const many = <T>(status: T, count: number): T[] => Array.from({ length: count }, () => status);

describe.skipIf(process.platform === "win32")("a pod that has the image pulled", () => {
  it("is no reason to name another image where it is not scheduled or has no network", async () => {
    const words = "0/3 nodes are available: 3 Insufficient cpu.";
    const unscheduled = { phase: "Pending", conditions: [condition("PodScheduled", "False", words)] };
    expect(await pull(unscheduled)).toBe(
      `ClusterFailedError: the pods of pull-amd64 do not start or end in time: ${words}`,
    );
    const creating = waiting("ContainerCreating", condition("PodReadyToStartContainers", "False"));
    expect(await pull(creating)).toMatch(/^ClusterFailedError: .*ContainerCreating$/);
  });

  it("has more than a minute to be scheduled, where the nodes have the image and don't list it", async () => {
    const unscheduled = { phase: "Pending", conditions: [condition("PodScheduled", "False", "busy")] };
    expect(await pull(...many(unscheduled, 150), { phase: "Succeeded" })).toBe("none");
  });

  it("names the image where the kubelet pulls it for more than a minute, or says that it can't", async () => {
    for (const pulling of [
      waiting("ContainerCreating", NETWORK),
      // Before Kubernetes 1.29 its address is what shows that it has a network.
      { ...waiting("ContainerCreating"), podIP: "10.244.0.2" },
    ]) {
      expect(await pull(pulling)).toMatch(
        /^ClusterUnfitError: .* have not pulled image .*:3.10 within 60 s: /,
      );
      expect(await pull(...many(pulling, 100), { phase: "Succeeded" })).toBe("none");
    }
    expect(await pull(waiting("ImagePullBackOff", NETWORK))).toMatch(
      /^ClusterUnfitError: the nodes have no image .*:3.10 and can't pull it/,
    );
  });

  it("names the image where the program does not run in it", async () => {
    expect(await pull({ phase: "Failed" })).toMatch(/^ClusterUnfitError: the probe does not start in image/);
  });
});

const probe = (phase: string) => ({ metadata: { name: phase }, spec: {}, status: { phase } });

/** Waits for probes of as many nodes, whose phases are these one after the other: what it returns, and its pauses in between. */
async function awaitProbes(measuringMs: number, ...phases: string[][]) {
  let asked = 0;
  const { api } = await serve(() => {
    const items = phases[Math.min(asked++, phases.length - 1)]!.map(probe);
    return { status: 200, body: { items } };
  });
  const pausesMs: number[] = [];
  const pause = api.pause.bind(api);
  api.pause = (ms) => {
    pausesMs.push(ms);
    return pause(ms);
  };
  const what = { role: "probe-1-amd64", nodes: phases[0]!.length };
  const ended = await waitForProbes(api, SETTING, what, { measuringMs, patienceMs: 600_000 });
  return { ended: ended.map(({ status }) => status.phase), pausesMs };
}

describe.skipIf(process.platform === "win32")("a probe", () => {
  const pausesWhile = async (measuringMs: number) =>
    (await awaitProbes(measuringMs, ["Pending"], ["Running"], ["Running"], ["Running"], ["Succeeded"]))
      .pausesMs;

  it("is looked at twice a second until it runs, and every five seconds while it measures", async () => {
    expect(await pausesWhile(60_000)).toEqual([500, 5000, 5000]);
  });

  it("is looked at ten times in the time that it measures, where that is short", async () => {
    expect(await pausesWhile(20_000)).toEqual([500, 2000, 2000]);
    expect(await pausesWhile(600)).toEqual([500, 500, 500]);
  });

  it("that failed ends the wait for those of other nodes, which its Job ends", async () => {
    const { ended } = await awaitProbes(
      60_000,
      ["Pending", "Pending"],
      ["Running", "Running"],
      ["Failed", "Running"],
    );
    expect(ended).toEqual(["Failed"]);
  });

  it("of several is waited for until all have ended", async () => {
    const { ended } = await awaitProbes(
      60_000,
      ["Running", "Pending"],
      ["Succeeded", "Running"],
      ["Succeeded", "Succeeded"],
    );
    expect(ended).toEqual(["Succeeded", "Succeeded"]);
  });
});
