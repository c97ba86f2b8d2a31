import { describe, expect, it } from "vitest";
import { trieResults } from "../../../test/support/results.js";
import { EBPF } from "../../planes/ebpf/descriptor.js";
import { CHARTS } from "../index.js";

const VIEW = { theme: "light", width: 1600, height: 900 } as const;

function build(id: string, services: readonly number[]) {
  const results = trieResults({ services: [...services] });
  results.planes!.ebpf = { ...EBPF.report, claims: [...EBPF.report.claims] };
  results.cluster.source = "synthetic";
  const picture = CHARTS.find((chart) => chart.id === id)!.build(results, VIEW);
  if ("skipped" in picture) throw new Error(picture.skipped);
  return picture;
}

describe("a line beyond its plane's stock maps", () => {
  it.each(["scaling", "work"])(
    "is dotted in chart %s, up to there it is not, and the caption says where",
    (id) => {
      const { config, caption } = build(id, [1, 1000, 10_000, 30_000]);
      const dashOf = (label: string, x: number) => {
        const { segment } = config.data.datasets.find((dataset) => dataset.label === label) as {
          segment?: { borderDash(context: { p1: { parsed: { x: number } } }): number[] | undefined };
        };
        return segment?.borderDash({ p1: { parsed: { x } } });
      };
      expect(dashOf("eBPF hash", 10_000)).toBeUndefined();
      expect(dashOf("eBPF hash", 30_000)).toHaveLength(2);
      expect(dashOf("iptables", 30_000)).toBeUndefined();
      expect(caption).toContain("stock maps are full (eBPF hash at 10,922 Services)");
    },
  );

  it("has no note where no line goes so far", () => {
    expect(build("scaling", [1, 1000, 10_000]).caption).not.toContain("stock maps");
  });
});
