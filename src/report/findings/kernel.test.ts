import { describe, expect, it } from "vitest";
import { withCells } from "../testing-lanes.js";
import { ebpfModelAgainstKernel, iptablesModelAgainstKernel, kernelConnect } from "./kernel.js";

describe("findings of the kernel lane", () => {
  it("say what iptables adds to a connection, from direct in the same run", () => {
    const found = kernelConnect(
      withCells([
        ["kernel", "connect", "direct", 5000, 30_000],
        ["kernel", "connect", "iptables", 5000, 50_000],
      ]),
    );
    expect(found?.value).toBe(20_000);
    expect(found?.interval.map(Math.round)).toEqual([45_000 - 33_000, 55_000 - 27_000]);
    expect(found?.headline).toBe("At 5,000 Services iptables adds 20 µs to every connection");
  });

  it("say nothing where the intervals of iptables and direct meet", () => {
    const rows = [
      ["kernel", "connect", "direct", 5000, 30_000],
      ["kernel", "connect", "iptables", 5000, 33_000],
    ] as const;
    expect(kernelConnect(withCells(rows))).toBeNull();
  });

  it("compare nanoseconds for each rule visited, not times of different things", () => {
    const found = iptablesModelAgainstKernel(
      withCells([
        ["kernel", "connect", "iptables", 100, 40_000, 60],
        ["kernel", "connect", "iptables", 10_000, 100_000, 5060],
        ["model", "lookup", "iptables", 100, 300, 60],
        ["model", "lookup", "iptables", 10_000, 25_300, 5060],
      ]),
    );
    // 5 ns a rule in the model, 12 ns in the kernel.
    expect(found?.value).toBeCloseTo(5 / 12, 10);
    expect(found?.interval[0]).toBeLessThan(5 / 12);
    expect(found?.interval[1]).toBeGreaterThan(5 / 12);
  });

  it("say nothing of rules where the kernel's rise is within its noise", () => {
    const rows = [
      ["kernel", "connect", "iptables", 100, 40_000, 60],
      ["kernel", "connect", "iptables", 10_000, 41_000, 5060],
      ["model", "lookup", "iptables", 100, 300, 60],
      ["model", "lookup", "iptables", 10_000, 25_300, 5060],
    ] as const;
    expect(iptablesModelAgainstKernel(withCells(rows))).toBeNull();
  });

  it("hold an eBPF model to the kernel's own lookups, value and rise over 100 services", () => {
    const found = ebpfModelAgainstKernel(
      withCells([
        ["kernel", "lookup", "ebpf", 100, 100],
        ["kernel", "lookup", "ebpf", 10_000, 400],
        ["model", "lookup", "ebpf", 100, 50],
        ["model", "lookup", "ebpf", 10_000, 300],
      ]),
      "ebpf",
    );
    expect(found?.value).toBe(0.75);
    expect(found?.sentence).toContain("N = 100: 50 ns over 100 ns, ×0.5");
    expect(found?.sentence).toContain("the model rises ×6, the kernel ×4");
  });

  it("say nothing of models without a kernel beside them", () => {
    expect(ebpfModelAgainstKernel(withCells([["model", "lookup", "ebpf", 100, 50]]), "ebpf")).toBeNull();
  });
});
