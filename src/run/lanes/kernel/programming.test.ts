import { beforeEach, describe, expect, it } from "vitest";
import { KERNEL } from "../../../../bench/kernel.js";
import { fakeResults } from "../../../../test/support/results.js";
import type { ProgrammingReport } from "../../../kernel/programming/tasks.js";
import { isGap } from "../../../results/runs/outcomes.js";
import type { Results } from "../../../results/schema.js";
import { markLacking, programCells, shareOut, visitsOf } from "./programming.js";
import { programmingReports } from "./programming-reports.js";

const PLANE = "kube-proxy/nftables@1.37";
const point = { plane: PLANE, services: 100 };
const tools = {
  listingNs: 30,
  writingNs: 50,
  writingSystemNs: 45,
  otherNs: 5,
  peakBytes: 2000,
  calls: 2,
};
const where = { cell: 0, block: 0, place: 0 };

let results: Results;
let ingest: (report: ProgrammingReport) => void;
const cell = (scenario: string, variant = "") =>
  results.cells.find((each) => each.scenario === scenario && each.variant === variant)!;

beforeEach(() => {
  results = fakeResults({ planes: ["ebpf"], services: [100], replicates: 0 });
  results.cells = programCells([{ id: PLANE }], KERNEL.scenarios, {
    services: [100],
    kernel: KERNEL,
    endpoints: 4,
  });
  results.run.replicates = { least: 3, most: 3 };
  results.run.settings.kernel = {
    updates: 3,
    changes: 3,
    starts: 2,
    rollout: 100,
    cellSeconds: 20,
    runSeconds: null,
  };
  ingest = programmingReports(results, [point], 30);
});

const started: ProgrammingReport = {
  kind: "started",
  ...where,
  answeredNs: 9e8,
  syncedNs: 8e8,
  cpuNs: 2e8,
  peakBytes: 7000,
  slabBytes: -5,
  vmallocBytes: 40,
  tools,
  maps: null,
  facts: { kubeProxy: "Kubernetes v1.37.2" },
};
const changed = (block = 0): ProgrammingReport => ({
  kind: "changed",
  ...where,
  block,
  change: "join",
  syncNs: 100,
  visibleNs: 80,
  tools,
  syncs: 1,
  wallMs: 12,
});
const round = (block = 0): ProgrammingReport => ({
  kind: "round",
  ...where,
  block,
  seed: 7,
  connectNs: [60, 40, 50],
  exchangeNs: [20, 10, 30],
  wallMs: 3,
  baseConnectNs: 30,
  baseExchangeNs: 15,
});
const rolledOut = (block = 0): Extract<ProgrammingReport, { kind: "rolled out" }> => ({
  kind: "rolled out",
  ...where,
  block,
  syncNs: 500,
  syncs: 4,
  operations: null,
  endpoints: 100,
  wallMs: 1,
});

describe("reports about a kube-proxy", () => {
  it("of its start become replicates of the first sync and its processor time", () => {
    ingest(started);
    expect(cell("sync", "first").replicates.map(({ median }) => median)).toEqual([9e8]);
    expect(cell("sync", "first, CPU").replicates.map(({ median }) => median)).toEqual([2e8]);
    expect(cell("sync", "first").facts).toMatchObject({ firstSyncNs: 8e8, kubeProxy: "Kubernetes v1.37.2" });
  });

  it("of its memory keep the most of all starts, and no slabs that others freed", () => {
    ingest(started);
    ingest({ ...started, peakBytes: 6000, vmallocBytes: 90 });
    expect(cell("proxy-memory").counts).toEqual({
      bytes: 7000,
      "tools bytes": 2000,
      "kernel slab bytes": 0,
      "kernel vmalloc bytes": 90,
    });
  });

  it("of a change are split into parts that add up to it", () => {
    ingest(changed());
    const of = (variant: string) => cell("programming", variant).replicates[0]!.median;
    expect(of("")).toBe(100);
    expect(of("visible")).toBe(80);
    expect(of("listing") + of("writing") + of("rest")).toBe(of(""));
    expect(of("writing, in the kernel")).toBe(45);
  });

  it("of a round are connections and requests, with those through a node that only tracks as their floor", () => {
    results.equivalence.flows = 0;
    ingest(round());
    expect(cell("connect").replicates).toMatchObject([
      { median: 50, floorNs: 30, checkedBatches: 3, seed: 7 },
    ]);
    expect(cell("established").replicates).toMatchObject([{ median: 20, floorNs: 15 }]);
    expect(results.equivalence.flows).toBe(3);
  });

  it("that it did not finish are a reason and the time that was spent, in every cell", () => {
    ingest({ kind: "gap", ...where, stage: "start", reason: "it did not finish", spentMs: 20_040 });
    for (const each of results.cells) {
      expect(each.warnings).toEqual(["a replicate failed: it did not finish; 20 s were spent on it"]);
      expect(each.facts).toMatchObject({ gap: "it did not finish", spentSeconds: 20 });
    }
  });

  it("that there was no time for another start leave what an earlier one measured as it is", () => {
    const late = {
      kind: "gap",
      ...where,
      block: 1,
      stage: "start",
      reason: "time was used up",
      spentMs: 0,
    } as const;
    ingest(started);
    ingest(late);
    expect(cell("sync", "first").warnings).toEqual([]);
    expect(cell("programming").warnings).toHaveLength(1);
  });

  it("that changes did not finish leave the first sync as it was measured", () => {
    ingest(started);
    ingest({ kind: "gap", ...where, stage: "changes", reason: "slow", spentMs: 1000 });
    expect(cell("sync", "first").warnings).toEqual([]);
    expect(cell("programming").warnings).toHaveLength(1);
  });
});

describe("reports about Cilium's control plane", () => {
  const CILIUM = "cilium@1.20";
  beforeEach(() => {
    results.cells = programCells([{ id: CILIUM }], KERNEL.scenarios, {
      services: [100],
      kernel: KERNEL,
      endpoints: 4,
    });
    ingest = programmingReports(results, [{ plane: CILIUM, services: 100 }], 30);
  });

  it("of its start are what the kernel accounts for each map, those of connections aside", () => {
    ingest({
      ...started,
      maps: { "services Hash 12 12": 500, "nat Hash 2 6": 70, "nat LRUHash 16 8": 9000 },
    });
    expect(cell("memory").counts).toEqual({
      bytes: 570,
      "map services Hash 12 12 bytes": 500,
      "map nat Hash 2 6 bytes": 70,
      "besides: map nat LRUHash 16 8 bytes": 9000,
    });
    expect(cell("memory").facts).toMatchObject({ source: "memlock" });
  });

  it("of a rollout say how many operations on maps it took, and nothing of syncs", () => {
    ingest({ ...rolledOut(), syncs: null, operations: 1234 });
    expect(cell("programming", "rollout").facts).toEqual({ endpoints: 100, operations: 1234 });
  });

  it("leave nothing to be measured again of visits that have ended", () => {
    ingest(started);
    for (let i = 0; i < 3; i++) ingest(round());
    for (let i = 0; i < 3; i++) ingest(changed());
    ingest(rolledOut());
    results.run.settings.kernel = { ...results.run.settings.kernel!, starts: 1 };
    expect(visitsOf(results, [{ plane: CILIUM, services: 100 }])).toEqual([]);
  });
});

it("kube-proxy has no maps whose memory the kernel reports", () => {
  expect(cell("memory")).toBeUndefined();
});

describe("visits of a kube-proxy", () => {
  const visits = () =>
    visitsOf(results, [point]).map(({ block, changes, firstChange }) => [block, changes, firstChange]);
  const finish = (block: number, changes: number) => {
    ingest({ ...started, block });
    for (let i = 0; i < (block === 0 ? 2 : 1); i++) ingest(round(block));
    for (let i = 0; i < changes; i++) ingest(changed(block));
    ingest(rolledOut(block));
  };

  it("share out the changes, the first ones one more", () => {
    expect(shareOut(10, 3)).toEqual([4, 3, 3]);
    expect(visits()).toEqual([
      [0, 2, 0],
      [1, 1, 2],
    ]);
  });

  it("that ended are not made again when a run is resumed", () => {
    finish(0, 2);
    expect(visits()).toEqual([[1, 1, 2]]);
    finish(1, 1);
    expect(visits()).toEqual([]);
  });

  it("that were interrupted are made again, and what there was of them is dropped as they begin, not before", () => {
    finish(0, 2);
    ingest({ ...started, block: 1 });
    const blocks = () => cell("sync", "first").replicates.map(({ block }) => block);
    expect(visits()).toEqual([[1, 1, 2]]);
    expect(blocks()).toEqual([0, 1]);
    ingest({ kind: "starting", ...where, block: 1 });
    expect(blocks()).toEqual([0]);
  });

  it("are not made again where it could not finish", () => {
    ingest({ kind: "gap", ...where, stage: "start", reason: "slow", spentMs: 1000 });
    expect(visits()).toEqual([]);
  });
});

describe("programs that this kernel can't run", () => {
  const program = (mode: "ipvs" | "nftables") =>
    ({
      kind: "kube-proxy",
      id: `kube-proxy/${mode}@1.37`,
      mode,
      backend: "nft",
      binary: "",
      isOwnBuild: false,
    }) as const;
  const lackOf = ({ id }: { readonly id: string }) => (id.includes("ipvs") ? "no IPVS" : null);

  it("are gaps with the reason, and are not visited", () => {
    const programs = [program("ipvs"), program("nftables")];
    const sizes = { services: [100], kernel: KERNEL, endpoints: 4 };
    results.cells = programCells(programs, KERNEL.scenarios, sizes);
    markLacking(results.cells, programs, { isAlone: true, lackOf });
    for (const cell of results.cells) expect(isGap(cell)).toBe(cell.plane.includes("ipvs"));
    expect(results.cells[0]?.warnings).toEqual(["not measured: no IPVS"]);
    const points = programs.map(({ id }) => ({ plane: id, services: 100 }));
    expect(new Set(visitsOf(results, points).map(({ cell: at }) => at))).toEqual(new Set([1]));
  });

  it("are refused where nothing else was asked for", () => {
    const mark = (isAlone: boolean) => () => markLacking([], [program("ipvs")], { isAlone, lackOf });
    expect(mark(true)).toThrow(
      /^kube-proxy\/ipvs@1\.37 is not measured here: no IPVS, and .*; name other planes$/,
    );
    expect(mark(false)).not.toThrow();
  });
});
