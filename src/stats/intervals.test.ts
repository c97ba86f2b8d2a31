import { describe, expect, it } from "vitest";
import { trials } from "../../test/support/trials.js";
import { Random } from "../random.js";
import { expandedLevels, hierarchicalMedianInterval } from "./bootstrap.js";
import { adjustForCovariate, clampedSlope } from "./covariate.js";
import { fisherTail, normalShare, studentQuantile, studentShare } from "./distributions.js";
import { pairedRatios, pooledPercentiles } from "./percentiles.js";
import { quantileSorted } from "./quantile.js";

describe("distribution functions", () => {
  // NIST/SEMATECH e-Handbook of Statistical Methods, tables 1.3.6.7.1 (normal) and 1.3.6.7.2 (t).
  it("equal the NIST tables", () => {
    expect(studentQuantile(0.975, 6)).toBeCloseTo(2.447, 3);
    expect(studentQuantile(0.95, 10)).toBeCloseTo(1.812, 3);
    expect(studentQuantile(0.999, 20)).toBeCloseTo(3.552, 3);
    expect(studentShare(2.447, 6)).toBeCloseTo(0.975, 4);
    expect(normalShare(1.96)).toBeCloseTo(0.975, 4);
    // 1.3.6.7.3: F(5, 10) exceeds 3.326 in 5 % of cases.
    expect(fisherTail(3.326, 5, 10)).toBeCloseTo(0.05, 4);
    expect(normalShare(-2.5)).toBeCloseTo(0.00621, 5);
  });
});

describe("expandedLevels", () => {
  it("makes the percentile interval as wide as the t interval: z · sqrt((n - 1) / n) = t", () => {
    const [low, high] = expandedLevels(0.95, 10);
    // R: ExpandProbs(c(.025, .975), 10) = 0.00856 0.99144, as pnorm(-sqrt(10/9) * qt(.975, 9)).
    expect(low).toBeCloseTo(0.00856, 4);
    expect(high).toBeCloseTo(0.99144, 4);
  });

  it("approaches the plain level for many replicates", () => {
    expect(expandedLevels(0.95, 10_000)[0]).toBeCloseTo(0.025, 3);
  });
});

/** Cells that are simulated, and the share of them that an interval of 95 % covers less three standard errors. */
const CELLS = trials(100, 300);
const LEAST_COVERED = 0.95 - 3 * Math.sqrt((0.95 * 0.05) / CELLS);

/** How replicates of one cell differ, as multiples of its true median. */
const SPREADS: readonly (readonly [string, (random: Random) => number])[] = [
  ["normal", (random) => 1 + 0.04 * random.normal()],
  ["long-tailed", (random) => Math.exp(0.08 * Math.max(-0.6, random.normal()) ** 3)],
  ["of two states", (random) => (random.unit() < 0.5 ? 0.97 : 1.03) + 0.005 * random.normal()],
];

/** Replicates of 20 samples that differ by 1 % within. */
function draw(random: Random, count: number, level: (random: Random) => number): number[][] {
  return Array.from({ length: count }, () => {
    const centre = 100 * level(random);
    return Array.from({ length: 20 }, () => centre * (1 + 0.01 * random.normal()));
  });
}

describe("hierarchicalMedianInterval", () => {
  it.each(SPREADS)(
    "covers the median in 95 % of cells of seven replicates whose spread is %s",
    (_, level) => {
      const random = Random.fromSeed(11);
      let covered = 0;
      for (let cell = 0; cell < CELLS; cell++) {
        const [low, high] = hierarchicalMedianInterval(draw(random, 7, level), cell);
        if (low <= 100 && 100 <= high) covered++;
      }
      expect(covered / CELLS).toBeGreaterThan(LEAST_COVERED);
    },
  );

  it.each(SPREADS)(
    "covers it in 95 % of cells that stop when it happens to be narrow (three looks, each at 98.3 %), spread %s",
    (_, level) => {
      const random = Random.fromSeed(12);
      let covered = 0;
      for (let cell = 0; cell < CELLS; cell++) {
        const all = draw(random, 42, level);
        let interval: [number, number] = [0, 0];
        for (const look of [7, 14, 42]) {
          interval = hierarchicalMedianInterval(all.slice(0, look), cell, 1 - 0.05 / 3);
          if ((interval[1] - interval[0]) / 2 < 0.05 * 100) break;
        }
        if (interval[0] <= 100 && 100 <= interval[1]) covered++;
      }
      expect(covered / CELLS).toBeGreaterThan(LEAST_COVERED);
    },
  );

  it("is as wide as replicates differ, however many samples agree within each", () => {
    const random = Random.fromSeed(2);
    const [low, high] = hierarchicalMedianInterval(
      draw(random, 7, (r) => 1 + 0.1 * r.normal()),
      1,
    );
    expect(high - low).toBeGreaterThan(3);
  });

  it("gives the same interval for the same seed", () => {
    const data = draw(Random.fromSeed(3), 7, (r) => 1 + 0.1 * r.normal());
    expect(hierarchicalMedianInterval(data, 5)).toEqual(hierarchicalMedianInterval(data, 5));
  });
});

describe("adjustForCovariate", () => {
  /** Replicates whose time follows memory speed with `slope`, and differ by `noise` in addition. */
  const cell = (random: Random, slope: number, noise: number) =>
    Array.from({ length: 7 }, () => {
      const memory = 0.3 * random.normal();
      const level = 100 * Math.exp(slope * memory + noise * random.normal());
      return {
        samples: Array.from({ length: 20 }, () => level * (1 + 0.01 * random.normal())),
        covariate: 80 * Math.exp(memory),
      };
    });

  it("moves times to the reference speed of memory and narrows their interval to less than half", () => {
    const replicates = cell(Random.fromSeed(1), 1, 0.01);
    const { median, interval, slope } = adjustForCovariate(replicates, 80, 1);
    expect(slope).toBeCloseTo(1, 1);
    expect(median).toBeGreaterThan(97);
    expect(median).toBeLessThan(103);
    const raw = hierarchicalMedianInterval(
      replicates.map(({ samples }) => samples),
      1,
    );
    expect(interval[1] - interval[0]).toBeLessThan((raw[1] - raw[0]) / 2);
  });

  it("leaves a cell that does not follow memory nearly as it is", () => {
    const { slope, median } = adjustForCovariate(cell(Random.fromSeed(2), 0, 0.02), 80, 1);
    expect(slope).toBeLessThan(0.1);
    expect(median).toBeGreaterThan(96);
    expect(median).toBeLessThan(104);
  });

  it("still covers the median in 95 % of cells, although the slope is estimated from seven replicates", () => {
    const random = Random.fromSeed(5);
    let covered = 0;
    for (let trial = 0; trial < CELLS; trial++) {
      const [low, high] = adjustForCovariate(cell(random, 0.6, 0.06), 80, trial).interval;
      if (low <= 100 && 100 <= high) covered++;
    }
    expect(covered / CELLS).toBeGreaterThan(LEAST_COVERED);
  });

  it("keeps its slope between 0 and 2", () => {
    expect(clampedSlope([1, 2, 3], [3, 2, 1])).toBe(0);
    expect(clampedSlope([1, 2, 3], [0, 10, 20])).toBe(2);
    expect(clampedSlope([1, 1, 1], [1, 2, 3])).toBe(0);
  });
});

describe("pooledPercentiles of seconds that resemble each other", () => {
  const SECONDS = 60;
  const PER_SECOND = 20;
  /** Of the logarithm of a second's share of slow connections, with that of the second before: as in the published run in a cluster. */
  const CORRELATION = 0.25;
  const SPREAD = 0.8;

  /** Connections of so many seconds: a quarter is slow on average, and the machine decides from second to second. */
  function connect(random: Random, seconds: number): number[][] {
    let state = random.normal();
    return Array.from({ length: seconds }, () => {
      state = CORRELATION * state + Math.sqrt(1 - CORRELATION ** 2) * random.normal();
      const slow = Math.min(0.9, 0.25 * Math.exp(SPREAD * state - SPREAD ** 2 / 2));
      return Array.from({ length: PER_SECOND }, () =>
        random.unit() < slow ? 100 - 50 * Math.log(1 - random.unit()) : 50 + 50 * random.unit(),
      );
    });
  }

  const truth = quantileSorted(Float64Array.from(connect(Random.fromSeed(1), 20_000).flat()).sort(), 0.8);

  /** In which share of cells the interval over rounds of so many seconds covers the truth, and how wide it is on average. */
  function intervalsOver(roundSeconds: number): { covered: number; width: number } {
    const random = Random.fromSeed(2);
    let covered = 0;
    let width = 0;
    for (let cell = 0; cell < CELLS; cell++) {
      const seconds = connect(random, SECONDS);
      const rounds = Array.from({ length: SECONDS / roundSeconds }, (_, i) =>
        seconds.slice(i * roundSeconds, (i + 1) * roundSeconds).flat(),
      );
      const [percentile] = pooledPercentiles(rounds, [0.8], cell);
      const [low = 0, high = 0] = percentile?.interval ?? [];
      if (low <= truth && truth <= high) covered++;
      width += (high - low) / CELLS;
    }
    return { covered: covered / CELLS, width };
  }

  it("cover in 95 % of cells by ten rounds, and in fewer by sixty, whose intervals are narrower", () => {
    const [ten, sixty] = [intervalsOver(6), intervalsOver(1)];
    expect(ten.covered).toBeGreaterThan(LEAST_COVERED);
    expect(sixty.covered).toBeLessThan(ten.covered);
    expect(sixty.width).toBeLessThan(0.9 * ten.width);
  });
});

describe("pairedRatios of rounds of two interleaved series", () => {
  const ROUNDS = 10;
  const PER_ROUND = 100;
  const TIMES = 1.1;

  /** Two series, one `TIMES` as slow as the other, on a machine whose speed changes by a quarter from round to round. */
  function slowTogether(random: Random): { above: number[][]; below: number[][] } {
    const series: { above: number[][]; below: number[][] } = { above: [], below: [] };
    for (let round = 0; round < ROUNDS; round++) {
      const speed = Math.exp(0.25 * random.normal());
      const times = () =>
        Array.from({ length: PER_ROUND }, () => speed * (50 - 10 * Math.log(random.unit())));
      series.above.push(times().map((ns) => TIMES * ns));
      series.below.push(times());
    }
    return series;
  }

  it("cover the ratio in 95 % of cells, and are a third as wide as the percentiles' own or less", () => {
    const random = Random.fromSeed(3);
    let covered = 0;
    let width = 0;
    let ownWidth = 0;
    for (let cell = 0; cell < CELLS; cell++) {
      const { above, below } = slowTogether(random);
      const [ratio] = pairedRatios(above, below, [0.9], cell);
      const [own] = pooledPercentiles(above, [0.9], cell);
      const [low, high] = ratio!.interval;
      if (low <= TIMES && TIMES <= high) covered++;
      width += (high - low) / ratio!.value;
      ownWidth += (own!.interval[1] - own!.interval[0]) / own!.value;
    }
    expect(covered / CELLS).toBeGreaterThan(LEAST_COVERED);
    expect(width).toBeLessThan(ownWidth / 3);
  });

  /**
   * Connections to an endpoint and to a Service, which takes 5 longer, fifty of each in a second. In a slow
   * moment, which the machine decides from second to second, each takes longer by chance: no factor applies to both.
   */
  function interleave(random: Random, rounds: number): { above: number[][]; below: number[][] } {
    const [SECONDS, PER_SECOND] = [6, 50];
    const series: { above: number[][]; below: number[][] } = { above: [], below: [] };
    let state = random.normal();
    for (let round = 0; round < rounds; round++) {
      const [above, below]: [number[], number[]] = [[], []];
      for (let second = 0; second < SECONDS; second++) {
        state = 0.25 * state + Math.sqrt(1 - 0.25 ** 2) * random.normal();
        const slow = Math.min(0.9, 0.1 * Math.exp(0.8 * state));
        const time = () =>
          40 + 10 * random.unit() - (random.unit() < slow ? 30 * Math.log(random.unit()) : 0);
        for (let i = 0; i < PER_SECOND; i++) {
          above.push(5 + time());
          below.push(time());
        }
      }
      series.above.push(above);
      series.below.push(below);
    }
    return series;
  }

  it("cover it at p50 and p99 where slow moments add time to single connections", () => {
    const shares = [0.5, 0.99];
    const long = interleave(Random.fromSeed(5), 1000);
    const [above, below] = [long.above, long.below].map((all) => Float64Array.from(all.flat()).sort());
    const truths = shares.map((share) => quantileSorted(above!, share) / quantileSorted(below!, share));
    const random = Random.fromSeed(6);
    const covered = shares.map(() => 0);
    for (let cell = 0; cell < CELLS; cell++) {
      const { above, below } = interleave(random, ROUNDS);
      for (const [i, { interval }] of pairedRatios(above, below, shares, cell).entries()) {
        if (interval[0] <= truths[i]! && truths[i]! <= interval[1]) covered[i]!++;
      }
    }
    for (const count of covered) expect(count / CELLS).toBeGreaterThan(LEAST_COVERED);
  });

  it("are 1 without any width for a series and itself", () => {
    const { above } = slowTogether(Random.fromSeed(4));
    expect(pairedRatios(above, above, [0.5, 0.99], 1)).toEqual([
      { value: 1, interval: [1, 1] },
      { value: 1, interval: [1, 1] },
    ]);
  });
});
