import { describe, expect, it } from "vitest";
import { TCP } from "../../../cluster/cluster.js";
import { generateCluster } from "../../../cluster/generate.js";
import { MAGLEV_SIZES } from "../options.js";
import { backendName, fillMaglevTable } from "./maglev.js";

const constant = (services: number, count: number, extra = {}) =>
  generateCluster({ services, seed: 3, endpoints: { kind: "constant", count }, ...extra });

describe("a Maglev table", () => {
  const names = (count: number): string[] =>
    Array.from({ length: count }, (_, i) => backendName(constant(1, count), i, TCP)).sort();

  /** A table whose ids are indices into the names. */
  const fill = (all: readonly string[], size = 16381): Int32Array => {
    const table = new Int32Array(size).fill(-1);
    fillMaglevTable(
      all,
      all.map((_, i) => i),
      table,
      new Uint8Array(size),
    );
    return table;
  };

  it("gives each of 100 backends its share within 1 % of a table of 16381", () => {
    const table = fill(names(100));
    const counts = new Array<number>(100).fill(0);
    for (const backend of table) counts[backend]!++;
    for (const count of counts) expect(Math.abs(count / 163.81 - 1)).toBeLessThanOrEqual(0.01);
  });

  it("moves at most 2 % of the flows of 99 backends when the hundredth leaves", () => {
    const all = names(100);
    const before = fill(all);
    const gone = 42;
    const left = all.filter((_, i) => i !== gone);
    const after = fill(left);
    let unrelated = 0;
    let moved = 0;
    for (let i = 0; i < before.length; i++) {
      if (before[i] === gone) continue;
      unrelated++;
      if (all[before[i]!] !== left[after[i]!]) moved++;
    }
    expect(moved / unrelated).toBeLessThanOrEqual(0.02);
  });

  it.each(MAGLEV_SIZES)("fills every place of a table of %i", (size) => {
    const table = fill(["a", "b", "c"], size);
    expect(table.every((backend) => backend >= 0 && backend < 3)).toBe(true);
  });
});
