import { describe, expect, it } from "vitest";
import { fakeResults } from "../../../test/support/results.js";
import { MODEL_LOOKUP, seriesOf } from "../../analysis/series.js";
import type { Fit } from "../../results/schema.js";
import { scaling } from "../scaling.js";
import { bends, crossoverMarks, fittedCurves } from "./growth-marks.js";

const fit: Fit = {
  plane: "iptables",
  lane: "model",
  scenario: "lookup",
  variant: "",
  quantity: "time",
  law: "N",
  support: 1,
  intercept: 24,
  slope: { value: 1.2, interval: [1.1, 1.3] },
  exponent: null,
  worstDeviation: 0.05,
  describes: true,
  determined: true,
  lastDecade: null,
  steepest: null,
  services: [1, 100, 10_000],
};
const crossing = {
  lane: "model" as const,
  scenario: "lookup",
  variant: "",
  faster: "ebpf",
  slower: "iptables",
  services: 10,
  interval: [9, 11] as [number, number],
  support: 1,
};

describe("fitted laws", () => {
  it("are curves from the smallest to the largest N that they were fitted to", () => {
    const [curve] = fittedCurves({ ...fakeResults(), fits: [fit] }, MODEL_LOOKUP);
    expect(curve![0]).toEqual({ x: 1, y: 25.2 });
    expect(curve!.at(-1)!.y).toBeCloseTo(24 + 1.2 * 10_000);
  });

  it("are not drawn where they don't describe, don't grow, or are of something else", () => {
    const others: Fit[] = [
      { ...fit, describes: false },
      // The work of a hash table is constant, whatever fits its time.
      { ...fit, plane: "ebpf" },
      { ...fit, plane: "nftables" },
      { ...fit, determined: false },
      { ...fit, slope: null, law: "1" },
      { ...fit, slope: { value: 0.001, interval: [0, 0.002] } },
      { ...fit, quantity: "steps" },
      { ...fit, lane: "kernel" },
      { ...fit, scenario: "connect" },
      { ...fit, variant: "affinity" },
    ];
    expect(fittedCurves({ ...fakeResults(), fits: others }, MODEL_LOOKUP)).toEqual([]);
  });
});

describe("bends", () => {
  const results = fakeResults({ planes: ["iptables"], latencyNs: (_, n) => (n > 1000 ? 21 * n : 3 * n) });
  const steepest = {
    from: 1000,
    to: 5000,
    value: 2.2,
    interval: [2.1, 2.3] as [number, number],
  };
  const bent: Fit = { ...fit, describes: false, steepest };
  const bars = (fits: Fit[]) => bends({ ...results, fits }, MODEL_LOOKUP, seriesOf(results, results.cells));

  it("are the measured ends of the stretch where a line without a law grows faster than N", () => {
    const at = (n: number) => results.cells.find(({ services }) => services === n)!.estimate!.median;
    expect(bars([bent])).toEqual([
      { x: 1000, y: at(1000) },
      { x: 5000, y: at(5000) },
    ]);
  });

  it("are not drawn where a law describes the line, or where it may be no steeper than N", () => {
    expect(bars([{ ...bent, describes: true }])).toEqual([]);
    expect(bars([{ ...bent, steepest: { ...steepest, interval: [0.9, 3] } }])).toEqual([]);
    expect(bars([{ ...bent, steepest: null }])).toEqual([]);
    expect(bars([{ ...bent, quantity: "steps" }])).toEqual([]);
  });

  it("are explained in the caption", () => {
    const picture = scaling.build({ ...results, fits: [bent] }, { theme: "light", width: 1600, height: 900 });
    expect("skipped" in picture ? "" : picture.caption).toContain(
      "bars: between them time grows faster than N",
    );
  });
});

describe("crossovers", () => {
  it("lie on the drawn line of the plane that is faster beyond", () => {
    const results = {
      ...fakeResults({
        planes: ["iptables", "ebpf"],
        services: [1, 100],
        replicates: 1,
        latencyNs: (_, n) => 30 * n,
      }),
      crossovers: [crossing],
    };
    const [ring] = crossoverMarks(results, MODEL_LOOKUP, seriesOf(results, results.cells));
    const [low, high] = results.cells.filter(({ plane }) => plane === "ebpf");
    expect(ring!.x).toBe(10);
    expect(ring!.y).toBeCloseTo(Math.sqrt(low!.estimate!.median * high!.estimate!.median));
  });

  it("are explained in the caption, and left out where their line has a gap", () => {
    const caption = (missing: string[]) => {
      const results = { ...fakeResults({ services: [1, 100], missing }), crossovers: [crossing] };
      const picture = scaling.build(results, { theme: "light", width: 1600, height: 900 });
      return "skipped" in picture ? "" : picture.caption;
    };
    expect(caption([])).toContain("rings: one plane overtakes another");
    expect(caption(["ebpf/100"])).not.toContain("rings");
  });
});
