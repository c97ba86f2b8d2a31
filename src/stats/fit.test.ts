import { describe, expect, it } from "vitest";
import { Random } from "../random.js";
import { crossingsOf, crossovers } from "./crossover.js";
import { lastDecadeExponent, steepestStretch } from "./exponent.js";
import { chooseLaw, exponentOf, fitLaw, worstDeviation } from "./fit.js";
import type { Law } from "./law.js";
import type { Group } from "./log-fit.js";
import { pooledPercentiles } from "./percentiles.js";

const SERVICES = [1, 10, 100, 1000, 5000, 10_000, 30_000];

/** Seven replicates at each N of `law(N)`, with log-normal noise of 5 %: a time is never negative. */
function simulate(random: Random, law: (n: number) => number, noise = 0.05): Group[] {
  return SERVICES.map((n) => ({
    n,
    values: Float64Array.from({ length: 7 }, () => law(n) * Math.exp(noise * random.normal())),
  }));
}

/** One true law of each class, as steep as lookups are. */
const TRUTHS: readonly (readonly [Law, (n: number) => number])[] = [
  ["1", () => 50],
  ["log N", (n) => 50 + 10 * Math.log2(n)],
  ["N", (n) => 100 + 2.5 * n],
  ["N log N", (n) => 100 + 0.2 * n * Math.log2(n)],
];

describe("chooseLaw", () => {
  it.each(TRUTHS)("chooses O(%s) in at least 95 %% of 1,000 trials with 5 %% noise", (law, truth) => {
    const random = Random.fromSeed(1, law);
    let right = 0;
    for (let trial = 0; trial < 1000; trial++) if (chooseLaw(simulate(random, truth)).law === law) right++;
    expect(right).toBeGreaterThanOrEqual(950);
  });

  it("does not call a constant logarithmic, whatever its noise", () => {
    const random = Random.fromSeed(2);
    let logarithmic = 0;
    for (let trial = 0; trial < 1000; trial++) {
      if (chooseLaw(simulate(random, () => 50, 0.3)).law !== "1") logarithmic++;
    }
    expect(logarithmic).toBeLessThanOrEqual(50);
  });

  it("finds laws over four and five N as well, which is what short profiles measure", () => {
    for (const services of [
      [1, 100, 1000, 10_000],
      [1, 100, 1000, 2000, 2768],
    ]) {
      const exact = (law: (n: number) => number) =>
        chooseLaw(services.map((n) => ({ n, values: [law(n)] }))).law;
      expect(exact((n) => (n + 1) / 2 + 6)).toBe("N");
      expect(exact((n) => 1 + (n - 1) / 512)).toBe("N");
      expect(exact(() => 3)).toBe("1");
      const random = Random.fromSeed(21);
      const bent = services.map((n) => ({
        n,
        values: [1, 2, 3].map(
          () => (100 + n * (1.2 + 0.15 * Math.log10(n / 100 + 1))) * (1 + 0.01 * random.normal()),
        ),
      }));
      expect(chooseLaw(bent).law).toBe("N");
    }
  });

  it("is not taken in by a slight bend: 5 to 6 ns per rule is still O(N), not O(N log N)", () => {
    const random = Random.fromSeed(9);
    const bent = (n: number) => 100 + n * (1.2 + 0.15 * Math.log10(n / 100 + 1));
    expect(chooseLaw(simulate(random, bent, 0.005)).law).toBe("N");
  });

  it("never fits a slope below zero", () => {
    const falling = SERVICES.map((n) => ({ n, values: [1000 / Math.log2(n + 2)] }));
    expect(chooseLaw(falling).law).toBe("1");
  });

  it("gives a law where medians rise and low outliers make all values fall", () => {
    // Requests through a user-mode guest, a resample of ten replicates, nanoseconds.
    const replicates = [
      [1, [101376, 101888, 101888, 101888, 101376, 101632, 101632, 101888, 101632, 101888]],
      [100, [102656, 115072, 101632, 102144, 102144, 115072, 102144, 101888, 118528, 101888]],
      [1000, [107904, 101888, 102144, 99584, 101888, 102144, 102144, 102144, 101888, 101888]],
      [5000, [102400, 101888, 102144, 102144, 102400, 101632, 102400, 102144, 102144, 102400]],
      [10_000, [102144, 101888, 101888, 102144, 102144, 101888, 101888, 102144, 102144, 102400]],
    ] as const;
    const { law, slope } = chooseLaw(
      replicates.map(([n, values]) => ({ n, values: Float64Array.from(values) })),
    );
    expect(law).toBe("log N");
    expect(slope).toBeGreaterThan(0);
  });

  it("finds exact work exactly: iptables' (N + 1) / 2 + 6 entries are O(N) with slope 1/2", () => {
    const { law, slope, intercept } = chooseLaw(SERVICES.map((n) => ({ n, values: [(n + 1) / 2 + 6] })));
    expect(law).toBe("N");
    expect(slope).toBeCloseTo(0.5, 9);
    expect(intercept).toBeCloseTo(6.5, 9);
    expect(chooseLaw(SERVICES.map((n) => ({ n, values: [3] }))).law).toBe("1");
  });
});

/** Medians of iptables on an Intel Xeon with an L2 of 1 MiB, ns: linear in rules, which get three times as slow in between. */
const INTEL_IPTABLES = [189, 220, 385, 3300, 17_000, 78_000, 315_000];
/** Medians of a hash table on an AMD EPYC, ns: the same work at any N, in tables that leave the caches. */
const AMD_HASH = [45.5, 46.4, 54.5, 78.7, 218.3, 588.4, 807.7];
const measured = (medians: readonly number[]) => (n: number) => medians[SERVICES.indexOf(n)]!;

describe("fits of times that caches bend", () => {
  it.each([0.02, 0.05, 0.1, 0.3])("never call a growth by 1,667 constant, with noise of %s", (noise) => {
    const random = Random.fromSeed(23, String(noise));
    for (let trial = 0; trial < 200; trial++) {
      expect(chooseLaw(simulate(random, measured(INTEL_IPTABLES), noise)).law).toBe("N");
    }
  });

  it("say that O(N) does not describe a list whose rules get three times as slow, and fit it no power of N", () => {
    const fit = fitLaw(simulate(Random.fromSeed(24), measured(INTEL_IPTABLES)), 1);
    expect(fit).toMatchObject({ law: "N", describes: false, exponent: null });
  });

  it("say that O(N) describes a list whose rules cost the same everywhere", () => {
    const fit = fitLaw(
      simulate(Random.fromSeed(25), (n) => 78 + 1.72 * n),
      1,
    );
    expect(fit).toMatchObject({ law: "N", describes: true, support: 1 });
  });

  it("call a hash table's rise neither constant nor described by a law", () => {
    const fit = fitLaw(simulate(Random.fromSeed(26), measured(AMD_HASH)), 1);
    expect(fit.law).not.toBe("1");
    expect(fit.describes).toBe(false);
  });
});

describe("lastDecadeExponent", () => {
  const exponent = (law: (n: number) => number, noise = 0.05) =>
    lastDecadeExponent(simulate(Random.fromSeed(27), law, noise), 1)!;

  it("is exact for a power of N, over the shortest range to the last N that spans a factor of ten", () => {
    const { from, to, value, interval } = exponent((n) => 3 * n ** 1.5, 0);
    expect([from, to]).toEqual([1000, 30_000]);
    expect(value).toBeCloseTo(1.5, 9);
    expect(interval[0]).toBeCloseTo(1.5, 9);
    expect(interval[1]).toBeCloseTo(1.5, 9);
  });

  it("is 1.3 to 1.4 for a list whose rules get three times as slow, surely more than linear", () => {
    const { value, interval } = exponent(measured(INTEL_IPTABLES));
    expect(value).toBeGreaterThan(1.3);
    expect(value).toBeLessThan(1.4);
    expect(interval[0]).toBeGreaterThan(1.25);
  });

  it("has an interval that holds 1 for a list, and 0 for a constant", () => {
    for (const [truth, { interval }] of [
      [1, exponent((n) => 2.5 * n)],
      [0, exponent(() => 50)],
    ] as const) {
      expect(interval[0]).toBeLessThan(truth);
      expect(interval[1]).toBeGreaterThan(truth);
    }
  });

  it("holds the truth in about 95 % of trials", () => {
    const random = Random.fromSeed(28);
    let held = 0;
    for (let trial = 0; trial < 100; trial++) {
      const [low, high] = lastDecadeExponent(
        simulate(random, (n) => 3 * n ** 1.2),
        trial,
      )!.interval;
      if (low <= 1.2 && high >= 1.2) held++;
    }
    expect(held).toBeGreaterThanOrEqual(90);
  });

  it("is none where N spans no factor of ten", () => {
    expect(
      lastDecadeExponent(
        [1000, 2000].map((n) => ({ n, values: [n, n] })),
        1,
      ),
    ).toBeNull();
  });
});

describe("steepestStretch", () => {
  it("is where a list leaves the caches: it quadruples or more while N doubles", () => {
    const { from, to, interval } = steepestStretch(
      simulate(Random.fromSeed(29), measured(INTEL_IPTABLES)),
      1,
    )!;
    expect([from, to]).toEqual([5000, 10_000]);
    expect(interval[0]).toBeGreaterThan(1.8);
  });

  it("is none for a single N", () => {
    expect(steepestStretch([{ n: 1, values: [1, 2] }], 1)).toBeNull();
  });
});

describe("fitLaw", () => {
  it("gives slope and exponent intervals that hold the truth, and the share of resamples that agree", () => {
    const fit = fitLaw(
      simulate(Random.fromSeed(3), (n) => 100 + 2.5 * n),
      1,
    );
    expect(fit).toMatchObject({ law: "N", support: 1 });
    expect(fit.slopeInterval![0]).toBeLessThan(2.5);
    expect(fit.slopeInterval![1]).toBeGreaterThan(2.5);
    expect(fit.exponent!.interval[0]).toBeLessThan(1);
    expect(fit.exponent!.interval[1]).toBeGreaterThan(1);
  });

  it("gives a growth that noise nearly hides no law with the support that a finding needs", () => {
    const random = Random.fromSeed(22);
    const grown = Array.from({ length: 25 }, (_, trial) =>
      fitLaw(
        simulate(random, (n) => 50 * (1 + (0.04 * n) / 30_000)),
        trial,
      ),
    ).filter(({ law }) => law !== "1");
    expect(grown.length).toBeGreaterThan(0);
    for (const { support } of grown) expect(support).toBeLessThan(0.95);
  });

  it("knows how far a law is off: a step at 10,000 services follows none", () => {
    const step = SERVICES.map((n) => ({ n, values: [n < 10_000 ? 50 : 500, n < 10_000 ? 51 : 501] }));
    expect(fitLaw(step, 1).worstDeviation).toBeGreaterThan(0.5);
    expect(worstDeviation([{ n: 10, values: [40] }], { law: "N", intercept: 0, slope: 5 })).toBeCloseTo(0.25);
  });
});

describe("exponentOf", () => {
  it.each([0.5, 1, 1.5])("finds p = %s of a + b · N^p", (p) => {
    expect(exponentOf(SERVICES.map((n) => ({ n, values: [20 + 3 * n ** p] })))).toBeCloseTo(p, 2);
  });
});

describe("crossovers", () => {
  /** Seven replicates of a against b = 50. */
  const pairs = (a: (n: number) => number, noise: number) => {
    const random = Random.fromSeed(4);
    const around = (value: number) => Array.from({ length: 7 }, () => value * (1 + noise * random.normal()));
    return SERVICES.map((n) => ({ n, a: around(a(n)), b: around(50) }));
  };

  it("finds the one that can be computed by hand: 20 at 10 and 125 at 100 meet 50 after 30/105 of the way", () => {
    const [crossing] = crossingsOf([10, 100], [20 - 50, 125 - 50]);
    expect(crossing!.n).toBeCloseTo(10 + 90 * (30 / 105), 9);
    expect(crossing!.aLarger).toBe(true);
  });

  it("gives an interval that holds it", () => {
    const [crossing, ...more] = crossovers(
      pairs((n) => 20 + 0.3 * n, 0.03),
      1,
    );
    expect(more).toEqual([]);
    expect(crossing!.support).toBe(1);
    // 20 + 0.3 N = 50 at N = 100, which is measured.
    expect(crossing!.interval[0]).toBeLessThan(100);
    expect(crossing!.interval[1]).toBeGreaterThan(100);
  });

  it("reports no crossover when curves stay apart, or cross only by noise", () => {
    expect(
      crossovers(
        pairs((n) => 60 + n, 0.03),
        1,
      ),
    ).toEqual([]);
    expect(
      crossovers(
        pairs(() => 50, 0.03),
        1,
      ),
    ).toEqual([]);
  });

  it("does not take touching for crossing", () => {
    expect(crossingsOf([1, 10, 100], [1, 0, 1])).toEqual([]);
    expect(crossingsOf([1, 10, 100], [-1, 0, 1])).toHaveLength(1);
  });
});

describe("pooledPercentiles", () => {
  it("are those of all values together, with intervals as wide as replicates differ", () => {
    const replicates = [0, 100, 200, 300, 400, 500, 600].map((base) =>
      Array.from({ length: 101 }, (_, i) => base + i),
    );
    const [p50, p99] = pooledPercentiles(replicates, [0.5, 0.99], 1);
    expect(p50!.value).toBe(350);
    expect(p50!.interval[1] - p50!.interval[0]).toBeGreaterThan(100);
    expect(p99!.value).toBeGreaterThan(690);
  });

  it("are exact where there are so few values that percentiles lie between the same two", () => {
    const found = pooledPercentiles([[1], [2], [4]], [0.01, 0.5, 0.9, 0.99], 1);
    expect(found.map(({ value }) => Number(value.toFixed(4)))).toEqual([1.02, 2, 3.6, 3.96]);
  });

  it("have no width where replicates are the same", () => {
    const values = Array.from({ length: 100 }, (_, i) => i);
    const [p90] = pooledPercentiles([values, values, values], [0.9], 1);
    expect(p90!.interval[1] - p90!.interval[0]).toBeLessThanOrEqual(1);
  });
});
