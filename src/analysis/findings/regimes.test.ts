import { expect, it } from "vitest";
import { readResults } from "../../results/files.js";
import { findFindings } from "./index.js";

it("laws beyond the caches are given only where their interval excludes no growth and spans less than a power", () => {
  // Two sizes of the trie lie beyond the caches in this run, whose exponent was -0.48 to 2.07.
  const finding = findFindings(readResults("results/kernel")).find(({ id }) => id === "cache-regimes")!;
  const powers = [...finding.sentence.matchAll(/in time as N\^[\d.-]+ \[([\d.-]+), ([\d.-]+)\]/g)];
  expect(powers).toHaveLength(1);
  const [low, high] = powers[0]!.slice(1).map(Number) as [number, number];
  expect(low).toBeGreaterThan(0);
  expect(high - low).toBeLessThan(1);
});
