import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SCENARIOS } from "../bench/index.js";
import { findFindings } from "../src/analysis/findings/index.js";
import { chartsOf } from "../src/charts/run-charts.js";
import { KERNEL_REPORTS } from "../src/kernel/planes/descriptors.js";
import { PLANE_ENTRIES } from "../src/planes/registry-loader.js";
import {
  CLAIMS,
  captionOf,
  claimants,
  comparePlanes,
  planeReport,
  scenarioReport,
} from "../src/results/descriptors.js";
import { readResults } from "../src/results/files.js";
import { publishedRuns } from "./support/inputs.js";
import { fakeResults } from "./support/results.js";

const VIEW = { theme: "light", width: 1600, height: 900 } as const;
describe.each(publishedRuns())("the published run %s", (name) => {
  const results = readResults(join("results", name));

  it("describes each of its planes and scenarios, itself or by the table for older runs", () => {
    for (const { plane, scenario } of results.cells) {
      expect(planeReport(results, plane).order, plane).toBeLessThan(Number.POSITIVE_INFINITY);
      expect(scenarioReport(results, scenario), scenario).not.toBeNull();
    }
  });

  it("still reports: charts are drawn, and findings are made", () => {
    const drawn = chartsOf(results).filter((chart) => !("skipped" in chart.build(results, VIEW)));
    expect(drawn.length).toBeGreaterThan(0);
    expect(findFindings(results).length).toBeGreaterThan(0);
  });
});

describe("descriptions of planes", () => {
  const reports = [
    ...PLANE_ENTRIES.map(({ descriptor }) => descriptor.report),
    ...Object.values(KERNEL_REPORTS),
  ];

  it("claim what findings know", () => {
    const claims = reports.flatMap((report) => report.claims);
    expect(claims.filter((claim) => !Object.hasOwn(CLAIMS, claim))).toEqual([]);
  });

  it("each have a place of their own in columns", () => {
    expect(new Set(reports.map(({ order }) => order)).size).toBe(reports.length);
  });

  it("are cleaned, and grey where nobody describes a plane", () => {
    const { label, order } = planeReport({}, "<b>new</b>\u0007");
    expect(label).not.toContain("\u0007");
    expect(order).toBe(Number.POSITIVE_INFINITY);
    const named = fakeResults();
    named.planes = { ipvs: { ...planeReport({}, "ipvs"), label: `a\u0000${"b".repeat(200)}` } };
    expect(planeReport(named, "ipvs").label).not.toContain("\u0000");
    expect(planeReport(named, "ipvs").label.length).toBeLessThan(50);
  });

  it("do not take a property of every object for a plane", () => {
    expect(planeReport({ planes: {} }, "constructor").label).toBe("constructor");
  });

  it("put planes that nobody describes last, by name", () => {
    expect(["zeta", "iptables", "alpha", "ebpf"].sort(comparePlanes({}))).toEqual([
      "ebpf",
      "iptables",
      "alpha",
      "zeta",
    ]);
  });

  it("claim only for planes that were measured, where any was", () => {
    expect(claimants(fakeResults({ planes: ["ipvs", "nftables"] }), "constant-work")).toEqual(["nftables"]);
    expect(claimants(fakeResults({ planes: ["ipvs"] }), "list")).toEqual(["iptables"]);
  });
});

describe("descriptions of scenarios", () => {
  it("say what is timed by lane and variant", () => {
    const update = { scenario: "update", lane: "model" };
    expect(captionOf({}, update)).toBe("Median time to write one endpoint change");
    expect(captionOf({}, { ...update, variants: ["rollout"] })).toBe(
      "Median time to write one rolling restart",
    );
    expect(captionOf({}, { scenario: "unheard-of", lane: "model" })).toBeNull();
  });

  it("have a caption for each timed scenario in the model", () => {
    const timed = SCENARIOS.filter(({ report }) => report.unit === "ns");
    expect(timed.filter(({ report }) => report.captions.model === undefined)).toEqual([]);
  });
});
