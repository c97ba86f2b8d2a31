import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { analysePattern } from "../../scripts/check-patterns.mjs";

const READERS = ["src/formats", "src/kubernetes", "src/cluster"];
const Original = RegExp;

afterAll(() => {
  globalThis.RegExp = Original;
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
        if (file.endsWith(".ts") && !file.endsWith(".test.ts")) await import(join("..", "..", folder, file));
      }
    }
    globalThis.RegExp = Original;
    expect(made.length).toBeGreaterThan(5);
    expect(made.flatMap((pattern) => analysePattern(pattern)).join("\n")).not.toMatch(
      /polynomial|exponential/,
    );
  });
});
