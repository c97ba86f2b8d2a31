import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Exact phrases with what to write instead. Short on purpose: a word that is sometimes right does not belong here. */
const BANNED: Readonly<Record<string, string>> = {
  anew: "again",
  "as ever": "as usual",
  "at the mercy": "depends on",
  beside: "next to, with",
  besides: "next to, as well as",
  dearer: "more expensive",
  hearsay: "the plain fact",
  "on the spot": "on this machine",
  "otherwise than": "other than, differently from",
  "stands for": "is, represents",
};

const tracked = (...globs: string[]): string[] =>
  execFileSync("git", ["ls-files", ...globs], { cwd: ROOT, encoding: "utf8" })
    .trim()
    .split("\n");

function occurrences(files: readonly string[], phrases: readonly string[], skip: RegExp): string[] {
  const banned = new RegExp(`\\b(${phrases.join("|")})\\b`, "i");
  return files.flatMap((file) =>
    readFileSync(`${ROOT}/${file}`, "utf8")
      .split("\n")
      .flatMap((line, i) => {
        const found = skip.test(line) ? undefined : banned.exec(line)?.[1]?.toLowerCase();
        return found === undefined ? [] : [`${file}:${i + 1}: "${found}": write ${BANNED[found]}`];
      }),
  );
}

it("Markdown holds no banned phrase", () => {
  // Pages of results are written by `npm run publish:run` with the titles of charts.
  expect(occurrences(tracked("*.md", ":!results"), Object.keys(BANNED), /^$/)).toEqual([]);
});

it("code outside of comments holds no banned phrase", () => {
  const source = tracked("src/*.ts", "bench/*.ts", "scripts/*.ts").filter(
    (file) => !/\.test\.ts$/.test(file),
  );
  // Notes of updates are in the record of exact results (record.test.ts), which stays as it is; "besides: " is in results.json.
  const skip = /^\s*(\/\/|\/?\*)|notes\.push|\bbesides(:|,| \})/;
  expect(occurrences(source, Object.keys(BANNED), skip)).toEqual([]);
});

it("CHANGELOG.md has one line of at most 120 characters for each entry", () => {
  const lines = readFileSync(`${ROOT}/CHANGELOG.md`, "utf8").split("\n");
  const from = lines.findIndex((line) => line.startsWith("## ["));
  const entries = lines.slice(from).filter((line) => line !== "" && !line.startsWith("#"));
  expect(entries.length).toBeGreaterThan(100);
  expect(entries.filter((line) => !/^- \S/.test(line) || line.length > 120)).toEqual([]);
});
