import { existsSync, readFileSync, writeFileSync } from "node:fs";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import { describe, expect, it } from "vitest";
import { pixelData } from "../../test/support/png.js";
import {
  ARTICLE_SERVICES,
  fakeFinding,
  fakeResults,
  trieResults,
  withAddresses,
  withBalance,
  withChanges,
  withConnections,
  withEndpoints,
  withFamilies,
  withPrograms,
} from "../../test/support/results.js";
import { withCluster, withKernel, withSingles } from "../../test/support/results-lanes.js";
import { withProgramming } from "../../test/support/results-programming.js";
import { renderCharts } from "../output/image/render.js";
import type { Results } from "../results/schema.js";
import type { Picture } from "./chart.js";
import { columns } from "./columns.js";
import { CHARTS } from "./index.js";
import { scaling } from "./scaling.js";
import { work } from "./work.js";

const view = { theme: "light", width: 1600, height: 900 } as const;
const article = fakeResults({ entry: "nodePort", services: ARTICLE_SERVICES });
const ofDefault = withKernel(
  withSingles(
    withChanges(
      withBalance(
        withPrograms(
          withConnections(withEndpoints(fakeResults({ missing: ["ipvs/1000", "ebpf-maglev/30000"] }))),
        ),
      ),
    ),
  ),
);

const programming = withProgramming();

function built(chart: (typeof CHARTS)[number], results = ofDefault): Picture {
  const picture = chart.build(results, view);
  if ("skipped" in picture) throw new Error(picture.skipped);
  return picture;
}

function byId(id: string) {
  return CHARTS.find((chart) => chart.id === id)!;
}

// To accept a changed picture: delete its file, run the tests once, and look at the new one before committing it.
describe("captions of the kernel lane", () => {
  it("explain the words that labels have, and no others", () => {
    const caption = (planes: readonly string[]) =>
      built(byId("kernel-scaling"), {
        ...ofDefault,
        cells: ofDefault.cells.filter(({ plane }) => planes.includes(plane)),
      }).caption;
    expect(caption(["ebpf", "nftables", "iptables"])).toMatch(/ · eBPF: lbscale's own programs/);
    expect(caption(["nftables", "iptables"])).not.toMatch(/eBPF|no proxy|tracked/);
  });
});

describe("pictures", () => {
  const cases = [
    { id: "columns", results: article, theme: "light" },
    { id: "columns", results: ofDefault, theme: "dark" },
    { id: "scaling", results: ofDefault, theme: "light" },
    { id: "scaling", results: article, theme: "dark" },
    { id: "work", results: ofDefault, theme: "light" },
    { id: "logarithm", results: trieResults(), theme: "light" },
    { id: "addresses", results: withAddresses(trieResults()), theme: "light" },
    { id: "family", results: withFamilies(fakeResults()), theme: "light" },
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
    { id: "kernel-columns", results: ofDefault, theme: "light" },
    { id: "kernel-scaling", results: ofDefault, theme: "dark" },
    { id: "kernel-latency", results: ofDefault, theme: "light" },
    { id: "kernel-percentiles-5000", results: ofDefault, theme: "dark" },
    { id: "kernel-position", results: ofDefault, theme: "light" },
    { id: "guest-columns", results: ofDefault, theme: "dark" },
    { id: "guest-latency", results: ofDefault, theme: "light" },
    { id: "kernel-update", results: ofDefault, theme: "light" },
    { id: "kernel-memory", results: ofDefault, theme: "dark" },
    { id: "kernel-programming", results: programming, theme: "light" },
    { id: "kernel-programming-visible", results: programming, theme: "dark" },
    { id: "kernel-programming-parts", results: programming, theme: "light" },
    { id: "kernel-rollout", results: programming, theme: "light" },
    { id: "kernel-first-sync", results: programming, theme: "dark" },
    { id: "kernel-first-sync-cpu", results: programming, theme: "light" },
    { id: "kernel-proxy-memory", results: programming, theme: "light" },
    { id: "kernel-cold-start", results: programming, theme: "light" },
    { id: "kernel-cold-start-stages", results: programming, theme: "dark" },
    { id: "cluster-percentiles", results: withCluster(), theme: "light" },
    { id: "latency", results: ofDefault, theme: "light" },
    { id: "percentiles", results: ofDefault, theme: "dark" },
    { id: "position", results: ofDefault, theme: "light" },
    { id: "distribution", results: ofDefault, theme: "dark" },
    { id: "model-versus-kernel", results: ofDefault, theme: "light" },
    { id: "published", results: ofDefault, theme: "light" },
    { id: "published-columns", results: article, theme: "light" },
    { id: "published-percentiles", results: ofDefault, theme: "dark" },
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
    if (process.env.UPDATE_FIXTURES !== undefined) writeFileSync(fixture, rendered!.bytes);
    if (!existsSync(fixture))
      expect.fail(`no fixture ${id}-${theme}.png: write it with UPDATE_FIXTURES=1, look at it`);
    const accepted = readFileSync(fixture);
    const drawn = Buffer.from(rendered!.bytes);
    // Decoding takes longer than drawing: only where another version of Skia or zlib wrote other bytes are pixels compared. The
    // data in a picture are of this version's results, and not looked at here.
    if (pixelData(accepted).equals(pixelData(drawn))) return;
    const expected = PNG.sync.read(accepted);
    const actual = PNG.sync.read(drawn);
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
      "Lookup latency by number of Kubernetes Services",
    );
  });

  it("say which planes do constant work when it was counted", () => {
    const results = fakeResults({ planes: ["iptables", "ebpf"] });
    expect(built(work, results).title).toBe("Work per lookup stays constant for eBPF hash");
  });
});

describe("the load", () => {
  it("says its arithmetic in the caption, and why it can't be computed", () => {
    const load = CHARTS.find(({ id }) => id === "load")!;
    expect(built(load).caption).toMatch(
      /1,000\s×\s[\d.]+\sµs\s\(connect\)\s\+\s1\s×\s\d+\sms\s\(update\)\s=\s\d+\sms,\sas\sfor\siptables\sat\sN\s=\s10,000/,
    );
    expect(load.build(fakeResults(), view)).toEqual({
      skipped: "it is computed from model connect and update at the same N, and both were not measured",
    });
  });
});

describe("the timer overhead", () => {
  const lowest = (floorNs: number, latencyNs: number) => {
    const { config } = built(scaling, fakeResults({ floorNs, latencyNs: () => latencyNs }));
    return (config.options!.scales!.y as unknown as { min: number }).min;
  };

  it("has its name in its zone, or above it where no curve comes near, without a decade that holds nothing", () => {
    expect(lowest(3, 50)).toBe(1);
    expect(lowest(1.3, 50)).toBe(1);
    expect(lowest(1.05, 1.3)).toBe(0.1);
  });
});

describe("words", () => {
  it("call a range of few replicates a range, never an interval", () => {
    const { subtitle } = built(scaling, fakeResults({ replicates: 3 }));
    expect(subtitle).toContain("range of 3 replicates");
    expect(subtitle).not.toContain("interval");
  });

  it("call a range of few replicates a range in percentiles too", () => {
    const percentiles = CHARTS.find(({ id }) => id === "percentiles")!;
    const subtitle = (replicates: number) =>
      built(percentiles, withSingles(fakeResults({ replicates }), 200)).subtitle;
    expect(subtitle(3)).toContain("range of 3 replicates");
    expect(subtitle(7)).toMatch(/95\s%\sinterval/);
  });

  it("say where packets go and where a rule list has it, as the run was configured", () => {
    const caption = (settings: Partial<Results["run"]["settings"]>) => {
      const results = fakeResults();
      Object.assign(results.run.settings, settings);
      return built(scaling, results).caption;
    };
    expect(caption({})).toContain("Services at random positions in the rule list");
    expect(caption({ popular: "last" })).toContain("Services at random positions in the rule list");
    const skewed = caption({ zipf: 1.1, popular: "last", misses: 0.25 });
    expect(skewed).toContain("popular Services last in the rule list");
    expect(skewed).toContain("popularity by Zipf's law with exponent 1.1");
    expect(skewed).toContain("25 % of flows to no Service");
    expect(skewed).not.toContain("random");
  });

  it("call a model one in the subtitle, and what a kernel did not", () => {
    const subtitles = (lane: string) =>
      CHARTS.filter(({ title }) => title.includes("(model)") === (lane === "model")).flatMap((chart) => {
        const picture = chart.build(ofDefault, view);
        return "skipped" in picture ? [] : [[chart.id, picture.subtitle] as const];
      });
    const modelled = subtitles("model");
    expect(modelled.length).toBeGreaterThan(12);
    for (const named of modelled) expect(named[1], named[0]).toMatch(/^Model/);
    for (const [id, subtitle] of subtitles("kernel").filter(([id]) => id.startsWith("kernel-")))
      expect(subtitle, id).not.toMatch(/model/i);
  });

  it("say in the subtitle where flows are refused or go to no Service", () => {
    const refused = structuredClone(ofDefault);
    for (const cell of refused.cells) cell.endpoints = 0;
    const missed = structuredClone(ofDefault);
    missed.run.settings.misses = 1;
    for (const id of ["scaling", "work", "percentiles", "position", "distribution", "connect"]) {
      expect(built(byId(id), refused).subtitle).toMatch(
        /^Model, refused flows, Services without endpoints: /,
      );
      expect(built(byId(id), missed).subtitle).toMatch(/^Model, flows to no Service: /);
    }
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

  it("say up to where a plane was measured whose line ends before the others'", () => {
    const results = fakeResults();
    expect(built(scaling, results).caption).not.toContain("up to");
    results.cells = results.cells.filter(({ plane, services }) => plane !== "ebpf" || services <= 1000);
    for (const id of ["scaling", "columns", "work", "published"]) {
      expect(built(CHARTS.find((chart) => chart.id === id)!, results).caption).toContain(
        "eBPF hash up to 1,000 Services",
      );
    }
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
    for (const chart of CHARTS)
      expect(chart.build(empty, view)).toHaveProperty("skipped", expect.any(String));
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

describe("update", () => {
  it("draws what an agent issues dashed above the entries that differ, where a plane counts it, and says so", () => {
    const { config, caption, description } = built(byId("update"));
    const lines = config.data.datasets as { label?: string; borderDash?: number[]; data: { y: number }[] }[];
    const dashed = lines.filter(({ borderDash }) => borderDash);
    expect(dashed.map(({ label, data }) => [label, data.map(({ y }) => y)])).toEqual([
      ["eBPF, operations", [13, 13, 13]],
    ]);
    expect(caption).toContain("dashed: map operations that the agent issues");
    expect(description).toContain("eBPF, operations: 13 at N = 1, 13 at N = 10,000");
    const entriesOnly = fakeResults();
    withPrograms(entriesOnly);
    for (const { counts } of entriesOnly.cells) delete counts?.["join operations"];
    expect(built(byId("update"), entriesOnly).caption).not.toContain("dashed");
  });
});

describe("endpoints", () => {
  it("has endpoints on its axis and says how many services there are", () => {
    const { config, caption } = built(CHARTS.find(({ id }) => id === "endpoints-affinity")!);
    const iptables = config.data.datasets.find(({ label }) => label === "iptables")!;
    expect(iptables.data.map((point) => (point as { x: number }).x)).toEqual([1, 10, 100, 1000]);
    expect(JSON.stringify(config.options)).toContain("Endpoints of each Service (cluster of 100 Services)");
    expect(caption).toContain("clients come for the first time");
  });
});

describe("percentiles", () => {
  it("are those of the largest N, and say why a plane has none", () => {
    const { config, caption, title } = built(byId("percentiles"));
    expect(config.data.datasets.map(({ label }) => label)).toEqual(["kube-proxy (iptables)"]);
    expect(caption).toContain("IPVS, nftables, eBPF hash: made up");
    expect(title).toBe("Percentiles of single lookups at 30,000 Services");
  });

  it("compare the slowest tail with the fastest where their intervals lie apart", () => {
    const results = withSingles(fakeResults({ planes: ["iptables", "ebpf"] }), 20);
    expect(built(byId("percentiles"), results).title).toMatch(
      /^At 30,000 Services iptables' p99 is \d+×\u00a0\(\d+–\d+\) eBPF's$/,
    );
  });
});

describe("percentiles of a cluster", () => {
  it("go on to p99.9 where every plane has it", () => {
    const labelsOf = (results: Results) => built(byId("cluster-percentiles"), results).config.data.labels;
    expect(labelsOf(withCluster())).toEqual(["p01", "p50", "p90", "p99", "p99.9"]);
    const without = withCluster();
    const last = without.cells.at(-1)!;
    last.percentiles = { ...last.percentiles!, p999: null };
    expect(labelsOf(without)).toEqual(["p01", "p50", "p90", "p99"]);
  });
});

describe("parts of a change", () => {
  it("split writing where the time in the kernel is known, and add up to the same", () => {
    const partsOf = (results: Results) =>
      built(byId("kernel-programming-parts"), results).config.data.datasets;
    const whole = withProgramming();
    whole.cells = whole.cells.filter(({ variant }) => variant !== "writing, in the kernel");
    const [split, unsplit] = [partsOf(programming), partsOf(whole)];
    expect(split.map(({ label }) => label)).toContain("writing, in the kernel");
    expect(unsplit).toHaveLength(3);
    const sumOf = (parts: typeof split) =>
      parts.flatMap(({ data }) => data as number[]).reduce((a, b) => a + b);
    expect(sumOf(split)).toBeCloseTo(sumOf(unsplit), 0);
  });
});

describe("position", () => {
  it("is entries visited by single lookups, and of planes too fast for the clock the mean", () => {
    const { config, caption, title } = built(byId("position"));
    const points = (label: string) =>
      config.data.datasets.find((dataset) => dataset.label === label)!.data as unknown as { x: number }[];
    expect(points("iptables").at(-1)!.x).toBeGreaterThan(20_000);
    expect(points("eBPF hash").map(({ x }) => x)).toEqual([3]);
    expect(caption).toContain("IPVS: too fast for the clock, so mean entries and median of batches");
    expect(title).toMatch(/^In iptables, the last Services listed take \d+× the first$/);
  });
});

describe("distribution", () => {
  it("says which planes' samples are means of batches", () => {
    const { caption } = built(byId("distribution"));
    expect(caption).toContain("single lookups: iptables");
    expect(caption).toContain(
      "means of a batch each, narrower than single lookups: eBPF hash, nftables, IPVS",
    );
  });
});

describe("model versus kernel", () => {
  it("draws the kernel's connects solid and the model's dashed", () => {
    const { config, subtitle } = built(byId("model-versus-kernel"));
    const lines = config.data.datasets as { label?: string; borderDash?: number[] }[];
    expect(
      lines
        .filter(({ label }) => label?.startsWith("iptables"))
        .map(({ borderDash }) => borderDash !== undefined),
    ).toEqual([false, true]);
    expect(subtitle).toContain("Solid: connecting through the kernel");
  });

  it("is left out with a reason without a kernel lane", () => {
    expect(byId("model-versus-kernel").build(fakeResults(), view)).toEqual({
      skipped: "nothing was measured in the kernel lane",
    });
  });
});

describe("published", () => {
  it("draws others' points hollow, in nanoseconds, with their source in the caption", () => {
    const { config, caption } = built(byId("published"));
    const cilium = config.data.datasets.filter(({ label }) => label === "Cilium 1.6");
    expect(cilium.map(({ backgroundColor }) => backgroundColor)).toEqual(["#FFFFFF", "#FFFFFF"]);
    expect((cilium[0]!.data.at(-1) as unknown as { y: number }).y).toBe(301_000);
    expect(caption).toContain("Cilium 1.6: whole HTTP requests, ±2.5 µs (cilium.io, 2019)");
  });

  it("replays the article's columns with runs of the article's N only", () => {
    const { config, caption } = built(byId("published-columns"), article);
    expect(config.data.labels).toEqual(["1", "100", "1,000", "2,000", "2,768"]);
    expect(caption).toMatch(
      /^Not measured by lbscale · Cilium 1.6.*cilium\.io\/blog\/2019\/08\/20\/cilium-16/,
    );
    expect(byId("published-columns").build(ofDefault, view)).toHaveProperty("skipped");
  });
});
