import { describe, expect, it } from "vitest";
import { thenCleanUp } from "./then-clean-up.js";

const fail = (words: string) => () => {
  throw new Error(words);
};

describe("cleaning up after work", () => {
  it("takes every step, though one before it failed", async () => {
    const taken: number[] = [];
    const steps = [() => taken.push(1), fail("busy"), () => taken.push(3)];
    await expect(thenCleanUp(async () => "done", steps)).rejects.toThrow("busy");
    expect(taken).toEqual([1, 3]);
  });

  it("fails with the error of the work, not with that of a step", async () => {
    const work = async () => fail("nft: No space left on device")();
    await expect(thenCleanUp(work, [fail("busy")])).rejects.toThrow("nft: No space left on device");
  });

  it("returns what the work returned", async () => {
    await expect(thenCleanUp(async () => 7, [])).resolves.toBe(7);
  });
});
