import { describe, expect, it } from "vitest";
import { fakeResults } from "../../../test/support/results.js";
import type { Cell, Results } from "../schema.js";
import { alignClusters, differingConditions, mergeRuns } from "./merge.js";

/** A run of a cluster: one plane and its baseline. */
function clusterRun(
  plane: string,
  change: Partial<Cell> = {},
  kernel = "6.1",
  base = fakeResults(),
): Results {
  const [cell] = base.cells.filter(({ estimate }) => estimate !== null);
  const of = (id: string, services: number) => ({
    ...cell!,
    lane: "cluster" as const,
    scenario: "connect",
    variant: "",
    plane: id,
    services,
    ...change,
  });
  return {
    ...base,
    cells: [1, 100].flatMap((n) => [of(plane, n), of("direct", n)]),
    cluster: { ...base.cluster, parameters: { kubernetes: "v1.36.3", nodes: [{ kernel, cpus: "2" }] } },
  };
}
const two = (a: Results, b: Results) => [
  { label: "a", results: a },
  { label: "b", results: b },
];

describe("runs that are drawn as one", () => {
  it("have a series each, named by plane and run, and no baselines", () => {
    const merged = mergeRuns(two(clusterRun("nftables"), clusterRun("nftables")));
    expect(new Set(merged.cells.map(({ plane }) => plane))).toEqual(new Set(["nftables@a", "nftables@b"]));
    const reports = Object.values(merged.planes ?? {});
    expect(reports.map(({ label }) => label)).toEqual(["nftables, a", "nftables, b"]);
    expect(new Set(reports.map(({ colours, marker }) => `${colours.light} ${marker}`)).size).toBe(2);
  });

  it("have a colour each, up to eight", () => {
    const runs = Array.from("abcdefgh", (label) => ({ label, results: clusterRun("nftables") }));
    const colours = Object.values(mergeRuns(runs).planes ?? {}).map((report) => report.colours);
    for (const theme of ["light", "lightLabel", "dark"] as const)
      expect(new Set(colours.map((colour) => colour[theme])).size).toBe(8);
  });

  it("does not name a plane twice whose run has its name", () => {
    const { planes } = mergeRuns([
      { label: "nftables", results: clusterRun("nftables") },
      { label: "b", results: clusterRun("nftables") },
    ]);
    expect(Object.values(planes!).map(({ label }) => label)).toEqual(["nftables", "nftables, b"]);
  });

  it("have kube-proxy's version in their names where the cluster reports it", () => {
    const facts = { program: "kube-proxy", version: "v1.36.3" };
    const { planes } = mergeRuns([
      { label: "nftables", results: clusterRun("nftables", { facts }) },
      { label: "b", results: clusterRun("ipvs", { facts: { ...facts, version: "unknown" } }) },
    ]);
    expect(Object.values(planes!).map(({ label }) => label)).toEqual(["kube-proxy 1.36 nftables", "IPVS, b"]);
    expect(Object.values(planes!)[0]!.shortLabel).toBe("nftables\u00a0of\u00a01.36");
  });

  it("have the commits of all", () => {
    const at = (gitCommit: string | null) => {
      const run = clusterRun("nftables");
      return { ...run, environment: { ...run.environment, gitCommit } };
    };
    expect(mergeRuns(two(at("aa"), at("bb-dirty"))).environment.gitCommit).toBe("aa, bb-dirty");
    expect(mergeRuns(two(at("aa"), at("aa"))).environment.gitCommit).toBe("aa");
    expect(mergeRuns(two(at("aa"), at(null))).environment.gitCommit).toBeNull();
  });

  it("may be of lanes that time connect() alike, and not of the model's, which computes", () => {
    const kernel = clusterRun("iptables", { lane: "kernel" });
    const merged = mergeRuns(two(clusterRun("nftables"), kernel));
    expect(new Set(merged.cells.map(({ lane }) => lane))).toEqual(new Set(["cluster"]));
    const model = clusterRun("iptables", { lane: "model" });
    expect(() => mergeRuns(two(clusterRun("nftables"), model))).toThrow(
      "nothing in common that is measured alike: a measured connect in lane cluster; b measured connect in lane model",
    );
  });

  it("are refused where their scenarios or their statistics are not the same", () => {
    expect(() =>
      mergeRuns(two(clusterRun("nftables"), clusterRun("nftables", { scenario: "sync" }))),
    ).toThrow("a measured connect in lane cluster; b measured sync in lane cluster");
    expect(() => mergeRuns(two(clusterRun("nftables"), clusterRun("nftables", { variant: "udp" })))).toThrow(
      "connect (udp) in lane cluster",
    );
  });

  it("say which nft each was measured with", () => {
    const withNft = (nft: string) =>
      clusterRun("nftables@1.37", { lane: "kernel", scenario: "cold-start", facts: { nft } });
    const merged = mergeRuns(two(withNft("nftables v1.0.6"), withNft("nftables v1.1.3")));
    expect(Object.values(merged.planes!).map(({ label }) => label.replace(/^.*, /, ""))).toEqual(["a", "b"]);
    expect(merged.cells[0]!.warnings).toContain("nft differs: nftables v1.0.6 (a), nftables v1.1.3 (b)");
  });

  it("say what they differ in, also in the table's warnings", () => {
    const runs = two(clusterRun("nftables"), clusterRun("nftables", { endpoints: 9 }, "6.12"));
    const endpoints = runs[0]!.results.cells[0]!.endpoints;
    expect(differingConditions(runs)).toEqual([
      `endpoints of a Service differs: ${endpoints} (a), 9 (b)`,
      "kernel differs: 6.1 (a), 6.12 (b)",
    ]);
    expect(mergeRuns(runs).cells[0]?.warnings).toContain("kernel differs: 6.1 (a), 6.12 (b)");
    expect(differingConditions(two(clusterRun("nftables"), clusterRun("nftables")))).toEqual([]);
    const [ipv4, ipv6] = [clusterRun("nftables"), clusterRun("nftables")];
    ipv6.run = { ...ipv6.run, settings: { ...ipv6.run.settings, family: 6 } };
    expect(differingConditions(two(ipv4, ipv6))).toEqual(["addresses differs: IPv4 (a), IPv6 (b)"]);
  });
});

describe("two clusters that are compared", () => {
  it("have their only planes held against each other, which is said", () => {
    const aligned = alignClusters(clusterRun("iptables"), clusterRun("nftables"));
    expect(new Set(aligned?.head.cells.map(({ plane }) => plane))).toEqual(new Set(["iptables", "direct"]));
    expect(aligned?.differences).toEqual(["plane differs: iptables (BASE), nftables (HEAD)"]);
  });

  it("are no two runs of this machine", () => {
    expect(alignClusters(fakeResults(), clusterRun("nftables"))).toBeNull();
  });
});
