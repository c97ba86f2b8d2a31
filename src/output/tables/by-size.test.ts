import { describe, expect, it } from "vitest";
import { fakeResults } from "../../../test/support/results.js";
import { withProgramming } from "../../../test/support/results-programming.js";
import { planeReport } from "../../results/descriptors.js";
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

  it("says of a time that it was measured once, and which N were not planned", () => {
    const results = fakeResults({ planes: ["iptables", "ebpf"], services: [1, 1000], replicates: 1 });
    results.cells = results.cells.filter(({ plane, services }) => plane === "ebpf" || services === 1);
    const lines = tablesBySize(results).split("\n");
    expect(lines.find((line) => line.startsWith("| iptables"))).toMatch(
      /^\| iptables \| \d+ ns \(once\) \| · \|$/,
    );
    expect(lines).toContain("· not planned at this N.");
    expect(tablesBySize(fakeResults())).not.toContain("not planned");
  });

  it("says whose flows enter elsewhere", () => {
    const results = fakeResults({ planes: ["ebpf-maglev"], services: [1] });
    const outside = { label: "Maglev (outside)", entry: "loadBalancer" as const };
    results.planes = { "ebpf-maglev": { ...planeReport(results, "ebpf-maglev"), ...outside } };
    expect(tablesBySize(results)).toContain(
      "Maglev (outside): from clients outside the cluster to load balancers.",
    );
  });

  it("names variants whole, and says of a program that lists nothing by a tool whether it lists at all", () => {
    const results = withProgramming();
    const facts = { "nftables@1.37": "nft", "legacy@1.37": "legacy" };
    for (const cell of results.cells) {
      const tables = Object.entries(facts).find(([end]) => cell.plane.endsWith(end))?.[1];
      if (tables === undefined || cell.variant !== "listing") continue;
      cell.facts = { tables };
      cell.estimate = { median: 0, interval: [0, 0], kind: "ci95" };
    }
    const text = tablesBySize(results);
    expect(text).toContain("| kube-proxy 1.37 iptables-legacy (writing, in the kernel) |");
    expect(text).toMatch(/\| kube-proxy 1\.37 nftables \(listing\) \| in rest \|/);
    expect(text).toMatch(/\| kube-proxy 1\.37 iptables-legacy \(listing\) \| none \|/);
  });

  it("has the bytes that were counted, of a program and of its tools, at every N, and why one is missing", () => {
    const results = withProgramming();
    for (const cell of results.cells) {
      if (cell.scenario !== "proxy-memory") continue;
      if (cell.counts) cell.counts["tools bytes"] = 112_742_400;
      else cell.warnings = ["it did not finish"];
    }
    const lines = tablesBySize(results).split("\n");
    expect(lines).toContain("### proxy-memory");
    expect(lines.find((line) => line.startsWith("| kube-proxy 1.37 nftables |"))).toBeDefined();
    const memory = lines.slice(lines.indexOf("### proxy-memory"));
    expect(memory.find((line) => line.startsWith("| kube-proxy 1.37 nftables |"))).toMatch(
      /^(\| [^|]+ )(\| [\d.]+ MB ){5}\|$/,
    );
    expect(memory.find((line) => line.includes("1.37 nftables, its tools"))).toMatch(/(\| 113 MB ){5}\|$/);
    expect(memory.find((line) => line.includes("1.35 nftables, its tools"))).toMatch(/\| –¹ \|$/);
    expect(memory).toContain("¹ it did not finish.");
  });
});
