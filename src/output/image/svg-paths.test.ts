import { describe, expect, it } from "vitest";
import { shortenPaths } from "./svg-paths.js";

/** A circle as Skia writes it: many curves whose ends lie on it. */
function manyCurves(cx: number, cy: number, r: number, count = 48): string {
  const at = (i: number) =>
    `${(cx + r * Math.cos((2 * Math.PI * i) / count)).toFixed(4)} ${(cy + r * Math.sin((2 * Math.PI * i) / count)).toFixed(4)}`;
  return `M${at(0)}${Array.from({ length: count }, (_, i) => `Q${at(i + 0.5)} ${at(i + 1)}`).join("")}Z`;
}

describe("shorter paths of an SVG", () => {
  it("round coordinates to hundredths of a pixel", () => {
    expect(shortenPaths('<path d="M1.23456 2L3 4.5"/>')).toBe('<path d="M1.23 2L3 4.5"/>');
  });

  it("write a circle as two arcs of its radius", () => {
    expect(shortenPaths(`<path d="${manyCurves(100, 50, 7.5)}"/>`)).toBe(
      '<path d="M92.50 50.00a7.50 7.50 0 1 0 15.00 0a7.50 7.50 0 1 0 -15.00 0Z"/>',
    );
  });

  it("leave closed curves alone that are no circle", () => {
    const squeezed = manyCurves(100, 50, 7.5).replace(/ 5\d\.\d+/g, " 51");
    expect(shortenPaths(`<path d="${squeezed}"/>`)).toContain("Q");
  });
});
