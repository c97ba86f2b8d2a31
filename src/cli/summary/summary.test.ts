import { expect, it } from "vitest";
import { fakeResults } from "../../../test/support/results.js";
import { formatSummary } from "./summary.js";

it("names the cells of a warning as long as a line holds them, and counts them beyond", () => {
  const results = fakeResults({ planes: ["iptables", "ebpf"], services: [1, 10, 100, 1000, 5000] });
  for (const cell of results.cells) cell.warnings = [];
  results.cells[0]!.warnings = ["rare"];
  for (const cell of results.cells.slice(0, 9)) cell.warnings.push("common");
  const lines = formatSummary(results).split("\n");
  expect(lines).toContain("warning: rare (iptables at 1)");
  expect(lines).toContain("warning: common (9 of 10 cells; the table in CSV names them)");
});
