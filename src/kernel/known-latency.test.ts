import { expect, it } from "vitest";
import { elementsBeyond } from "./known-latency.js";

it("the table beyond the last-level cache is four times that, a power of two of lines, and 256 MiB at most", () => {
  const MiB = 2 ** 20;
  expect([32 * MiB, 36 * MiB, 2 ** 30, null].map((bytes) => (elementsBeyond(bytes) * 64) / MiB)).toEqual([
    128, 256, 256, 128,
  ]);
});
