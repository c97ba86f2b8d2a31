import { beforeEach, describe, expect, it } from "vitest";
import { fakeResults } from "../../../../test/support/results.js";
import type { ConnectReport } from "../../../kernel/tasks.js";
import type { Cell, Results } from "../../../results/schema.js";
import { emptyCell } from "../../plan.js";
import { kernelReports } from "./reports.js";

let results: Results;
let ingest: (report: ConnectReport) => ReturnType<ReturnType<typeof kernelReports>>;

const cellOf = (lane: Cell["lane"], scenario: string, plane: string, variant = "") =>
  emptyCell({ lane, scenario, plane }, { services: 100, endpoints: null, variant }, 4);
const find = (scenario: string, plane: string, lane: Cell["lane"] = "kernel") => {
  const cell = results.cells.find(
    (candidate) => candidate.scenario === scenario && candidate.plane === plane && candidate.lane === lane,
  );
  if (!cell) throw new Error(`no cell ${scenario} of ${plane}`);
  return cell;
};

/** Two planes at one size: a bare node and a proxy, with a model of the proxy; 10 cells in all. */
beforeEach(() => {
  results = fakeResults({ planes: ["ebpf"], services: [100], replicates: 0 });
  results.equivalence.flows = 0;
  results.cells = [
    ...["connect", "established"].flatMap((scenario) =>
      ["bare", "proxy"].map((plane) => cellOf("kernel", scenario, plane)),
    ),
    ...["lookup", "sync", "memory", "update"].map((scenario) => cellOf("kernel", scenario, "proxy")),
    cellOf("model", "lookup", "proxy"),
    cellOf("guest", "connect", "proxy"),
  ];
  const inKernel = (scenario: string) =>
    results.cells.filter((cell) => cell.lane === "kernel" && cell.scenario === scenario);
  ingest = kernelReports(
    results,
    {
      points: inKernel("connect"),
      models: results.cells.filter(({ lane }) => lane === "model"),
      updates: inKernel("update"),
    },
    { timerFloorNs: 30, isBare: (plane) => plane === "bare" },
  );
});

const round = (cell: number, block: number, place: number, connectNs: number[]): ConnectReport => ({
  kind: "round",
  cell,
  block,
  place,
  seed: 7,
  wallMs: 12,
  connectNs,
  exchangeNs: connectNs.map((ns) => ns / 2),
  work: { rulesVisited: 6, mapLookups: 1, hashProbes: 2 },
  visited: connectNs.map(() => 8),
  chaseNs: 90,
});
const update = (block: number, callsNs: [number, number] | null): ConnectReport => ({
  kind: "update",
  update: 0,
  block,
  place: 0,
  wallMs: 5,
  toolNs: [400, 600],
  callsNs,
  floorNs: 100,
  chaseNs: 90,
});

describe("a round of the kernel lane", () => {
  it("becomes a replicate of connect and one of established, placed among all cells of the block", () => {
    expect(ingest(round(1, 2, 1, [100, 300, 200]))).toEqual({
      cell: find("connect", "proxy"),
      stage: "round",
    });
    expect(find("connect", "proxy").replicates).toMatchObject([
      { block: 2, order: 2 * 10 + 1, seed: 7, median: 200, samples: [100, 300, 200], timerFloorNs: 30 },
    ]);
    expect(find("established", "proxy").replicates).toMatchObject([{ block: 2, order: 21, median: 100 }]);
    expect(find("connect", "proxy", "guest").replicates).toEqual([]);
  });

  it("counts its connections as checked, and averages its exact work", () => {
    ingest(round(1, 0, 0, [100, 200]));
    ingest(round(1, 1, 0, [100, 200, 300]));
    expect(results.equivalence.flows).toBe(5);
    expect(find("connect", "proxy").replicates[1]?.checkedBatches).toBe(3);
    expect(find("connect", "proxy").work).toMatchObject({
      rulesVisited: 6,
      hashProbes: 2,
      entriesWritten: 0,
    });
  });

  it("keeps at most 200 samples, spread over the order of measuring, and every single time", () => {
    ingest(
      round(
        1,
        0,
        0,
        Array.from({ length: 1000 }, (_, i) => i),
      ),
    );
    const replicate = find("connect", "proxy").replicates[0];
    expect(replicate?.samples).toHaveLength(200);
    expect(replicate?.samples.slice(0, 3)).toEqual([0, 5, 10]);
    expect(replicate?.singles?.ns).toHaveLength(1000);
  });

  it("takes the bare node's time of the same block as its baseline, in whichever order the two come", () => {
    ingest(round(1, 0, 0, [300]));
    ingest(round(0, 0, 1, [120]));
    ingest(round(0, 1, 0, [140]));
    ingest(round(1, 1, 1, [300]));
    const floors = (scenario: string) => find(scenario, "proxy").replicates.map(({ floorNs }) => floorNs);
    expect(floors("connect")).toEqual([120, 140]);
    expect(floors("established")).toEqual([60, 70]);
  });
});

describe("loading a plane in the kernel lane", () => {
  it("describes all cells of that plane in that kernel, and is the only replicate of sync", () => {
    const facts = { rules: 12 };
    const report = { kind: "loaded", cell: 1, loadMs: 2.5, programBytes: 4096, facts } as const;
    expect(ingest(report).stage).toBe("loading");
    for (const scenario of ["connect", "established", "sync", "memory", "update"]) {
      expect(find(scenario, "proxy")).toMatchObject({ programBytes: 4096, facts });
    }
    expect(find("sync", "proxy").replicates).toMatchObject([{ median: 2_500_000, samples: [2_500_000] }]);
    expect(find("connect", "bare").programBytes).toBeNull();
    expect(find("connect", "proxy", "guest").programBytes).toBeNull();
  });

  it("leaves a reason in each of these cells when it fails", () => {
    ingest({ kind: "failed", cell: 1, reason: "no such module" });
    for (const scenario of ["connect", "sync", "update"]) {
      expect(find(scenario, "proxy").warnings).toEqual(["a replicate failed: no such module"]);
    }
    expect(find("connect", "bare").warnings).toEqual([]);
  });
});

describe("a plane that fails after its rounds began", () => {
  it("leaves a reason only in cells that lack something", () => {
    results.run.schedule = [
      [0, 1],
      [1, 0],
    ];
    ingest({ kind: "loaded", cell: 1, loadMs: 2.5, programBytes: 4096, facts: {} });
    ingest({ kind: "memory", cell: 1, source: "below its noise", bytes: {}, besides: {} });
    ingest(round(1, 0, 0, [100]));
    const fail = () => ingest({ kind: "failed", cell: 1, reason: "connections stay" });
    const failed = () =>
      results.cells.filter(({ warnings }) => warnings.length > 0).map(({ scenario }) => scenario);
    ingest(round(1, 1, 0, [100]));
    fail();
    expect(failed()).toEqual(["lookup", "update"]);
    find("connect", "proxy").replicates.pop();
    fail();
    expect(failed()).toEqual(["connect", "lookup", "update"]);
  });
});

describe("other reports of the kernel lane", () => {
  it("memory is counted by structure, without the state of connections in the sum", () => {
    const sizes = { bytes: { a: 10, b: 5 }, besides: { ct4: 99 }, modelled: 15 };
    ingest({ kind: "memory", cell: 1, source: "memlock", ...sizes });
    expect(find("memory", "proxy")).toMatchObject({
      counts: { bytes: 15, "a bytes": 10, "b bytes": 5, "besides: ct4 bytes": 99, "modelled bytes": 15 },
      facts: { source: "memlock" },
    });
  });

  it("memory that noise hides is counted as nothing known, with the reason", () => {
    ingest({ kind: "memory", cell: 1, source: "below its noise", bytes: {}, besides: {} });
    expect(find("memory", "proxy")).toMatchObject({ counts: {}, facts: { source: "below its noise" } });
    expect(find("memory", "proxy").counts).toEqual({});
  });

  it("lookups of known latency are the run's own, and belong to no cell", () => {
    const tables = [{ elements: 1, bytes: 64, kernelNs: 2, chaseNs: 1.6 }];
    const { stage } = ingest({ kind: "known latency", tables });
    expect([stage, results.knownLatency]).toEqual([null, tables]);
  });

  it("lookups of known latency that could not be timed leave the reason where they are missed", () => {
    const { stage } = ingest({ kind: "known latency failed", reason: "no memory to lock" });
    expect([stage, results.knownLatency]).toEqual([null, undefined]);
    expect(find("lookup", "proxy").facts).toEqual({ knownLatency: "not made: no memory to lock" });
    expect(find("lookup", "proxy").warnings).toEqual([]);
    expect(find("lookup", "proxy", "model").facts).toEqual({});
  });

  it("a lookup alone is a replicate of lookup in the kernel, not of the model", () => {
    ingest({
      kind: "lookup",
      cell: 1,
      block: 3,
      place: 1,
      netNs: [40, 60, 50],
      floorNs: 9,
      chaseNs: 90,
    });
    expect(find("lookup", "proxy").replicates).toMatchObject([
      { block: 3, order: 31, median: 50, floorNs: 9 },
    ]);
    expect(find("lookup", "proxy", "model").replicates).toEqual([]);
  });

  it("a model that only counts leaves no replicate", () => {
    const measured = { counts: { bytes: 1 }, endpoints: 4, programBytes: 77, facts: { maps: 3 } };
    ingest({ kind: "model", cell: 0, block: 0, place: 2, seed: 1, ran: { measured, wallMs: 5 } });
    expect(find("lookup", "proxy", "model")).toMatchObject({
      programBytes: 77,
      facts: { maps: 3 },
      replicates: [],
    });
  });

  it("a change is a replicate of two samples, and its system calls are averaged over replicates", () => {
    expect(ingest(update(0, [100, 200])).stage).toBe("changing");
    ingest(update(1, [200, 300]));
    const cell = find("update", "proxy");
    expect(cell.replicates).toMatchObject([
      { order: 0, samples: [400, 600], median: 500, floorNs: 100 },
      { order: 10, samples: [400, 600] },
    ]);
    expect(cell.facts.systemCallsNs).toBe(200);
  });

  it("a run that is resumed goes on with the average of before", () => {
    ingest(update(0, [100, 200]));
    ingest({ kind: "loaded", cell: 1, loadMs: 2.5, programBytes: 4096, facts: { rules: 12 } });
    ingest(update(1, [200, 300]));
    expect(find("update", "proxy").facts).toEqual({ rules: 12, systemCallsNs: 200 });
  });

  it("a change whose tool times no system calls leaves no such fact", () => {
    ingest(update(0, null));
    expect(find("update", "proxy").facts).not.toHaveProperty("systemCallsNs");
  });

  it("a failed change leaves a reason and no replicate", () => {
    ingest({ kind: "update failed", update: 0, reason: "refused" });
    expect(find("update", "proxy")).toMatchObject({
      warnings: ["a replicate failed: refused"],
      replicates: [],
    });
  });

  it("a number that names no cell is refused", () => {
    expect(() => ingest(round(9, 0, 0, [1]))).toThrow(/names no cell of this run/);
  });
});
