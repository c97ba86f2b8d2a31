import { describe, expect, it } from "vitest";
import { withCells } from "../../../../test/support/results-lanes.js";
import { establishedFlat } from "../connections.js";
import { guestConnect, guestUpdate } from "./guest.js";
import {
  kernelConnect,
  kernelMemory,
  kernelUpdate,
  lookupModelVsKernel,
  ruleModelVsKernel,
} from "./kernel.js";

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
    expect(found?.headline).toBe(
      "At 5,000 Services iptables adds 20\u00a0µs\u00a0(12–28\u00a0µs) to a median connection",
    );
  });

  it("say two connections and their difference with as many digits as add up", () => {
    const found = kernelConnect(
      withCells([
        ["kernel", "connect", "direct", 5000, 36_640],
        ["kernel", "connect", "iptables", 5000, 87_250],
      ]),
    );
    expect(found?.sentence).toMatch(
      /takes 87\.3 µs through iptables and 36\.6 µs with no proxy: 50\.7 µs \[/,
    );
  });

  it("say what iptables adds to a connection that is tracked, and name its other backend", () => {
    const found = kernelConnect(
      withCells([
        ["kernel", "connect", "direct", 5000, 30_000],
        ["kernel", "connect", "direct-conntrack", 5000, 35_000],
        ["kernel", "connect", "iptables", 5000, 50_000],
        ["kernel", "connect", "iptables-nft", 5000, 90_000],
      ]),
    );
    expect(found?.value).toBe(15_000);
    expect(found?.sentence).toMatch(
      /35\.0 µs with no proxy, tracked: 15\.0 µs .* more; through iptables-nft it takes 90 µs\.$/,
    );
  });

  it("say nothing where the intervals of iptables and direct meet", () => {
    const rows = [
      ["kernel", "connect", "direct", 5000, 30_000],
      ["kernel", "connect", "iptables", 5000, 33_000],
    ] as const;
    expect(kernelConnect(withCells(rows))).toBeNull();
  });

  it("say that keepalive hides the list, only where connecting surely grows and requests surely don't", () => {
    const kernel = (connectNs: number, requestNs: number) =>
      establishedFlat(
        withCells([
          ["kernel", "connect", "iptables", 1, 40_000],
          ["kernel", "connect", "iptables", 20_000, connectNs],
          ["kernel", "established", "iptables", 1, 50_000],
          ["kernel", "established", "iptables", 20_000, requestNs],
        ]),
        "kernel",
      );
    expect(kernel(120_000, 51_000)?.sentence).toMatch(
      /^From 1 to 20,000 Services connect\(\) through iptables in the kernel takes 3 times as long .*a request over an open connection 1\.02 times/,
    );
    expect(kernel(70_000, 51_000)).toBeNull();
    expect(kernel(120_000, 65_000)).toBeNull();
  });

  it("say what an endpoint change takes in a guest at the largest N of both planes, and what a tool's start takes", () => {
    const found = guestUpdate(
      withCells([
        ["guest", "update", "iptables", 1, 670e6],
        ["guest", "update", "iptables", 10_000, 3.4e9],
        ["guest", "update", "iptables", 20_000, 7e9],
        ["guest", "update", "ipvs", 10_000, 20e6],
      ]),
    );
    expect(found?.headline).toBe(
      "At 10,000 Services guest iptables changes take 3.4\u00a0s\u00a0(3.1–3.7\u00a0s)",
    );
    expect(found?.sentence).toMatch(
      /3\.4 s through iptables and 20 ms through IPVS; starting a tool alone takes/,
    );
    expect(guestUpdate(withCells([["guest", "update", "iptables", 1, 670e6]]))).toBeNull();
  });

  it("say which of two proxies in a guest is slower, whichever it is, and that one replicate each shows nothing", () => {
    const connects = (iptablesNs: number, ipvsNs: number) =>
      withCells([
        ["guest", "connect", "iptables", 10_000, iptablesNs],
        ["guest", "connect", "ipvs", 10_000, ipvsNs],
      ]);
    expect(guestConnect(connects(300e3, 100e3))?.headline).toMatch(
      /guest iptables connects take 3×.*IPVS's time/,
    );
    const other = connects(100e3, 300e3);
    expect(guestConnect(other)?.headline).toMatch(/guest IPVS connects take 3×.*iptables' time/);
    for (const cell of other.cells) cell.replicates.splice(1);
    expect(guestConnect(other)?.headline).toBe(
      "Guest IPVS and iptables: no difference shown at 10,000 Services",
    );
    expect(guestConnect(other)?.sentence).toMatch(/: 1 measurement of each can't show which is slower\.$/);
    const uneven = connects(100e3, 300e3);
    const [, ofIpvs] = uneven.cells;
    ofIpvs!.replicates = ofIpvs!.replicates.slice(0, 1);
    expect(guestConnect(uneven)?.sentence).toMatch(
      /: 1 measurement of IPVS and 7 of iptables can't show which is slower\.$/,
    );
    const close = connects(105e3, 100e3);
    expect(guestConnect(close)?.sentence).toMatch(/: 7 measurements of each can't show which is slower/);
  });

  it("compare nanoseconds for each rule visited, not times of different things", () => {
    const found = ruleModelVsKernel(
      withCells([
        ["kernel", "connect", "iptables", 100, 40_000, 60],
        ["kernel", "connect", "iptables", 10_000, 100_000, 5060],
        ["model", "lookup", "iptables", 100, 300, 60],
        ["model", "lookup", "iptables", 10_000, 25_300, 5060],
      ]),
    );
    // 5 ns per rule in the model, 12 ns in the kernel.
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
    expect(ruleModelVsKernel(withCells(rows))).toBeNull();
  });

  it("hold an eBPF model to the kernel's own lookups, value and rise over 100 Services", () => {
    const found = lookupModelVsKernel(
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

  it("say nothing of models without a kernel next to them", () => {
    expect(lookupModelVsKernel(withCells([["model", "lookup", "ebpf", 100, 50]]), "ebpf")).toBeNull();
  });

  it("say what a change takes iptables over nftables, at the largest N that both have", () => {
    const found = kernelUpdate(
      withCells([
        ["kernel", "update", "iptables", 1000, 1e8],
        ["kernel", "update", "iptables", 10_000, 1e9],
        ["kernel", "update", "nftables", 1000, 5e7],
      ]),
    );
    expect(found?.value).toBe(2);
    expect(found?.headline).toBe(
      "Writing one endpoint change takes iptables 100\u00a0ms\u00a0(90–110\u00a0ms) at 1,000 Services",
    );
  });

  it("say of a change that it is written by a tool from start to end, what that takes at N = 1, and a writer of maps alike", () => {
    const results = withCells([
      ["kernel", "update", "iptables", 1, 2e6],
      ["kernel", "update", "iptables", 1000, 1e8],
      ["kernel", "update", "nftables", 1, 17e6],
      ["kernel", "update", "nftables", 1000, 5e7],
      ["kernel", "update", "ebpf", 1000, 1e6],
    ]);
    results.cells.at(-1)!.facts = { systemCallsNs: 14_000 };
    expect(kernelUpdate(results)?.sentence).toContain(
      "each by its tool from its start to its end, without what kube-proxy lists and saves before; at N = 1 they take 2 ms and 17 ms. lbscale's writer of maps takes 1 ms from start to end, 14 µs of it in bpf() calls",
    );
  });

  it("say what a change takes at the smallest N of both tools, and nothing where they share none below the largest", () => {
    const words = (ofOther: readonly (readonly [number, number])[]) =>
      kernelUpdate(
        withCells([
          ["kernel", "update", "iptables", 1, 2e6],
          ["kernel", "update", "iptables", 100, 11e6],
          ["kernel", "update", "iptables", 1000, 1e8],
          ...ofOther.map(([n, ns]) => ["kernel", "update", "nftables", n, ns] as const),
        ]),
      )?.sentence;
    expect(
      words([
        [100, 18e6],
        [1000, 5e7],
      ]),
    ).toContain("; at N = 100 they take 11 ms and 18 ms");
    expect(words([[1000, 5e7]])).not.toContain("they take");
  });

  it("say nothing of changes whose intervals meet", () => {
    const rows = [
      ["kernel", "update", "iptables", 1000, 1.1e8],
      ["kernel", "update", "nftables", 1000, 1e8],
    ] as const;
    expect(kernelUpdate(withCells(rows))).toBeNull();
  });

  it("hold each model's memory to what the kernel says, iptables' to its nat table alone", () => {
    const results = withCells([
      ["kernel", "memory", "iptables", 1000, 1],
      ["kernel", "memory", "nftables", 1000, 1],
    ]);
    for (const cell of results.cells) {
      Object.assign(cell, { estimate: null, programBytes: 5_000_000 });
      cell.counts = { bytes: 5_100_000, "table nat bytes": 5_000_000 };
      cell.facts = { source: "IPT_SO_GET_INFO" };
    }
    const found = kernelMemory(results);
    expect(found?.value).toBe(1);
    expect(found?.headline).toBe("At 1,000 Services iptables' nat table takes 5\u00a0MB, as modelled");
    expect(found?.sentence).toContain("nftables 5.1 MB (IPT_SO_GET_INFO; the model ×0.9804)");
  });

  it("compare a model with memlock by what memlock counts, and never by the sum that earlier runs kept", () => {
    const results = withCells([
      ["kernel", "memory", "iptables", 1000, 1],
      ["kernel", "memory", "ebpf", 1000, 1],
    ]);
    const [list, maps] = results.cells;
    Object.assign(list!, {
      programBytes: 5_000_000,
      counts: { bytes: 5_100_000, "table nat bytes": 5_000_000 },
    });
    Object.assign(maps!, { programBytes: 5_000_000, facts: { source: "memlock" } });
    const sentence = (counts: Record<string, number>) => {
      maps!.counts = counts;
      return kernelMemory(results)?.sentence;
    };
    expect(sentence({ bytes: 4_000_000, "modelled bytes": 4_000_000 })).toContain(
      "eBPF hash 4 MB (memlock; the model ×1.000, and 1 MB that memlock leaves out)",
    );
    expect(sentence({ bytes: 4_000_000 })).toContain(
      "eBPF hash 4 MB (memlock; the model 5 MB with what memlock leaves out)",
    );
  });
});
