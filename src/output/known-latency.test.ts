import { describe, expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { describeKnownLatency, isAsKnown, knownLatencyWarnings } from "./known-latency.js";
import { allWarnings, qualityLines } from "./warnings.js";

const one = { elements: 1, bytes: 64, kernelNs: 2, chaseNs: 1.6 };
const large = { elements: 2 ** 21, bytes: 2 ** 27, kernelNs: 205, chaseNs: 220 };

describe("the check of BPF timing", () => {
  it("holds one element to nanoseconds, and a large table to a ratio", () => {
    expect(
      [one, { ...one, kernelNs: 6 }, { ...one, kernelNs: 7 }, { ...one, kernelNs: -4 }].map(isAsKnown),
    ).toEqual([true, true, false, false]);
    const ratios = [0.69, 0.71, 1.39, 1.41];
    expect(ratios.map((ratio) => isAsKnown({ ...large, kernelNs: ratio * large.chaseNs }))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it("is a line of what a reader must know, with both numbers of each table", () => {
    const results = { ...fakeResults(), knownLatency: [one, large] };
    const line =
      "BPF timing check, a lookup in a table of one element: 2 ns, pointer chase 1.6 ns; of 128 MiB: 205 ns, pointer chase 220 ns";
    expect(describeKnownLatency(results)).toBe(line);
    expect(qualityLines(results)).toContain(line);
    expect(knownLatencyWarnings(results)).toEqual([]);
    expect(describeKnownLatency(fakeResults())).toBe("");
  });

  it("says why it was not made, where the kernel refused it", () => {
    const results = fakeResults();
    for (const cell of results.cells) cell.facts = { knownLatency: "not made: no memory to lock" };
    expect(allWarnings(results).filter((warning) => warning.startsWith("BPF"))).toEqual([
      "BPF timing check not made: no memory to lock: the times of scenario lookup were not checked",
    ]);
  });

  it("warns where it fails, and says what not to use", () => {
    const results = { ...fakeResults(), knownLatency: [one, { ...large, kernelNs: 90 }] };
    const found = allWarnings(results).filter((warning) =>
      warning.startsWith("BPF lookups are timed wrongly"),
    );
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/128 MiB one takes 90 ns, .* 220 ns; don't use the times of scenario lookup/);
  });
});
