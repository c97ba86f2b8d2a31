import { describe, expect, it } from "vitest";
import { KERNEL } from "../../../../bench/kernel.js";
import type { ColdStartReport } from "../../../kernel/cold-start/tasks.js";
import type { RunSpec } from "../../spec.js";
import { addColdStart, coldStartCells } from "./cold-start.js";
import { pointsOf } from "./points.js";

const profile = (id: string) => KERNEL.profiles.find((each) => each.id === id)!;
const planned = (spec: Partial<RunSpec>, id = "full") =>
  coldStartCells({ lane: "kernel", seed: 1, ...spec } as RunSpec, KERNEL, profile(id), 4);
const names = (cells: ReturnType<typeof planned>) =>
  cells.map(({ plane, services, variant }) => [plane, services, variant]);

const loaded: ColdStartReport = {
  kind: "loaded",
  cell: 0,
  block: 0,
  place: 2,
  ns: 900,
  toolNs: 100,
  kernelNs: 700,
  longestNs: 400,
  transactions: 3,
  setsPassed: 77,
  entriesPassed: 44,
  nft: "nftables v1.0.6",
  wallMs: 5,
};

describe("cold starts", () => {
  it("are planned for each layout, N and transaction that is smaller than N", () => {
    expect(names(planned({ services: [1000, 500, 200], planes: ["nftables@1.36"] }))).toEqual([
      ["nftables@1.36", 200, ""],
      ["nftables@1.36", 500, ""],
      ["nftables@1.36", 500, "250 a transaction"],
      ["nftables@1.36", 1000, ""],
      ["nftables@1.36", 1000, "250 a transaction"],
    ]);
  });

  it("are of the layouts that the run's planes write", () => {
    const planes = (given: string[] | undefined) => [
      ...new Set(planned({ ...(given && { planes: given }), services: [10] }).map(({ plane }) => plane)),
    ];
    expect(planes(undefined)).toEqual(["nftables@1.35", "nftables@1.36", "nftables@1.37"]);
    expect(planes(["nftables", "direct"])).toEqual(planes(undefined));
    expect(planes(["kube-proxy/nftables@1.36", "kube-proxy/iptables-legacy@1.37"])).toEqual([
      "nftables@1.36",
    ]);
    expect(planes(["direct", "ebpf"])).toEqual([]);
  });

  it("are left out of a quick run, unless it is asked for them by name", () => {
    expect(planned({}, "quick")).toEqual([]);
    const asked = planned({ scenarios: ["cold-start"] }, "quick");
    expect([...new Set(asked.map(({ services }) => services))]).toEqual([1000]);
  });

  it("are no stations that connections go through", () => {
    expect(pointsOf(planned({}))).toEqual([]);
  });

  it("become replicates, with exact counts and means of processor times as facts", () => {
    const cells = planned({ services: [500], planes: ["nftables@1.37"] });
    addColdStart(cells, loaded, 10, 30);
    addColdStart(cells, { ...loaded, block: 1, ns: 1100, kernelNs: 900 }, 10, 30);
    const [cell] = cells;
    expect(cell!.replicates.map(({ median, block, order }) => [median, block, order])).toEqual([
      [900, 0, 2],
      [1100, 1, 12],
    ]);
    expect(cell!.facts).toEqual({
      nft: "nftables v1.0.6",
      transactions: 3,
      setsPassed: 77,
      entriesPassed: 44,
      toolCpuNs: 100,
      kernelCpuNs: 800,
      longestTransactionNs: 400,
    });
  });

  it("keep the reason where they could not be loaded", () => {
    const cells = planned({ services: [500], planes: ["nftables@1.37"] });
    addColdStart(
      cells,
      { kind: "gap", cell: 1, block: 0, place: 0, reason: "no room", spentMs: 60_000 },
      10,
      30,
    );
    expect(cells[1]!.warnings).toEqual(["a replicate failed: no room; 60 s were spent on it"]);
    expect(() => addColdStart(cells, { ...loaded, cell: 9 }, 10, 30)).toThrow(/no cold start of this run: 9/);
  });
});
