import { describe, expect, it } from "vitest";
import { fakeResults } from "../../../test/support/results.js";
import { tablesBySize } from "./by-size.js";

const linesOf = (run: Parameters<typeof fakeResults>[0]) => tablesBySize(fakeResults(run)).split("\n");

describe("a table of times by N", () => {
  it("has a line per plane and a column per N, with medians and intervals", () => {
    const lines = linesOf({ planes: ["iptables", "ebpf"], services: [1, 1000], replicates: 7 });
    expect(lines[0]).toBe("### lookup");
    expect(lines.filter((line) => line.startsWith("|")).map((line) => line.split(" | ").length)).toEqual([
      3, 3, 3, 3,
    ]);
    expect(lines).toContain("| Plane | 1 | 1,000 |");
    expect(lines.find((line) => line.startsWith("| iptables"))).toMatch(
      /^\| iptables \| [\d.]+\sns(\s\([\d.–]+\sns\))? \| [\d.]+\sµs(\s\([\d.–]+\sµs\))? \|$/,
    );
  });

  it("marks ranges, and says below why a time is missing", () => {
    const results = fakeResults({
      planes: ["iptables"],
      services: [1, 10],
      replicates: 3,
      missing: ["iptables/10"],
    });
    results.cells.find(({ services }) => services === 10)!.warnings.push("the budget was used up");
    const text = tablesBySize(results);
    expect(text).toMatch(/\| –¹ \|\n\n¹ the budget was used up\.\n/);
    expect(text).toMatch(/ns\)\\\* \|/);
  });
});
