import { describe, expect, it } from "vitest";
import { trieResults } from "../../../../test/support/results.js";
import { withCells } from "../../../../test/support/results-lanes.js";
import type { Cell, Results } from "../../../results/schema.js";
import { kernelLookups } from "./trie-hash.js";

type Row = readonly [Cell["lane"], string, string, number, number];

/** Lookups of the trie and of the hash table, in ns. */
function lookups(
  rows: readonly (readonly [Cell["lane"], services: number, trie: number, hash: number])[],
): Results {
  const cells = rows.flatMap(([lane, services, trie, hash]): Row[] => [
    [lane, "lookup", "calico-ebpf", services, trie],
    [lane, "lookup", "ebpf", services, hash],
  ]);
  return { ...withCells(cells), planes: trieResults().planes };
}

describe("a trie and a hash table in the kernel's maps", () => {
  it("are ranked where one has the lower median at every N, with where the models rank them otherwise", () => {
    const found = kernelLookups(
      lookups([
        ["kernel", 1, 36, 82],
        ["kernel", 1000, 190, 200],
        ["model", 1, 28, 46],
        ["model", 1000, 134, 84],
      ]),
    );
    expect(found?.headline).toBe("Kernel lookups: Calico's median is lower at every N");
    expect(found?.sentence).toMatch(
      /Calico eBPF \(trie\) has a lower median lookup than eBPF hash at every N: 36 ns and 82 ns at N = 1, 190 ns and 200 ns at N = 1,000; their intervals are apart at N = 1\. In the models eBPF hash has the lower median at N = 1,000\.$/,
    );
  });

  it("are not ranked where their order changes with N, where no intervals are apart, or at a single N", () => {
    const first = ["kernel", 1, 36, 82] as const;
    expect(kernelLookups(lookups([first, ["kernel", 1000, 400, 200]]))).toBeNull();
    expect(
      kernelLookups(
        lookups([
          ["kernel", 1, 80, 82],
          ["kernel", 1000, 190, 200],
        ]),
      ),
    ).toBeNull();
    expect(kernelLookups(lookups([first]))).toBeNull();
  });
});
