import { existsSync, readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import { describe, expect, it } from "vitest";
import { renderCharts } from "../render.js";
import {
  ARTICLE_SERVICES,
  fakeFinding,
  fakeResults,
  withBalance,
  withChanges,
  withConnections,
  withEndpoints,
  withPrograms,
} from "../testing.js";
import type { Picture } from "./chart.js";
import { columns } from "./columns.js";
import { CHARTS } from "./index.js";
import { scaling } from "./scaling.js";
import { work } from "./work.js";

const view = { theme: "light", width: 1600, height: 900 } as const;
const article = fakeResults({ entry: "nodePort", services: ARTICLE_SERVICES });
const ofDefault = withChanges(
  withBalance(
    withPrograms(
      withConnections(withEndpoints(fakeResults({ missing: ["ipvs/1000", "ebpf-maglev/30000"] }))),
    ),
  ),
);

function built(chart: (typeof CHARTS)[number], results = ofDefault): Picture {
  const picture = chart.build(results, view);
  if ("skipped" in picture) throw new Error(picture.skipped);
  return picture;
}

// To accept a changed picture: delete its file, run the tests once, and look at the new one before committing it.
describe("pictures", () => {
  const cases = [
    { id: "columns", results: article, theme: "light" },
    { id: "columns", results: ofDefault, theme: "dark" },
    { id: "scaling", results: ofDefault, theme: "light" },
    { id: "scaling", results: article, theme: "dark" },
    { id: "work", results: ofDefault, theme: "light" },
    { id: "connect", results: ofDefault, theme: "light" },
    { id: "established", results: ofDefault, theme: "dark" },
    { id: "update", results: ofDefault, theme: "light" },
    { id: "update-time", results: ofDefault, theme: "light" },
    { id: "update-rollout", results: ofDefault, theme: "dark" },
    { id: "churn", results: ofDefault, theme: "dark" },
    { id: "churn-lookups", results: ofDefault, theme: "light" },
    { id: "load", results: ofDefault, theme: "light" },
    { id: "skew", results: ofDefault, theme: "dark" },
    { id: "balance", results: ofDefault, theme: "light" },
    { id: "sync", results: ofDefault, theme: "dark" },
    { id: "memory", results: ofDefault, theme: "light" },
    { id: "endpoints", results: ofDefault, theme: "light" },
    { id: "endpoints-affinity", results: ofDefault, theme: "dark" },
  ] as const;

  it.each(cases)("look like the fixture: $id, $theme", ({ id, results, theme }) => {
    const [rendered] = renderCharts(results, {
      charts: [id],
      themes: [theme],
      formats: ["png"],
      size: "readme",
      text: false,
    });
    const fixture = new URL(`fixtures/${id}-${theme}.png`, import.meta.url);
    if (!existsSync(fixture)) {
      writeFileSync(fixture, rendered!.bytes);
      expect.fail(`there was no fixture: wrote ${id}-${theme}.png, look at it`);
    }
    const expected = PNG.sync.read(readFileSync(fixture));
    const actual = PNG.sync.read(Buffer.from(rendered!.bytes));
    expect([actual.width, actual.height]).toEqual([expected.width, expected.height]);
    const different = pixelmatch(expected.data, actual.data, undefined, actual.width, actual.height, {
      threshold: 0.1,
    });
    expect(different / (actual.width * actual.height)).toBeLessThan(0.0005);
  });
});

describe("titles", () => {
  it("are the finding that fits", () => {
    const results = fakeResults({
      findings: [
        fakeFinding("work-constant", "Hash planes visit three entries at every size"),
        fakeFinding("iptables-slope", "iptables adds 1.2 ns for every Service"),
      ],
    });
    expect(built(scaling, results).title).toBe("iptables adds 1.2 ns for every Service");
    expect(built(work, results).title).toBe("Hash planes visit three entries at every size");
  });

  it("are neutral when nothing was found or the finding is too long", () => {
    const long = fakeFinding("iptables-slope", "one two three four five six seven eight nine ten eleven");
    expect(built(scaling, fakeResults({ findings: [long] })).title).toBe(
      "Lookup latency by number of Kubernetes services",
    );
  });

  it("say which planes do constant work when it was counted", () => {
    const results = fakeResults({ planes: ["iptables", "ebpf"] });
    expect(built(work, results).title).toBe("Work per lookup stays constant for eBPF hash");
  });

  it("have at most ten words", () => {
    for (const chart of CHARTS) expect(built(chart).title.split(" ").length).toBeLessThanOrEqual(10);
  });
});

describe("the load", () => {
  it("says its arithmetic in the caption, and why it can't be worked out", () => {
    const load = CHARTS.find(({ id }) => id === "load")!;
    expect(built(load).caption).toMatch(
      /1,000\s×\s[\d.]+\sµs\s\(connect\)\s\+\s1\s×\s\d+\sms\s\(update\)\s=\s\d+\sms,\sas\sfor\siptables\sat\sN\s=\s10,000/,
    );
    expect(load.build(fakeResults(), view)).toEqual({
      skipped: "it is worked out from model connect and update at the same N, and both were not measured",
    });
  });
});

describe("words", () => {
  it("call a range of few replicates a range, never an interval", () => {
    const { subtitle } = built(scaling, fakeResults({ replicates: 3 }));
    expect(subtitle).toContain("range of 3 replicates");
    expect(subtitle).not.toContain("interval");
  });

  it("trace a picture to its run", () => {
    const { caption } = built(scaling);
    for (const part of [
      "not the kernel",
      "Node 20.19.2",
      "Xeon",
      "pinned to CPU 1",
      "7 replicates",
      "2026-11-24",
      "seed 1",
    ]) {
      expect(caption).toContain(part);
    }
    expect(caption).toMatch(/results [0-9a-f]{12}/);
  });

  it("give another hash for other results", () => {
    const hash = (results: typeof article) => /results (\w+)/.exec(built(scaling, results).caption)![1];
    expect(hash(fakeResults({ floorNs: 2 }))).not.toBe(hash(fakeResults({ floorNs: 3 })));
    expect(hash(fakeResults({ floorNs: 2 }))).toBe(hash(fakeResults({ floorNs: 2 })));
  });
});

describe("data", () => {
  it("has the article's categories, eBPF left and iptables right", () => {
    const { data } = built(columns, article).config;
    expect(data.labels).toEqual(["1", "100", "1,000", "2,000", "2,768"]);
    expect(data.datasets[0]!.label).toBe("eBPF");
    expect(data.datasets.at(-1)!.label).toBe("kube-proxy (iptables)");
    expect([data.datasets[0]!.backgroundColor, data.datasets.at(-1)!.backgroundColor]).toEqual([
      "#4285F4",
      "#DB4437",
    ]);
  });

  it("leaves a gap where a cell could not be measured", () => {
    const { config, caption } = built(scaling);
    const ipvs = config.data.datasets.find((dataset) => dataset.label === "IPVS")!;
    expect(ipvs.data.map((point) => Number.isNaN((point as { y: number }).y))).toEqual([
      false,
      false,
      false,
      true,
      false,
      false,
      false,
    ]);
    expect(caption).toContain("could not be measured");
  });

  it("is skipped with a reason when a chart has none", () => {
    const empty = { ...fakeResults(), cells: [] };
    for (const chart of CHARTS) expect(chart.build(empty, view)).toHaveProperty("skipped");
  });
});

describe("connect and established", () => {
  it("draw Cilium at the socket as a dashed line of its own, and say so", () => {
    for (const id of ["connect", "established"]) {
      const { config, caption } = built(CHARTS.find((chart) => chart.id === id)!);
      const lines = config.data.datasets as { label?: string; borderDash?: number[] }[];
      expect(lines.filter(({ borderDash }) => borderDash).map(({ label }) => label)).toEqual([
        "eBPF, socket",
      ]);
      expect(caption).toContain("dashed: Cilium's load balancing at the socket");
    }
  });
});

describe("endpoints", () => {
  it("has endpoints on its axis and says how many services there are", () => {
    const { config, caption } = built(CHARTS.find(({ id }) => id === "endpoints-affinity")!);
    const iptables = config.data.datasets.find(({ label }) => label === "iptables")!;
    expect(iptables.data.map((point) => (point as { x: number }).x)).toEqual([1, 10, 100, 1000]);
    expect(JSON.stringify(config.options)).toContain("Endpoints of each service (cluster of 100 services)");
    expect(caption).toContain("clients come for the first time");
  });
});

describe("robustness", () => {
  it("draws any planes, sizes and latencies without failing", () => {
    const planes = [
      "direct",
      "ebpf",
      "ebpf-maglev",
      "nftables",
      "ipvs",
      "iptables-nft",
      "iptables",
      "tomorrow's plane",
    ];
    fc.assert(
      fc.property(
        fc.subarray(planes, { minLength: 1 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 7 }),
        fc.double({ min: 0.5, max: 1e7, noNaN: true }),
        (chosen, services, ns) => {
          const results = withEndpoints(
            fakeResults({ planes: chosen, services, latencyNs: (_, n) => ns * (1 + (n % 7)) }),
            chosen,
          );
          for (const chart of CHARTS) {
            const drawn = renderCharts(results, {
              charts: [chart.id],
              themes: ["light"],
              formats: ["svg"],
              size: "readme",
            });
            for (const { bytes } of drawn) expect(bytes.length).toBeGreaterThan(1000);
          }
        },
      ),
      { numRuns: 8 },
    );
  });
});
