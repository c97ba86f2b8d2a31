import { describe, expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { withCells } from "../../test/support/results-lanes.js";
import { againstKernel, againstKernelTable } from "./model-vs-kernel.js";

const BOTH = withCells([
  ["kernel", "connect", "iptables", 100, 40_000, 60],
  ["kernel", "connect", "iptables", 10_000, 100_000, 5060],
  ["model", "lookup", "iptables", 100, 300, 60],
  ["model", "lookup", "iptables", 10_000, 25_300, 5060],
  ["kernel", "lookup", "ebpf", 1, 140],
  ["kernel", "lookup", "ebpf", 100, 100],
  ["kernel", "lookup", "ebpf", 10_000, 400],
  ["model", "lookup", "ebpf", 1, 42],
  ["model", "lookup", "ebpf", 100, 50],
  ["model", "lookup", "ebpf", 10_000, 300],
]);

describe("models against the kernel", () => {
  it("compares a rule, each lookup, and the rise over 100 Services", () => {
    const rows = againstKernel(BOTH).map(({ plane, what, services, ratio }) => ({
      plane,
      what,
      services,
      ratio: Number(ratio.value.toFixed(4)),
    }));
    expect(rows).toEqual([
      { plane: "iptables", what: "rule", services: [100, 10_000], ratio: 0.4167 },
      { plane: "ebpf", what: "lookup", services: [1], ratio: 0.3 },
      { plane: "ebpf", what: "lookup", services: [100], ratio: 0.5 },
      { plane: "ebpf", what: "lookup", services: [10_000], ratio: 0.75 },
      { plane: "ebpf", what: "rise", services: [100, 10_000], ratio: 1.5 },
    ]);
  });

  it("is wide enough for the far ends of both intervals", () => {
    for (const { model, kernel, ratio } of againstKernel(BOTH)) {
      expect(ratio.interval[0]).toBeCloseTo(model.interval[0] / kernel.interval[1], 10);
      expect(ratio.interval[1]).toBeCloseTo(model.interval[1] / kernel.interval[0], 10);
    }
  });

  it("is a table with a line for each, and none without both lanes", () => {
    const lines = againstKernelTable(BOTH)!.split("\n");
    expect(lines[2]).toMatch(/^iptables \| each rule visited \| 100 to 10,000 \| 5\.00 ns \[.*\] \| 12 ns/);
    expect(lines).toContainEqual(expect.stringMatching(/^eBPF hash \| rise of a lookup \| .*×1\.50 \[/));
    expect(againstKernelTable(fakeResults())).toBeNull();
  });
});
