import { describe, expect, it } from "vitest";
import { trieResults } from "../../../test/support/results.js";
import { readResults } from "../../results/files.js";
import { fitsOf } from "../../results/laws.js";
import type { Results } from "../../results/schema.js";
import { findFindings } from "./index.js";

const sentence = (results: Results) =>
  findFindings(results).find(({ id }) => id === "cache-regimes")?.sentence;

describe("laws of time by cache regime", () => {
  it("are given beyond the caches of the trie alone, and only where the interval tells one from another", () => {
    // The exponent of two sizes of the trie was -0.48 to 2.07 once, and 0.17 to 1.13.
    const said = sentence(readResults("results/default"))!;
    expect(said).toMatch(/eBPF hash takes [\d. to]+ ns per node or entry/);
    expect(said).not.toMatch(/eBPF hash takes [^.]*in time as/);
    for (const [, low, high] of said.matchAll(/in time as N\^[\d.-]+ \[([\d.-]+), ([\d.-]+)\]/g)) {
      expect(Number(low)).toBeGreaterThan(0);
      expect(Number(high) - Number(low)).toBeLessThan(0.5);
    }
  });

  it("have the exponent that the trie's time has over the same range", () => {
    const results = trieResults({
      latencyNs: (plane, n) => {
        if (plane !== "calico-ebpf") return 50;
        return n <= 1000 ? 40 + 9 * Math.log2(n) : 300 * Math.sqrt(n / 5000);
      },
    });
    expect(sentence({ ...results, fits: fitsOf(results.cells, 1) })).toMatch(
      /^Calico eBPF \(trie\) takes .* up to 1,000 Services, in time O\(log N\), and .* from 5,000 to [\d,]+, in time as N\^0\.[45]\d \[/,
    );
  });
});
