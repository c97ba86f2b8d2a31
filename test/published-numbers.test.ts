/**
 * Numbers that documents quote from published runs: each is its cell's, of the run that the document links. Where a run was
 * published again, what fails here names the text that is due.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatSpan } from "../src/analysis/findings/common.js";
import { type AgainstKernel, againstKernel } from "../src/analysis/model-vs-kernel.js";
import { readResults } from "../src/results/files.js";
import type { Cell, Results } from "../src/results/schema.js";
import { selectCells } from "../src/results/select.js";
import { median } from "../src/stats/quantile.js";
import { formatCount, formatNs } from "../src/text.js";
import { ROOT } from "./support/readme.js";

/** A document in one line, as wrapping and columns don't matter. */
const pageOf = (file: string) => readFileSync(join(ROOT, file), "utf8").replace(/\s+/g, " ");

/** The run of this name that a document links. */
function linked(page: string, name: string): Results {
  const folder = new RegExp(`results/(${name})/README\\.md`).exec(page)?.[1];
  expect(folder, `a link to a run ${name}`).toBeDefined();
  return readResults(join(ROOT, "results", folder!));
}

type Query = Parameters<typeof selectCells>[1];
function cellOf(run: Results, query: Query): Cell {
  const [cell] = selectCells(run, query);
  expect(cell?.estimate ?? cell?.counts, `a cell of ${JSON.stringify(query)}`).toBeTruthy();
  return cell!;
}

const medianOf = (run: Results, query: Query) => formatNs(cellOf(run, query).estimate!.median);
const spanOf = (run: Results, query: Query) => {
  const { median, interval } = cellOf(run, query).estimate!;
  return formatSpan(median, interval).replaceAll("\u00a0", " ");
};
/** One endpoint change by kube-proxy itself, or a part of it. */
const change = (plane: string, services: number, variant = "") =>
  ({ lane: "kernel", scenario: "programming", variant, services, plane: `kube-proxy/${plane}` }) as const;

it("the README has the times of a change of the kernel run that it links, and of the run on another machine", () => {
  const page = pageOf("README.md");
  const [kernel, cilium] = [linked(page, "kernel"), linked(page, "cilium")];
  const [oldest, old, newest, legacy] = ["nftables@1.35", "nftables@1.36", "nftables@1.37"]
    .concat("iptables-legacy@1.37")
    .map((plane) => spanOf(kernel, change(plane, 5000)));
  expect(page).toContain(
    `${oldest} with nftables 1.35, ${old} with 1.36, ${newest} with 1.37 and ${legacy} with iptables (legacy)`,
  );
  const [newestThere, legacyThere] = ["nftables@1.37", "iptables-legacy@1.37"].map((plane) =>
    spanOf(cilium, change(plane, 5000)),
  );
  expect(page).toContain(`the last two take ${newestThere} and ${legacyThere}.`);
});

describe("docs/measurement.md", () => {
  const page = pageOf("docs/measurement.md");

  it.each(["nftables@1.35", "nftables@1.36", "nftables@1.37", "iptables-legacy@1.37", "iptables-nft@1.37"])(
    "has the times of the kernel run for a change by kube-proxy/%s",
    (plane) => {
      const run = linked(page, "kernel");
      const [thousand, more, listing, writing] = [
        change(plane, 1000),
        change(plane, 5000),
        change(plane, 5000, "listing"),
        change(plane, 5000, "writing"),
      ].map((query) => medianOf(run, query));
      const [row = ""] =
        new RegExp(`\\| ${plane.replace("@", " ")} \\| [^|]* \\| [^|]* \\| [^|]* \\| [^|]* \\|`).exec(page) ??
        [];
      // What lists over netlink, or does not list at all, has words instead.
      const listed = /by netlink|none/.exec(row)?.[0] ?? listing;
      expect(row.replace("none¹", "none")).toBe(
        `| ${plane.replace("@", " ")} | ${thousand} | ${more} | ${listed} | ${writing} |`,
      );
    },
  );

  it.each([
    ["nftables 1.36", "kube-proxy/nftables@1.36"],
    ["nftables 1.37", "kube-proxy/nftables@1.37"],
    ["iptables-legacy 1.37", "kube-proxy/iptables-legacy@1.37"],
    ["Cilium 1.20", "cilium@1.20"],
    ["Cilium 1.20, 1 ms tick", "cilium/unbuffered@1.20"],
  ])("has the times and memory of the second run for %s", (name, plane) => {
    const run = linked(page, "cilium");
    const at = (services: number) => ({ lane: "kernel", services, plane }) as const;
    const changes = [1000, 5000].map((n) => spanOf(run, { ...at(n), scenario: "programming", variant: "" }));
    const syncs = [1000, 5000].map((n) => medianOf(run, { ...at(n), scenario: "sync", variant: "first" }));
    const { counts } = cellOf(run, { ...at(5000), scenario: "proxy-memory" });
    const memory = `${Math.round(counts!.bytes! / 1e6)} MB`;
    expect(page).toContain(`| ${[name, ...changes, ...syncs, memory].join(" | ")} |`);
  });

  it("has what the model takes of the kernel's time in the kernel run, for each rule and each lookup", () => {
    const rows = againstKernel(linked(page, "kernel"));
    const ratio = (row: AgainstKernel | undefined) =>
      `${row!.ratio.value.toFixed(2)} [${row!.ratio.interval.map((end) => end.toFixed(2)).join(", ")}]`;
    expect(page).toContain(`it takes ${ratio(rows.find(({ what }) => what === "rule"))} for each rule`);
    const lookups = rows.filter(({ what }) => what === "lookup");
    for (const { services } of lookups) {
      const [hash, trie] = ["ebpf", "calico-ebpf"].map((plane) =>
        ratio(lookups.find((row) => row.plane === plane && row.services[0] === services[0])),
      );
      expect(page).toContain(`| ${formatCount(services[0])} | ${hash} | ${trie} |`);
    }
    expect(lookups).toHaveLength(10);
  });

  it("says how long Cilium's writes take, from the least to the most", () => {
    const run = linked(page, "cilium");
    const writes = ["cilium@1.20", "cilium/unbuffered@1.20"].flatMap((plane) =>
      selectCells(run, { lane: "kernel", scenario: "programming", variant: "writing", plane }),
    );
    const medians = writes.map(({ estimate }) => estimate!.median);
    expect(page).toContain(
      `writing it then takes ${formatNs(Math.min(...medians))} to ${formatNs(Math.max(...medians))} of map operations`,
    );
  });
});

describe("docs/cluster.md has how wide the intervals of the cluster run are", () => {
  const page = pageOf("docs/cluster.md");
  const cellsOf = (scenario?: string) =>
    selectCells(linked(page, "cluster"), { lane: "cluster", variant: "", ...(scenario && { scenario }) });
  const widthsOf = (ends: readonly { value: number; interval: readonly number[] }[]) =>
    ends.map(({ value, interval: [low, high] }) => (50 * (high! - low!)) / value);
  const span = (widths: readonly number[], digits = 0) => {
    const [least, most] = [Math.min(...widths), Math.max(...widths)].map((end) => end.toFixed(digits));
    if (Number(least) === 0) return `up to ±${most} %`;
    return least === most ? `±${least} %` : `±${least} to ${most} %`;
  };
  const NAMES = ["p50", "p90", "p99"] as const;

  it("of connections and requests", () => {
    const spansOf = (scenario: string) =>
      NAMES.map((name) => span(widthsOf(cellsOf(scenario).map(({ percentiles }) => percentiles![name]))));
    const [p50, p90, p99] = spansOf("connect");
    expect(page).toContain(`for connect(): ${p50} at p50, ${p90} at p90 and ${p99} at p99;`);
    const [request50, request90, request99] = spansOf("established");
    expect(page).toContain(
      `for a request over an open connection: ${request50}, ${request90} and ${request99}.`,
    );
    const tables = widthsOf(
      cellsOf("connect").map(({ estimate }) => ({ value: estimate!.median, interval: estimate!.interval })),
    );
    expect(page).toContain(`over ten rounds, were up to ±${Math.max(...tables).toFixed(0)} % for connect().`);
  });

  it("of ratios to endpoints, and how the direct connections grew", () => {
    const relative = cellsOf().flatMap(({ relativeToBaseline }) => relativeToBaseline ?? []);
    const [p50, p90, p99] = NAMES.map((name) => span(widthsOf(relative.map((each) => each[name])), 1));
    expect(page).toContain(`these ratios were ${p50} at p50, ${p90} at p90 and ${p99} at p99`);
    const ofLists = cellsOf("connect").filter(({ plane }) => plane.startsWith("iptables"));
    const direct = [ofLists[0], ofLists.at(-1)].map((cell) =>
      Math.round(median(cell!.replicates.map(({ floorNs }) => floorNs)) / 1000),
    );
    const ratio = ofLists.at(-1)?.relativeToBaseline?.p50.value.toFixed(2);
    expect(page).toContain(`went from ${direct.join(" to ")} µs, so the ratio fell to ${ratio} while`);
  });
});

it("IPVS's README has the times of the default run's lookups", () => {
  const run = linked(pageOf("README.md").replaceAll("/charts/scaling.svg", "/README.md"), "default");
  const [ten, thousand, most] = [10, 1000, 10_000].map((services) =>
    medianOf(run, { lane: "model", scenario: "lookup", plane: "ipvs", services }),
  );
  expect(pageOf("src/planes/ipvs/README.md")).toContain(
    `to the published ${ten} at 10 Services, 90 ns to ${thousand} at 1,000, and 118 ns to ${most} at 10,000.`,
  );
});
