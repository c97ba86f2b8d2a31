import { expect, it } from "vitest";
import { Deadline } from "./deadline.js";

const never = new Promise<never>(() => {});
const limited = (limitMs: number) => ({ limitMs, isLimitOfRun: false, settleMs: 60_000 });

it("a deadline gives what the work gives within it", async () => {
  const deadline = new Deadline(limited(60_000));
  await expect(deadline.within(Promise.resolve(7))).resolves.toBe(7);
  deadline.end();
  expect(deadline.isOver).toBe(false);
});

it("a deadline fails work that does not end within it, and is over then", async () => {
  const deadline = new Deadline(limited(1));
  await expect(deadline.within(never)).rejects.toThrow("it did not finish within its time limit");
  expect(deadline.isOver).toBe(true);
});

it("a deadline is settled once work that failed late has ended", async () => {
  const deadline = new Deadline(limited(1));
  let end = (_: Error): void => {};
  const work = new Promise<never>((_, reject) => {
    end = reject;
  });
  await expect(deadline.within(work)).rejects.toThrow();
  let isSettled = false;
  const settled = deadline.settled().then(() => {
    isSettled = true;
  });
  await Promise.resolve();
  expect(isSettled).toBe(false);
  end(new Error("its process was killed"));
  await settled;
  expect(isSettled).toBe(true);
});
