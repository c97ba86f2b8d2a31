import { beforeEach, describe, expect, it } from "vitest";
import type { RunEvent } from "../../events.js";
import { RunProgress } from "./progress.js";

let now: number;
let said: Extract<RunEvent, { kind: "measuring" }>[];
const progress = (budgetMs: number | null = null) =>
  new RunProgress(
    (event) => {
      if (event.kind === "measuring") said.push(event);
    },
    budgetMs,
    () => now,
  );
const shown = (of: RunProgress) => {
  of.show("something");
  const { done, total, leftMs } = said.at(-1)!;
  return [done, total, leftMs];
};

beforeEach(() => {
  now = 1000;
  said = [];
});

describe("the progress of a run in the kernel's lanes", () => {
  it("counts the steps of all parts from the beginning", () => {
    const counter = progress();
    counter.expect("kernel", [10, 10]);
    counter.expect("programs", [100]);
    expect(shown(counter)).toEqual([0, 3, 120]);
    counter.begin("kernel");
    now += 10;
    counter.step("kernel");
    expect(shown(counter)).toEqual([1, 3, 110]);
  });

  it("expects the rest of a part at its own pace, and parts that have not begun at that of the run", () => {
    const counter = progress();
    counter.expect("kernel", [10, 10]);
    counter.expect("guest", [30, 30]);
    counter.expect("programs", [100]);
    counter.begin("kernel");
    now += 20;
    counter.step("kernel");
    expect(shown(counter)).toEqual([1, 5, 2 * 170]);
    now += 20;
    counter.step("kernel");
    counter.begin("guest");
    now += 90;
    counter.step("guest");
    // 130 ms for 50: the program's 100 take 260.
    expect(shown(counter)).toEqual([3, 5, 3 * 30 + 260]);
  });

  it("drops the steps that a part had no time for, and never counts down below them", () => {
    const counter = progress();
    counter.expect("kernel", [10, 10, 10]);
    counter.expect("programs", [100]);
    counter.begin("kernel");
    now += 10;
    counter.step("kernel");
    counter.end("kernel");
    expect(shown(counter)).toEqual([1, 2, 100]);
    counter.step("kernel");
    expect(shown(counter)).toEqual([1, 2, 100]);
  });

  it("promises no more time than the run has, as long as it has some", () => {
    const counter = progress(50);
    counter.expect("programs", [100, 100]);
    counter.begin("programs");
    now += 20;
    expect(shown(counter)[2]).toBe(30);
    now += 40;
    counter.step("programs");
    expect(shown(counter)[2]).toBe(60);
  });

  it("counts the step that has begun alone once its time is used up", () => {
    const counter = progress(50);
    counter.expect("kernel", [10, 30, 30]);
    counter.expect("programs", [100, 100]);
    counter.begin("kernel");
    now += 60;
    counter.step("kernel");
    expect(shown(counter)[2]).toBe(6 * 30);
  });
});
