import { describe, expect, it } from "vitest";
import { problemsIn } from "../scripts/check-patterns.mjs";

describe("the lint of patterns", () => {
  it.each([
    ["exponential", "const P = /^(?:[ \\t]*(?:#[^\\n]*)?\\r?\\n)*[{[]/;"],
    ["2nd degree polynomial", "if (/^\\s*=\\s*(.*)$/.test(text)) run();"],
    ["polynomial", "text.replace(/[-.]+$/, '');"],
  ])("finds %s time", (kind, text) => {
    expect(problemsIn(text, "x.ts").join("\n")).toContain(kind);
  });

  it("accepts linear patterns, and those whose text is said to be short", () => {
    expect(problemsIn("text.split(/\\r?\\n/); /^a+b$/.test(text);", "x.ts")).toEqual([]);
    expect(problemsIn("// pattern-bounded: a name.\ntext.replace(/[-.]+$/, '');", "x.ts")).toEqual([]);
  });
});
