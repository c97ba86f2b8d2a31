import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const read = (file: string) => readFileSync(`${ROOT}/${file}`, "utf8");
const tracked = (...globs: string[]) =>
  execFileSync("git", ["ls-files", ...globs], { cwd: ROOT, encoding: "utf8" })
    .trim()
    .split("\n");

const SLOW = tracked("test/slow/*.test.ts").map((file) => basename(file, ".test.ts"));
const SECTION = read("CONTRIBUTING.md").split("### What only `test:slow` runs")[1]!.split("\n## ")[0]!;
/** Names and globs in the first column. */
const LISTED = [...SECTION.matchAll(/^\| (`[^|]*)\|/gm)].flatMap(([, cell]) =>
  [...cell!.matchAll(/`([^`]*)`/g)].map(([, name]) => name!),
);

function covers(glob: string, name: string): boolean {
  return glob.endsWith("*") ? name.startsWith(glob.slice(0, -1)) : name === glob;
}

describe("CONTRIBUTING.md's list of slow tests", () => {
  it("has every file of test/slow once", () => {
    const wrong = SLOW.filter((name) => LISTED.filter((glob) => covers(glob, name)).length !== 1);
    expect(wrong).toEqual([]);
  });

  it("has nothing else", () => {
    expect(LISTED.filter((glob) => !SLOW.some((name) => covers(glob, name)))).toEqual([]);
  });
});

it("vitest.slow.config.ts has every file that tries more at random in test:slow", () => {
  const config = read("vitest.slow.config.ts");
  const random = tracked("src/*.test.ts", "bench/*.test.ts", "test/*.test.ts").filter(
    (file) => !file.startsWith("test/slow") && /from ".*\/support\/trials\.js"/.test(read(file)),
  );
  expect(random.length).toBeGreaterThan(5);
  expect(random.filter((file) => !config.includes(`"${file}"`))).toEqual([]);
});
