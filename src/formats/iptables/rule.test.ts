import { describe, expect, it } from "vitest";
import { parseRule } from "./rule.js";
import { tokenize } from "./tokens.js";

const rule = (line: string) => parseRule(tokenize(line, "line 1"), "line 1");

describe("ranges of a rule", () => {
  it.each([
    ["10.0.0.0/255.0.0.0", 8],
    ["10.1.0.0/255.255.128.0", 17],
    ["10.1.2.3/255.255.255.255", 32],
    ["0.0.0.0/0.0.0.0", 0],
  ])("%s, a mask in full, is a range of prefix length %d", (range, prefixLength) => {
    const { src, unsupported } = rule(`-A KUBE-SERVICES -s ${range} -j X`);
    expect([src?.prefixLength, unsupported]).toEqual([prefixLength, null]);
  });

  it.each(["10.0.7.0/255.0.255.0", "0.0.0.1/0.0.0.255"])(
    "%s, a mask with a gap, is no range of addresses: the rule is not understood",
    (range) => {
      const { src, unsupported } = rule(`-A KUBE-SERVICES -s ${range} -j X`);
      expect(src).toBeNull();
      expect(unsupported).toBe(`-s ${range}`);
    },
  );
});
