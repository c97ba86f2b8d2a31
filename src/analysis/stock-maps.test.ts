import { describe, expect, it } from "vitest";
import { trieResults } from "../../test/support/results.js";
import { EBPF } from "../planes/ebpf/descriptor.js";
import type { Results } from "../results/schema.js";
import { formatEnlarged, stockEnds, stockNote } from "./stock-maps.js";

const described = (): Results => {
  const results = trieResults();
  results.planes!.ebpf = { ...EBPF.report, claims: [...EBPF.report.claims] };
  results.cluster.source = "synthetic";
  return results;
};

describe("the ends of stock maps", () => {
  it("follow from what a Service with so many endpoints takes of each map", () => {
    expect(stockEnds(described(), "ebpf")).toEqual({ enlarged: 10_922, final: 65_535 });
    expect(stockEnds(described(), "calico-ebpf")).toEqual({ enlarged: 65_536, final: null });
    const many = described();
    many.run.settings.endpointsPerService = 10;
    expect(stockEnds(many, "ebpf").enlarged).toBe(5461);
    expect(stockEnds(many, "calico-ebpf").enlarged).toBe(26_214);
  });

  it("are none where the user gave the size, a cluster is given, flows enter elsewhere, or an older run says nothing", () => {
    const none = { enlarged: null, final: null };
    const sized = described();
    sized.run.settings.planes.ebpfMapEntries = 1_000_000;
    expect(stockEnds(sized, "ebpf")).toEqual({ enlarged: null, final: 65_535 });
    const given = described();
    given.cluster.source = "imported";
    expect(stockEnds(given, "ebpf")).toEqual(none);
    const article = described();
    article.run.entry = "nodePort";
    expect(stockEnds(article, "ebpf")).toEqual(none);
    const older = described();
    delete older.planes!.ebpf;
    expect(stockEnds(older, "ebpf")).toEqual(none);
  });

  it("are said after a number of Services that lies beyond them", () => {
    expect(formatEnlarged(described(), "ebpf", 10_922)).toBe("");
    expect(formatEnlarged(described(), "calico-ebpf", 30_000)).toBe("");
    expect(formatEnlarged(described(), "ebpf", 30_000)).toBe(" (maps enlarged beyond 10,922 Services)");
  });

  it("are said of lines that go beyond them, and of no other", () => {
    const results = described();
    expect(stockNote(results, [{ plane: "ebpf", largest: 10_922 }])).toBe(false);
    expect(stockNote(results, [{ plane: "ebpf", largest: 100_000 }])).toBe(
      "double bar: stock maps are full (eBPF hash at 10,922 Services), dots: variant with enlarged maps · double bar: no map of any size holds more (eBPF hash at 65,535 Services)",
    );
  });
});
