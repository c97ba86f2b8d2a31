import { describe, expect, it } from "vitest";
import { CATALOG } from "../catalog.js";
import { outsideNote } from "../results/descriptors.js";
import { clusterRequest } from "./cluster-digests.js";
import { describeRun } from "./describe.js";
import { emptyCell } from "./plan.js";

const cell = (plane: string) =>
  emptyCell({ plane, lane: "model", scenario: "lookup" }, { services: 10, endpoints: null, variant: "" }, 4);
const cells = [cell("ebpf"), cell("ebpf-maglev")];

describe("a plane that only clients outside the cluster meet", () => {
  it.each([
    ["clusterIp", ["eBPF hash", "Maglev (outside)"], ["clusterIp", "loadBalancer"]],
    ["nodePort", ["eBPF hash", "eBPF + Maglev"], ["nodePort", "nodePort"]],
  ] as const)("is measured with such clients and named so in a run of entry %s", (entry, labels, entries) => {
    const described = describeRun(cells, CATALOG, entry);
    expect(cells.map(({ plane }) => described.planes?.[plane]?.label)).toEqual(labels);
    const run = { run: { seed: 1, entry, settings: {} }, ...described } as unknown as Parameters<
      typeof clusterRequest
    >[0];
    const context = { catalog: CATALOG, clusterFile: null };
    expect(cells.map((each) => clusterRequest(run, each, context).entry)).toEqual(entries);
    expect(outsideNote(described, cells)).toBe(
      entry === "clusterIp" && "Maglev (outside): from clients outside the cluster to load balancers",
    );
  });
});
