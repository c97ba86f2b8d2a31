import { describe, expect, it } from "vitest";
import fc from "../../test/support/properties.js";
import {
  fakeResults,
  withBalance,
  withConnections,
  withEndpoints,
  withPrograms,
} from "../../test/support/results.js";
import { withKernel, withSingles } from "../../test/support/results-lanes.js";
import { trials } from "../../test/support/trials.js";
import { renderConfig, type TextBox } from "../output/image/canvas.js";
import { SIZES, type SizeName } from "../output/image/render.js";
import { compareRuns } from "../results/runs/compare.js";
import type { Results } from "../results/schema.js";
import type { Picture, View } from "./chart.js";
import { comparisonPicture } from "./comparison.js";
import { CHARTS } from "./index.js";

const PLANES = ["direct", "ebpf", "ebpf-maglev", "nftables", "ipvs", "iptables-nft", "iptables", "tomorrow"];

/** 100 seconds: a whole sync may take that long. */
const LONGEST_NS = 1e11;

const anyRun = fc.record({
  planes: fc.subarray(PLANES, { minLength: 1, maxLength: 7 }),
  services: fc.oneof(
    fc.uniqueArray(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 7 }),
    fc.constantFrom([1], [1, 100, 1000, 2000, 2768], [1, 10, 100, 1000, 5000, 10_000, 30_000]),
  ),
  // Ties where it is 0; eleven orders of magnitude where it is 2.
  spread: fc.constantFrom(0, 0.01, 0.3, 2),
  growth: fc.constantFrom(0, 0.5, 1),
  ns: fc.constantFrom(0.6, 40, 999.6, 5e4, 3e8),
  gaps: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 4 }),
  replicates: fc.constantFrom(1, 3, 7),
  entry: fc.constantFrom("clusterIp" as const, "nodePort" as const),
});
type AnyRun = typeof anyRun extends fc.Arbitrary<infer T> ? T : never;

function resultsOf({ planes, services, spread, growth, ns, gaps, replicates, entry }: AnyRun): Results {
  const run = {
    planes,
    services: [...services].sort((a, b) => a - b),
    replicates,
    entry,
    missing: gaps.map(([p, n]) => `${planes[p % planes.length]}/${services[n % services.length]}`),
    latencyNs: (plane: string, n: number) =>
      Math.min(LONGEST_NS, ns * 10 ** (spread * PLANES.indexOf(plane) - spread) * n ** growth),
  };
  const chosen = planes.slice(0, 3);
  return withKernel(
    withSingles(withBalance(withPrograms(withConnections(withEndpoints(fakeResults(run), chosen)))), 20),
  );
}

const sizes = fc.constantFrom(...(Object.keys(SIZES) as SizeName[]));

/** Every text of a picture, as it was drawn. */
function boxesOf(picture: Picture, view: View): TextBox[] {
  const boxes: TextBox[] = [];
  const { config, title, description } = picture;
  renderConfig(config, { ...view, format: "svg", title, description, onText: (box) => boxes.push(box) });
  return boxes.filter(({ text }) => text !== "");
}

function problemsOf(boxes: readonly TextBox[], view: View): string[] {
  const outside = boxes.filter(
    ({ left, right, top, bottom }) => left < 0 || top < 0 || right > view.width || bottom > view.height,
  );
  const shortened = boxes.filter(({ text }) => text.includes("…"));
  const overlapping = boxes.flatMap((a, i) =>
    boxes
      .slice(i + 1)
      .filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
      .map((b) => `"${a.text}" lies over "${b.text}"`),
  );
  return [...[...outside, ...shortened].map(({ text }) => `"${text}" is cut`), ...overlapping];
}

/** Pictures of a run, those that have data. */
function picturesOf(results: Results, view: View): { id: string; picture: Picture }[] {
  return CHARTS.flatMap(({ id, build }) => {
    const picture = build(results, view);
    return "skipped" in picture ? [] : [{ id, picture }];
  });
}

const RUNS = trials(1, 8);

describe("every chart, whatever was measured", () => {
  it("draws no text over another or beyond the edge, and traces a title of at most ten words to its results", () => {
    fc.assert(
      fc.property(anyRun, sizes, (run, size) => {
        const results = resultsOf(run);
        const view: View = { theme: "light", ...SIZES[size] };
        for (const { id, picture } of picturesOf(results, view)) {
          const boxes = boxesOf(picture, view);
          expect([id, boxes.length > 5, problemsOf(boxes, view)]).toEqual([id, true, []]);
          expect([id, picture.title.split(/\s+/).length <= 10]).toEqual([id, true]);
          expect(picture.caption).toMatch(/results [0-9a-f]{12}/);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("shows the same numbers at every size and in every theme", () => {
    const results = withKernel(
      withSingles(withBalance(withPrograms(withConnections(withEndpoints(fakeResults()))))),
    );
    const numbers = (view: View) =>
      picturesOf(results, view).map(({ id, picture }) => [
        id,
        picture.config.data.datasets.map(({ data }) => data),
      ]);
    expect(numbers({ theme: "dark", ...SIZES.square })).toEqual(numbers({ theme: "light", ...SIZES.slide }));
  });
});

describe("a comparison", () => {
  it("draws no text over another or beyond the edge, whatever was compared", () => {
    fc.assert(
      fc.property(anyRun, fc.constantFrom(0.01, 0.9, 1, 1.2, 50), sizes, (run, factor, size) => {
        const results = resultsOf(run);
        const head = structuredClone(results);
        for (const { replicates } of head.cells)
          for (const replicate of replicates) replicate.median *= factor;
        const comparison = compareRuns(results, head);
        if (comparison.planes.length === 0) return;
        const view: View = { theme: "dark", ...SIZES[size] };
        const picture = comparisonPicture(results, head, comparison, view);
        expect(picture.title.split(/\s+/).length).toBeLessThanOrEqual(10);
        expect(problemsOf(boxesOf(picture, view), view)).toEqual([]);
      }),
      { numRuns: Math.min(6, RUNS) },
    );
  });
});
