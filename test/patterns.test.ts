import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { analysePattern, problemsIn } from "../scripts/check-patterns.mjs";

const READERS = ["src/formats", "src/kubernetes", "src/cluster"];
const Original = RegExp;

afterAll(() => {
  globalThis.RegExp = Original;
});

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

describe("patterns that readers of input put together while they load", () => {
  it("take linear time", async () => {
    const made: { source: string; flags: string }[] = [];
    globalThis.RegExp = new Proxy(Original, {
      construct(target, args, newTarget) {
        const pattern = Reflect.construct(target, args, newTarget) as RegExp;
        // Libraries make patterns of their own.
        if (/\/src\//.test(new Error().stack?.split("\n")[2] ?? "")) made.push(pattern);
        return pattern;
      },
    });
    for (const folder of READERS) {
      for (const file of readdirSync(folder, { recursive: true }) as string[]) {
        if (file.endsWith(".ts") && !file.endsWith(".test.ts")) await import(join("..", folder, file));
      }
    }
    globalThis.RegExp = Original;
    expect(made.length).toBeGreaterThan(5);
    expect(made.flatMap((pattern) => analysePattern(pattern, 1_000)).join("\n")).not.toMatch(
      /polynomial|exponential/,
    );
  });
});
