import { expect, it } from "vitest";
import { boxAt, overlap, passes } from "./boxes.js";

const box = boxAt(10, 50, 20, 10);

it("stands on its left edge and around the middle of its height", () => {
  expect(box).toEqual({ left: 10, right: 30, top: 45, bottom: 55 });
});

it("overlaps what it has a part in common with, not what it touches", () => {
  expect(overlap(box, boxAt(29, 60, 20, 12))).toBe(true);
  expect(overlap(box, boxAt(30, 50, 20, 10))).toBe(false);
});

it("is passed by a line that has no point in it, and by a strip that is wide enough", () => {
  const line = [
    { x: 0, y: 0 },
    { x: 40, y: 100 },
  ];
  expect(passes(line, box, ({ y }) => [y, y])).toBe(true);
  const under = line.map(({ x }) => ({ x, y: 70 }));
  expect(passes(under, box, ({ y }) => [y, y])).toBe(false);
  expect(passes(under, box, ({ y }) => [y - 20, y])).toBe(true);
});
