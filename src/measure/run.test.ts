import { beforeEach, describe, expect, it, vi } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import type { Cell, Results } from "../results/schema.js";
import { type Remaining, runSchedule, type ScheduleOptions } from "./run.js";
import type { Job } from "./scenario.js";
import { makeSchedule } from "./schedule.js";
import { levelOf, looksBetween } from "./stopping.js";

/** Empty loops of the replicates to come, one after another; 1 ns where the list is at its end, NaN fails. */
let floors: number[];
/** Of each replicate that is measured, milliseconds. */
const WALL_MS = 50;

/** A process that measures nothing: its spread between replicates is the job's `zipf`, and "crash" fails. */
vi.mock("./spawn.js", async (original) => {
  const spawn = await original<typeof import("./spawn.js")>();
  const { MEASURED } = await import("../../test/support/measured.js");
  return {
    ...spawn,
    runReplicate: async (_script: string, job: Job) => {
      const floorNs = floors.shift() ?? 1;
      if ((job.plane as string) === "crash" || Number.isNaN(floorNs))
        throw new spawn.ReplicateError("no such table");
      const level = 100 * (1 + job.zipf * ((job.seed % 97) / 97 - 0.5));
      const measured = { ...MEASURED, samples: [level * floorNs, level * floorNs], floorNs, facts: {} };
      return { measured, wallMs: WALL_MS };
    },
  };
});

let results: Results;
let order: string[];
beforeEach(() => {
  order = [];
  floors = [];
});

/** A run of two cells, of which the second differs between replicates. */
function plan(least: number, most: number, planes = ["ebpf", "ipvs"]): Results {
  const planned = fakeResults({ planes, services: [1], replicates: 0 });
  const looks = looksBetween(least, most);
  Object.assign(planned.run, {
    looks,
    level: levelOf(looks),
    schedule: makeSchedule(planes.length, most, 1),
  });
  return planned;
}

const options = (signal = new AbortController().signal): ScheduleOptions => ({
  childScript: "child.mjs",
  prefix: [],
  signal,
  jobOf: ({ plane, services }) =>
    ({
      scenario: "lookup",
      plane,
      services,
      warmupMs: 1,
      measureMs: 1,
      singlesMs: 1,
      zipf: plane === "ipvs" ? 0.3 : 0,
    }) as unknown as Omit<Job, "seed">,
  onProgress: ({ cell }) => {
    order.push(cell.plane);
  },
  onReplicate: () => {},
});

const counts = () => results.cells.map(({ replicates }: Cell) => replicates.length);

describe("runSchedule", () => {
  it("measures more where the interval is wide, and stores why it stopped elsewhere", async () => {
    results = plan(7, 9);
    await runSchedule(results, options());
    expect(counts()).toEqual([7, 9]);
    expect(results.cells[0]!.stopped).toMatchObject({ replicates: 7, reason: "precise" });
    expect(results.cells[1]!.stopped).toBeNull();
  });

  it("follows the stored order, also when it is resumed, and keeps what is there", async () => {
    const whole = plan(3, 3);
    results = whole;
    await runSchedule(whole, options());
    const uninterrupted = order;
    order = [];
    results = plan(3, 3);
    const interruption = new AbortController();
    await runSchedule(results, {
      ...options(interruption.signal),
      onReplicate: () => {
        if (order.length === 2) interruption.abort();
      },
    });
    const kept = structuredClone(results.cells);
    expect(counts().reduce((a, b) => a + b)).toBe(2);
    await runSchedule(results, options());
    expect(order).toEqual(uninterrupted);
    for (const [i, { replicates }] of kept.entries()) {
      expect(results.cells[i]!.replicates.slice(0, replicates.length)).toEqual(replicates);
    }
    const places = (run: Results) =>
      run.cells.map((cell) => cell.replicates.map(({ order: at, seed }) => [at, seed]));
    expect(places(results)).toEqual(places(whole));
  });

  it("fails a cell with its reason, not the run, and does not try it for ever", async () => {
    results = plan(4, 4, ["crash", "ebpf"]);
    await runSchedule(results, options());
    expect(counts()).toEqual([0, 4]);
    expect(results.cells[0]!.warnings).toEqual(["a replicate failed: no such table"]);
    expect(order.filter((plane) => plane === "crash")).toHaveLength(2);
  });

  it("measures again what another tenant disturbed, twice at most, and keeps those takes out of the cell", async () => {
    results = plan(4, 4, ["ebpf"]);
    results.run.budgetSeconds = 100 * WALL_MS;
    floors = [1, 1.6, 1.1, 1.6, 1.7, 1.8, 1.2];
    await runSchedule(results, options());
    const [{ replicates, disturbed }] = results.cells as [Cell];
    expect(replicates.map(({ floorNs }) => floorNs)).toEqual([1, 1.1, 1.8, 1.2]);
    expect(disturbed.map(({ block, floorNs, median }) => [block, floorNs, median])).toEqual([
      [1, 1.6, 160],
      [2, 1.6, 160],
      [2, 1.7, 170],
    ]);
  });

  it("keeps a disturbed take where its repetition fails, and says that it failed", async () => {
    results = plan(4, 4, ["ebpf"]);
    results.run.budgetSeconds = 100 * WALL_MS;
    floors = [1, 1.6, Number.NaN, 1, 1];
    await runSchedule(results, options());
    const [{ replicates, disturbed, warnings }] = results.cells as [Cell];
    expect(replicates.map(({ floorNs, block }) => [floorNs, block])).toEqual([
      [1, 0],
      [1.6, 1],
      [1, 2],
      [1, 3],
    ]);
    expect(disturbed).toEqual([]);
    expect(warnings).toEqual(["a replicate failed: no such table"]);
  });

  it("measures nothing again without a budget of time, or beyond three tenths of it", async () => {
    for (const budgetSeconds of [null, 1e-6]) {
      results = plan(3, 3, ["ebpf"]);
      results.run.budgetSeconds = budgetSeconds;
      floors = [1, 1.6, 1.6, 1.6];
      await runSchedule(results, options());
      expect(results.cells[0]!.disturbed).toHaveLength(budgetSeconds === null ? 0 : 1);
    }
  });

  it("knows how much is probably left, and what at most", async () => {
    results = plan(7, 9);
    const seen: Remaining[] = [];
    await runSchedule(results, {
      ...options(),
      onProgress: ({ cell: _, ...remaining }) => {
        seen.push(remaining);
      },
    });
    expect(seen[0]).toEqual({ done: 0, total: 14, leftMs: null, mostLeftMs: null });
    // Of the second cell it is known by then that it will go on.
    expect(seen[13]).toMatchObject({ done: 13, total: 16, leftMs: 3 * WALL_MS });
    expect(seen[14]).toMatchObject({ done: 14, total: 16, leftMs: 2 * WALL_MS });
    // What may follow the look is said as a limit from the first replicate on, and nothing follows the last.
    expect(seen[1]).toMatchObject({ mostLeftMs: 17 * WALL_MS });
    expect(seen[1]!.leftMs).toBeCloseTo(14.6 * WALL_MS, 6);
    expect(seen.at(-1)).toMatchObject({ leftMs: WALL_MS, mostLeftMs: null });
  });
});
