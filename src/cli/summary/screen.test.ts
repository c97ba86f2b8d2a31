import { describe, expect, it } from "vitest";
import { fakeFinding, fakeResults } from "../../../test/support/results.js";
import { endOfRun } from "./screen.js";

const FINDINGS = Array.from({ length: 12 }, (_, i) => fakeFinding(`made-up-${i}`, `Finding ${i}`));
const REST = "lbscale report runs/x --formats text prints all";

/** 10 scenarios of 5 planes at 7 N, each cell with a warning of its own. */
function largeRun() {
  const results = fakeResults({ findings: FINDINGS });
  const lookups = results.cells;
  results.cells = ["lookup", ...Array.from({ length: 9 }, (_, i) => `scenario-${i}`)].flatMap((scenario) =>
    lookups.map((cell) => ({
      ...cell,
      scenario,
      warnings: [`${scenario} of ${cell.plane} at ${cell.services}`],
    })),
  );
  return results;
}

describe("the end of a run", () => {
  const lines = endOfRun(largeRun(), "runs/x").split("\n");

  it("of 350 cells, 12 findings and 350 warnings is one screen", () => {
    expect(lines.length).toBeLessThanOrEqual(43);
  });

  it("begins with the first finding, before chart and table", () => {
    expect(lines[0]).toBe("Finding 0.");
    expect(lines.findIndex((line) => line.includes("┤"))).toBeGreaterThan(0);
  });

  it("shows the largest N of a scenario, and counts the rows, findings and warnings that it leaves out", () => {
    const table = lines.slice(lines.findIndex((line) => /^services +plane/.test(line)));
    expect(table[1]).toMatch(/^lookup, 30,000 /);
    const [shown] = /^(\d+) more rows: /m.exec(table.join("\n"))!.slice(1).map(Number);
    expect(350 - shown!).toBe(table.findIndex((line) => line.includes(" more rows: ")) - 1);
    expect(lines).toContain(`8 more findings: ${REST}`);
    expect(lines.find((line) => /^\d+ more warnings: /.test(line))).toMatch(/^347 .* prints all$/);
  });

  it("shows every row of a small run, and names no command for the rest", () => {
    const small = endOfRun(fakeResults({ planes: ["iptables", "ebpf"], services: [1, 100, 1000] }), "runs/x");
    expect(small).toMatch(/^1 +.*\n.*\n100 +.*\n.*\n1,000 +.*\n.*\n\n/m);
    expect(small).not.toContain("--formats text");
  });
});
