import { describe, expect, it } from "vitest";
import { BASE_CHAINS } from "../../src/planes/iptables/blob.js";
import { IPV4_SIZES } from "../../src/planes/iptables/layout.js";
import { LISTS, modelTable, passed, restoreText } from "./subjects.js";

describe.each(LISTS)("the list of $name", (list) => {
  const sources = new Map([0, 1, list.walks].map((walks) => [walks, walks]));
  const lines = [...restoreText(list, sources)].join("").split("\n");

  it("is walked in the kernel as often as the source says", () => {
    const jumps = (walks: number) =>
      lines.filter((line) => line === `-A PREROUTING -s 0.0.0.${walks}/32 -j LIST`).length;
    expect([0, 1, list.walks].map(jumps)).toEqual([0, 1, list.walks]);
  });

  it("has as many rules in the kernel as in the model, and of the same kind", () => {
    const rules = lines.filter((line) => line.startsWith("-A LIST"));
    expect(rules).toHaveLength(list.rules);
    expect(rules.every((rule) => rule.includes(" -d ") === (list.fails === "address"))).toBe(true);
    expect(rules.every((rule) => rule.includes(" --comment ") === list.comments)).toBe(true);
    // Three jumps of the base chains, which have no heads, and what a walk passes but for its jump.
    const table = modelTable(list);
    expect(table.entries).toBe(3 + BASE_CHAINS.slice(0, 3).length + 1 + (passed(list) - 1) + 1);
    const ofRule = list.comments ? 488 : 200;
    const jump = IPV4_SIZES.entry + 40;
    expect(table.bytes).toBe(
      3 * jump + 4 * IPV4_SIZES.chainTail + 2 * IPV4_SIZES.chainHead + list.rules * ofRule,
    );
  });
});
