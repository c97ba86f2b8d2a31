import { describe, expect, it } from "vitest";
import { fakeResults } from "../../../../test/support/results.js";
import type { Changed } from "../../../cluster-lane/changes/changes.js";
import type { ChangeTime } from "../../../cluster-lane/changes/times.js";
import { implausibility } from "../../../results/plausible.js";
import { summarize } from "../../../results/summarize.js";
import { emptyCell } from "../../plan.js";
import { addChanged } from "./changes.js";
import { CHANGE_KINDS, CHANGE_PARTS, changeCell, connectionVariant, partsOf } from "./variants.js";

const time = (
  kind: ChangeTime["kind"],
  node: string,
  block: number,
  ns: number | null,
  of: Pick<ChangeTime, "protocol" | "family"> = { protocol: "tcp", family: 4 },
): ChangeTime => ({ ...{ kind, node, block, ns }, ...of });

/** Every cell that there can be. */
const CELLS = (["tcp", "udp"] as const).flatMap((protocol) =>
  CHANGE_PARTS.flatMap((part) => CHANGE_KINDS.map((kind) => changeCell(kind, protocol, part))),
);

const CREATION = { services: 99, ns: [4e9, 6e9, 5e9] };

function changed(times: ChangeTime[], errorNs = 1, lost = { programming: 0, sync: 0 }, names = false) {
  const results = fakeResults();
  results.cells = CELLS.map(({ scenario, variant }) =>
    emptyCell(
      { plane: "nftables", lane: "cluster", scenario },
      { services: 100, endpoints: null, variant },
      4,
    ),
  );
  const made = { programming: 20, sync: 3 };
  const clockErrorNs = new Map([["secret-a", errorNs]]);
  const all: Changed = { times, clockErrorNs, lost, made, creation: CREATION };
  addChanged(results, 100, all, { seed: 1, otherServices: 3, names });
  return { results, cell: (variant: string) => results.cells.find((cell) => cell.variant === variant)! };
}

const JOINS = [0, 1, 2].flatMap((block) => [
  time("joins", "secret-a", block, 1e6 * (block + 1)),
  time("joins", "secret-b", block, 9e6),
]);

describe("changes that nodes of a cluster followed", () => {
  it("are a replicate for each change with a time of each node, in the cell of their kind", () => {
    const { results, cell } = changed([...JOINS, time("new", "secret-a", 0, 5e6)]);
    expect(cell("").replicates.map(({ samples, median, block }) => [samples, median, block])).toEqual([
      [[1e6, 9e6], 5e6, 0],
      [[2e6, 9e6], 5.5e6, 1],
      [[3e6, 9e6], 6e6, 2],
    ]);
    expect(cell("new").replicates.map(({ median }) => median)).toEqual([5e6]);
    expect(cell("leaves").replicates).toEqual([]);
    expect(cell("").facts.servicesInCluster).toBe(103);
    expect(implausibility(results)).toBeNull();
  });

  it("work in the whole cluster when the last node follows, which those do not that a node did not see", () => {
    const { results, cell } = changed([
      ...JOINS,
      time("joins", "secret-a", 3, 1e6),
      time("joins", "secret-b", 3, null),
    ]);
    expect(cell("every node").replicates.map(({ samples }) => samples)).toEqual([[9e6], [9e6], [9e6]]);
    expect(
      cell("")
        .replicates.map(({ samples }) => samples)
        .at(-1),
    ).toEqual([1e6]);
    expect(implausibility(results)).toBeNull();
  });

  it("of a sync begin when the last Service is made, and what making all of them took is a fact", () => {
    const { results } = changed([...JOINS, time("sync", "secret-a", 0, 7e6)]);
    const factsOf = (wanted: string) => results.cells.find(({ scenario }) => scenario === wanted)?.facts;
    expect(factsOf("sync")).toMatchObject({ createdServices: 99, creationNs: 5e9, slowestNs: 7e6 });
    expect(factsOf("programming")).not.toHaveProperty("creationNs");
  });

  it("are told apart by protocol and by family", () => {
    const udp = { protocol: "udp", family: 4 } as const;
    const ipv6 = { protocol: "tcp", family: 6 } as const;
    const { cell } = changed([
      time("joins", "a", 0, 1e6),
      time("joins", "a", 0, 3e6, ipv6),
      time("joins", "a", 0, 5e6, udp),
      time("leaves", "a", 0, 7e6, udp),
    ]);
    const samples = (variant: string) => cell(variant).replicates.map((replicate) => replicate.samples);
    expect(samples("")).toEqual([[1e6, 3e6]]);
    expect(samples("every node")).toEqual([[3e6]]);
    expect(samples("IPv4")).toEqual([[1e6]]);
    expect(samples("IPv6")).toEqual([[3e6]]);
    expect(samples("udp")).toEqual([[5e6]]);
    expect(samples("udp, leaves")).toEqual([[7e6]]);
    expect(samples("udp, IPv6")).toEqual([]);
  });

  it("show which node is slow, without its name unless it was asked for", () => {
    const { results, cell } = changed(JOINS);
    expect(cell("").facts).toMatchObject({
      ...{ "node 1 p50 ns": 2e6, "node 1 p90 ns": 2.8e6, "node 1 slowest ns": 3e6 },
      ...{ "node 2 p50 ns": 9e6, slowestNs: 9e6 },
    });
    expect(JSON.stringify(results.cells)).not.toContain("secret");
    expect(changed(JOINS, 1, undefined, true).cell("").facts).toMatchObject({ "secret-b p50 ns": 9e6 });
  });

  it("keep warnings of what was not seen, of lost changes and of clocks that are too far apart", () => {
    const { results, cell } = changed([...JOINS, time("joins", "secret-a", 3, null)], 1e6, {
      programming: 2,
      sync: 0,
    });
    summarize(results);
    const { warnings } = cell("");
    expect(warnings).toContain(
      "in this cluster, of 7 changes, 1 did not reach a node in time: they are in no time",
    );
    expect(warnings).toContain(
      "in this cluster, 2 changes were lost, because the API server, a stream to a pod or a Service's address failed",
    );
    expect(warnings.some((text) => text.includes("agree to 1 ms"))).toBe(true);
    expect(changed(JOINS).cell("").warnings).toEqual([]);
  });

  it("that were lost are told from lost syncs, also where there is no other", () => {
    const { results } = changed(JOINS, 1, { programming: 1, sync: 3 });
    const wordsOf = (wanted: string) =>
      results.cells.filter(({ scenario }) => scenario === wanted).map(({ warnings }) => warnings.join());
    const why = "because the API server, a stream to a pod or a Service's address failed";
    expect(new Set(wordsOf("programming"))).toEqual(new Set([`in this cluster, 1 change was lost, ${why}`]));
    expect(new Set(wordsOf("sync"))).toEqual(new Set([`in this cluster, 3 syncs were lost, ${why}`]));
  });
});

describe("variants of a cluster's cells", () => {
  it("tell nodes and families apart where there are several", () => {
    expect(partsOf(CHANGE_PARTS, { nodes: 1, families: 1 })).toEqual(["all"]);
    expect(partsOf(CHANGE_PARTS, { nodes: 2, families: 1 })).toEqual(["all", "every node"]);
    expect(partsOf(CHANGE_PARTS, { nodes: 1, families: 2 })).toEqual(["all", "IPv4", "IPv6"]);
  });

  it("have names of their own, each", () => {
    expect(new Set(CELLS.map(({ scenario, variant }) => `${scenario} ${variant}`)).size).toBe(CELLS.length);
    expect(connectionVariant("udp", "other node")).toBe("udp, other node");
    expect(changeCell("new", "udp", "every node")).toEqual({
      ...{ scenario: "programming", variant: "udp, every node, new" },
    });
  });
});
