import { describe, expect, it } from "vitest";
import { oneLine } from "./checks.js";

describe("text from outside in a message", () => {
  it("is one line without control characters, cut where it is too long", () => {
    expect(oneLine("a\nb\u202ec")).toBe("a?b?c");
    expect(oneLine("abcdef", 3)).toBe("abc…");
  });

  it("is cut between characters, not within one that takes two words of UTF-16", () => {
    expect(oneLine("..𒾐..", 3)).toBe("..𒾐…");
    for (let length = 1; length < 8; length++) expect(oneLine("𒾐".repeat(9), length)).not.toMatch(/\p{Cs}/u);
  });
});
