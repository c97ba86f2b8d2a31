import { expect, it } from "vitest";
import { fakeResults } from "../../../test/support/results.js";
import { RunClock } from "./budget.js";

it("a run that is resumed goes on with what earlier sessions left of its budget", () => {
  const { run } = fakeResults();
  run.budgetSeconds = 10;
  let now = 1000;
  const first = new RunClock(run, () => now);
  now += 500;
  expect(first.leftMs()).toBe(10_000);
  first.start();
  now += 4000;
  first.start();
  expect(first.leftMs()).toBe(6000);
  expect(first.leftMs(0.5)).toBe(1000);
  // Another process, whose clock starts again, reads what was stored.
  const stored = structuredClone(run);
  now = 7;
  const second = new RunClock(stored, () => now);
  second.start();
  expect(second.leftMs()).toBe(6000);
  expect(second.leftMs(0.5)).toBe(3000);
  now += 7000;
  expect(second.leftMs()).toBe(0);
  expect(stored.spentMs).toBe(11_000);
});

it("a run without a budget has all time left, and counts what it spends all the same", () => {
  const { run } = fakeResults();
  let now = 0;
  const clock = new RunClock(run, () => now);
  clock.start();
  now = 12;
  expect(clock.leftMs(0.2)).toBe(Number.POSITIVE_INFINITY);
  expect(run.spentMs).toBe(12);
});
