import { describe, expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { crossoversOf } from "./laws.js";

/** A list that overtakes a table's 250 ns at some 250 services, measured at these N. */
const cellsAt = (list: readonly number[], table: readonly number[]) =>
  [
    ...fakeResults({ planes: ["iptables"], services: list, latencyNs: (_, n) => n }).cells,
    ...fakeResults({ planes: ["ebpf"], services: table, latencyNs: () => 250 }).cells,
  ] as const;
const SIZES = [1, 100, 1000, 10_000];

describe("crossovers", () => {
  it("lie straight between neighbouring N of both planes", () => {
    const [crossover, ...more] = crossoversOf(cellsAt(SIZES, SIZES), 1);
    expect(more).toEqual([]);
    expect(crossover).toMatchObject({ faster: "ebpf", slower: "iptables" });
    expect(crossover!.services).toBeGreaterThan(200);
    expect(crossover!.services).toBeLessThan(300);
  });

  it.each([
    ["the list", [1, 100, 500, 1000, 10_000], SIZES],
    ["the table", SIZES, [1, 100, 500, 1000, 10_000]],
  ])("are refused where %s alone was measured in between", (_, list, table) => {
    expect(crossoversOf(cellsAt(list, table), 1)).toEqual([]);
  });

  it("stay where one plane alone was measured elsewhere", () => {
    const found = crossoversOf(cellsAt([1, 10, 100, 1000, 5000, 10_000, 30_000], SIZES), 1);
    expect(found).toHaveLength(1);
  });
});
