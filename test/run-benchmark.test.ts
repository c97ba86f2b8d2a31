import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import {
  InterruptedRunError,
  InvalidRunSpecError,
  type RunEvent,
  resumeBenchmark,
  runBenchmark,
} from "lbscale/run";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readResults } from "../src/results/files.js";

/** Four short processes. */
const SPEC = {
  profile: "quick",
  planes: ["iptables", "ebpf"],
  services: [1, 20],
  replicates: { least: 1, most: 1 },
  warmupMs: 1,
  measureMs: 5,
};

describe("runBenchmark, on the built package", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(os.tmpdir(), "lbscale-library-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("measures in memory, reports what it does, and says how to repeat the run", async () => {
    const events: RunEvent[] = [];
    const results = await runBenchmark(SPEC, { onProgress: (event) => events.push(event) });
    expect(results.run.complete).toBe(true);
    expect(
      results.cells.map(({ plane, services, replicates }) => [plane, services, replicates.length]),
    ).toEqual(
      ["iptables", "ebpf"].flatMap((plane) => [
        [plane, 1, 1],
        [plane, 20, 1],
      ]),
    );
    expect(results.run.command).toBe(`runBenchmark(${JSON.stringify(SPEC)})`);
    expect(events.map(({ kind }) => kind)).toEqual(["planned", "certifying", ...Array(4).fill("measuring")]);
    expect(events[0]).toMatchObject({ cells: 4, leastReplicates: 1, out: null });
  });

  it("measures several versions of kube-proxy side by side, and says which", async () => {
    const { run, planes, equivalence, cells } = await runBenchmark({
      ...SPEC,
      planes: ["nftables@1.37", "nftables@1.35"],
      services: [20],
      scenarios: ["lookup"],
    });
    expect(cells.map(({ plane, work }) => [plane, work?.mapLookups])).toEqual([
      ["nftables@1.35", 5],
      ["nftables@1.37", 7],
    ]);
    expect(run.settings.kubeProxy).toEqual({ "nftables@1.35": "1.35.4", "nftables@1.37": "1.37.2" });
    expect(equivalence).toMatchObject({ planes: ["nftables@1.35", "nftables@1.37"], disagreements: 0 });
    expect(planes!["nftables@1.35"]!.label).toBe("nftables, layout of 1.35");
  });

  it("stops when its signal aborts, keeps what it has, and is finished by resumeBenchmark", async () => {
    const out = join(folder, "stopped");
    const stop = new AbortController();
    const run = runBenchmark(SPEC, {
      out,
      signal: stop.signal,
      onProgress: (event) => event.kind === "measuring" && event.done === 2 && stop.abort(),
    });
    const error = await run.then(
      () => null,
      (reason: unknown) => reason,
    );
    if (!(error instanceof InterruptedRunError)) throw new Error(`not interrupted: ${error}`);
    expect(error).toMatchObject({ out, resumable: true });
    const kept = readResults(out);
    expect(kept.run.complete).toBe(false);
    expect(kept.cells.flatMap(({ replicates }) => replicates)).toHaveLength(2);
    expect(readdirSync(out)).toEqual(["results.json"]);
    const whole = await resumeBenchmark({ out });
    expect(whole.cells.flatMap(({ replicates }) => replicates)).toHaveLength(4);
    // What was spent before counts when it goes on.
    expect(kept.run.spentMs).toBeGreaterThan(0);
    expect(whole.run.spentMs).toBeGreaterThan(kept.run.spentMs!);
    expect(readResults(out).run.complete).toBe(true);
  });

  it("refuses what can't be measured before it writes anything", async () => {
    const out = join(folder, "never");
    await expect(runBenchmark({ planes: ["xdp"] }, { out })).rejects.toThrow(InvalidRunSpecError);
    await expect(runBenchmark({ scenarios: ["sleep"] }, { out })).rejects.toThrow(
      /scenarios: "sleep" is unknown/,
    );
    await expect(runBenchmark({ profile: "huge" }, { out })).rejects.toThrow(/choose from quick, default/);
    expect(existsSync(out)).toBe(false);
  });
});
