import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { beforeEach, expect, it, vi } from "vitest";
import type { Job, Prepared, Subject } from "../scenario.js";
import { calibrate, heapBytesPerOperation, timeBatches } from "./batches.js";

/** The time in nanoseconds, for calibration alone: it passes while a subject runs, and a little with each reading. */
let clock: number;
vi.mock("./clock.js", async (original) => ({
  ...(await original<typeof import("./clock.js")>()),
  nowNs: () => (clock += 50),
}));
beforeEach(() => {
  clock = 0;
});

/** Operations of a batch of which each takes so long, of a trace of so many. */
function calibrated(operationNs: number, operations: number): number {
  const subject: Subject = {
    operations,
    reset: () => {},
    run: (_start, count) => {
      clock += count * operationNs;
      return 0;
    },
    runNoop: () => 0,
    explain: () => 0,
  };
  const prepared: Prepared = {
    programBytes: 0,
    facts: {},
    disagreements: 0,
    calibration: () => subject,
    subject: () => subject,
  };
  return calibrate(prepared);
}

it("fills half a millisecond with operations, more than a pass of the trace where they are short", () => {
  expect(calibrated(100, 1 << 14)).toBe(Math.round(500_000 / (100 + 50 / 5000)));
  expect(calibrated(1000, 100)).toBe(Math.round(500_000 / (1000 + 50 / 100)));
  expect(calibrated(10_000_000, 100)).toBe(1);
});

it("fills a batch with no more operations than tables of connections hold, however short they are", () => {
  expect(calibrated(0, 2048)).toBe(65_536);
});

it("finds an operation that allocates, and not what is allocated once in a while", () => {
  const kept: unknown[] = new Array(10_000).fill(null);
  let at = 0;
  const subject = (allocates: (start: number) => number): Subject => ({
    operations: 800,
    reset: () => {},
    run: (start, count) => {
      for (let i = 0; i < allocates(start) * count; i++) kept[at++ % kept.length] = { start, i };
      return 0;
    },
    runNoop: () => 0,
    explain: () => 0,
  });
  expect(
    heapBytesPerOperation(
      subject(() => 1),
      100,
    ),
  ).toBeGreaterThan(8);
  expect(
    heapBytesPerOperation(
      subject((start) => (start === 300 ? 1 : 0)),
      100,
    ),
  ).toBe(0);
});

it("counts the collections that fall into a sample, not those between two", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const subject = (during: Partial<Pick<Subject, "run" | "beforeBatch">>): Subject => ({
    operations: 16,
    reset: () => {},
    run: () => 0,
    runNoop: () => 0,
    explain: () => 0,
    ...during,
  });
  const job = { scenario: "lookup", warmupMs: 0, measureMs: 0, slowdown: 0 } as Job;
  const between = await timeBatches(subject({ beforeBatch: collect }), 16, job);
  expect(between.collections).toBe(0);
  const run = () => {
    collect();
    return 0;
  };
  const during = await timeBatches(subject({ beforeBatch: () => {}, run }), 16, job);
  expect(during.collections).toBe(during.samples.length);
});
