/**
 * Finds regular expressions that can take more than linear time, in all of src and bench: input is untrusted, and one such
 * pattern hangs a command. Literals are analysed (recheck, on automata); patterns that are put together while a module loads are analysed in
 * test/slow/patterns.test.ts. The analysis takes a minute, so that it is a line of `.ci/run` and no part of `npm run check`.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";

// The compiled-in analysis: its other backends are a Java program and a native one.
process.env.RECHECK_BACKEND = "pure";
const { checkSync } = await import("recheck");

/** Quadratic where a search starts again at every place: harmless on text whose length is bounded. */
const BOUNDED = "pattern-bounded:";

/** Patterns that were found safe before: the analysis of all takes a minute. */
const CACHE = "node_modules/.cache/safe-patterns.json";
const safe = new Set(existsSync(CACHE) ? JSON.parse(readFileSync(CACHE, "utf8")) : []);

/** @param {string} text @param {string} file @returns {string[]} */
export function problemsIn(text, file) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const lines = text.split("\n");
  /** @type {string[]} */
  const problems = [];
  /** @param {import("typescript").Node} node */
  const visit = (node) => {
    const pattern = patternOf(node);
    if (pattern !== undefined) {
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line;
      const above = `${lines[line - 1] ?? ""}\n${lines[line] ?? ""}`;
      if (!above.includes(BOUNDED))
        for (const problem of analysePattern(pattern)) problems.push(`${file}:${line + 1}: ${problem}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return problems;
}

/** @param {import("typescript").Node} node */
function patternOf(node) {
  if (ts.isRegularExpressionLiteral(node)) {
    const end = node.text.lastIndexOf("/");
    return { source: node.text.slice(1, end), flags: node.text.slice(end + 1) };
  }
  return undefined;
}

/** @param {{ source: string, flags: string }} pattern @param {number | null} timeout unlimited by default: the answer must not depend on the machine @returns {string[]} */
export function analysePattern({ source, flags }, timeout = null) {
  const key = `/${source}/${flags}`;
  if (safe.has(key)) return [];
  const { status, complexity, error } = checkSync(source, flags, { timeout });
  if (status === "safe") {
    safe.add(key);
    return [];
  }
  const what = status === "vulnerable" ? complexity?.summary : `not analysed (${error.kind})`;
  return [`${key}: ${what}`];
}

/** @param {string} folder @returns {string[]} */
function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /(?<!\.test)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const files = ["src", "bench"].flatMap(filesIn);
  const problems = files.flatMap((file) => problemsIn(readFileSync(file, "utf8"), file));
  mkdirSync(dirname(CACHE), { recursive: true });
  writeFileSync(CACHE, JSON.stringify([...safe].sort(), null, 1));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) {
    console.error(
      `${problems.length} patterns can take more than linear time: rewrite them, or say on the line above why their text is short (${BOUNDED} ...)`,
    );
    process.exitCode = 1;
  }
}
