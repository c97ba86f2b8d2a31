import { describe, expect, it } from "vitest";
import { lineNames, NAME, plotOf } from "./line-names.js";
import type { NativeChart } from "./native.js";

const BOX = { x: 0.5, y: 1.65, w: 12.3, h: 4.85 };
const RIGHT = 13.2;

/** Lines over 1 to 10,000 that end where they are told to. */
function chartOf(lines: readonly { readonly label: string; readonly end: number }[]): NativeChart {
  const categories = [1, 100, 10_000];
  const axis = { min: 1, max: 10_000, log: true };
  const series = lines.map(({ label, end }) => ({
    label,
    values: categories.map((x) => (x <= end ? x : null)),
    colours: ["000000"],
  }));
  return { categories, series, base: axis, value: axis } as unknown as NativeChart;
}

const LONG = "kube-proxy 1.37 iptables-legacy, IPv6";

describe("names at the ends of a slide's lines", () => {
  it("end before the slide's edge, however long they are", () => {
    const chart = chartOf([
      { label: LONG, end: 10_000 },
      { label: "eBPF hash", end: 10_000 },
    ]);
    for (const { label, x } of lineNames(chart, plotOf(chart, BOX, RIGHT)))
      expect(x + NAME.letter * label.length).toBeLessThanOrEqual(RIGHT + 1e-9);
  });

  it("take of the plot only the room that they need", () => {
    const width = (label: string, end: number) => plotOf(chartOf([{ label, end }]), BOX, RIGHT).w;
    expect(width("nftables", 10_000)).toBe(0.76 * BOX.w);
    expect(width(LONG, 10_000)).toBeLessThan(0.7 * BOX.w);
    expect(width(LONG, 100)).toBe(0.76 * BOX.w);
  });

  it("lie next to the ends of their lines, one below the other where these are close", () => {
    const chart = chartOf([
      { label: "a", end: 100 },
      { label: "b", end: 10_000 },
      { label: "c", end: 10_000 },
    ]);
    const plot = plotOf(chart, BOX, RIGHT);
    const [a, b, c] = lineNames(chart, plot) as [Named, Named, Named];
    expect(a.x).toBeCloseTo(plot.x + plot.w / 2 + 0.15);
    expect(b.x).toBeCloseTo(plot.x + plot.w + 0.15);
    expect(Math.abs(b.y - c.y)).toBeCloseTo(NAME.height);
  });
});
type Named = ReturnType<typeof lineNames>[number];
