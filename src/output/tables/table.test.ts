import { describe, expect, it } from "vitest";
import { fakeResults } from "../../../test/support/results.js";
import { csvTable, formatTimes, markdownTable, tableRows } from "./table.js";

const HOSTILE = '=cmd|"/c calc"!A1\u001b[31m|<script>';

describe("tables", () => {
  it("have a row for each N and plane, and say how many times the fastest each takes", () => {
    const rows = tableRows(fakeResults({ planes: ["iptables", "ebpf"], services: [1, 1000] }));
    expect(rows.map(({ services, plane }) => `${plane} ${services}`)).toEqual([
      "ebpf 1",
      "iptables 1",
      "ebpf 1000",
      "iptables 1000",
    ]);
    expect(Math.min(...rows.map(({ timesFastest }) => timesFastest!))).toBe(1);
  });

  it("say nothing of the fastest where nothing else was measured alike", () => {
    const results = fakeResults({ planes: ["iptables", "ebpf"], services: [100] });
    results.cells.push({ ...results.cells.find(({ plane }) => plane === "ebpf")!, variant: "socket" });
    const times = tableRows(results).map(({ label, timesFastest }) => [label, timesFastest === null]);
    expect(times).toContainEqual(["eBPF hash (socket)", true]);
    expect(times.filter(([, isNull]) => isNull)).toHaveLength(1);
  });

  it("write factors with few digits", () => {
    expect([1, 2.44, 36.92, 1234.4].map(formatTimes)).toEqual(["×1", "×2.4", "×36.9", "×1,230"]);
    expect(formatTimes(null)).toBe("");
  });

  it("say why a cell has no number", () => {
    const results = fakeResults({ planes: ["ipvs"], services: [100], missing: ["ipvs/100"] });
    results.cells[0]!.warnings = ["65536 elements do not fit"];
    expect(markdownTable(results)).toMatch(/IPVS \| 65536 elements do not fit/);
  });

  it("have no row for what is counted, unless its count failed", () => {
    const results = fakeResults({ planes: ["nftables"], services: [1, 100, 1000] });
    const [hidden, counted, failed] = results.cells.map((cell) => ({
      ...cell,
      scenario: "memory",
      replicates: [],
      estimate: null,
      counts: null as Record<string, number> | null,
    }));
    counted!.counts = { bytes: 549_984 };
    failed!.warnings = ["nft: no memory"];
    results.cells.push(hidden!, counted!, failed!);
    const rows = tableRows(results).filter(({ scenario }) => scenario === "memory");
    expect(rows.map(({ services }) => services)).toEqual([1000]);
    expect(markdownTable(results)).not.toContain("not measured");
  });

  it("have a row for each time of a scenario that counts in other cells", () => {
    const results = fakeResults({ planes: ["iptables"], services: [1, 1000] });
    for (const cell of results.cells) cell.scenario = "update";
    results.cells.push({
      ...results.cells[0]!,
      variant: "entries",
      replicates: [],
      estimate: null,
      counts: { rules: 5 },
    });
    expect(tableRows(results).map(({ services }) => services)).toEqual([1, 1000]);
  });

  it("let no name out of its cell: Markdown, HTML, formulas and terminal codes", () => {
    const results = fakeResults({ planes: ["ebpf"], services: [1] });
    results.cells[0]!.plane = HOSTILE;
    results.cells[0]!.warnings = [HOSTILE];
    const markdown = markdownTable(results);
    expect(markdown).not.toContain("<script>");
    expect(markdown).not.toContain("\u001b");
    expect(markdown.split("\n")[2]!.match(/(?<!\\)\|/g)).toHaveLength(7);
    const csv = csvTable(results).split("\r\n")[1]!;
    expect(csv).not.toMatch(/(^|,)"?[=+@-]/);
    expect(csv).not.toContain("\u001b");
  });
});
