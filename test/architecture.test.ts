import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { PLANE_IDS } from "../src/planes/registry-loader.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "src", "bench", "scripts"],
  {
    cwd: ROOT,
    encoding: "utf8",
  },
)
  .trim()
  .split("\n")
  .filter((file) => file.endsWith(".ts") && existsSync(join(ROOT, file)));
const WRITTEN = SOURCES.filter((file) => !file.endsWith(".test.ts"));

const MAX_FILES = 16;
const MAX_LINES = 300;
/** Folders that may hold more files, with the reason. */
const LARGE_FOLDERS: Readonly<Record<string, string>> = {
  "src/charts": "one file per chart",
  "src/cli/commands": "one file per command",
  "src/planes/ipvs/schedulers": "one file per scheduler",
  bench: "one file per scenario",
  "src/cluster": "one file per operation on a cluster",
  "src/kernel/kube-proxy": "one file per step of driving and comparing a proxy",
};
/** What every plane's folder holds; two planes may share a folder. */
const PLANE_FILES = [
  "README.md",
  "explain",
  "incremental.ts",
  "index.ts",
  "layout.ts",
  "memory.ts",
  "model.ts",
].concat(["program.ts", "ruleset.ts", "update.ts"]);
/** What every plane's folder has tests of; what all planes share is tested in src/planes. */
const PLANE_TESTS = ["model.test.ts", "program.test.ts"];
/** Other tests in a plane's folder, with the reason. */
const OTHER_PLANE_TESTS: Readonly<Record<string, string>> = {
  "src/planes/ipvs/both.test.ts": "tables of both families of a node, which IPVS alone has",
  "src/planes/ebpf/cilium-recordings.test.ts":
    "Cilium's own maps; kube-proxy's recordings concern three planes",
};
/** Of .dependency-cruiser.cjs, as far as this file reads it: what a folder's files may not import. */
interface Arrows {
  readonly name: string;
  readonly to: { readonly path: string; readonly pathNot: readonly string[] };
}
const ARROWS = (
  createRequire(import.meta.url)("../.dependency-cruiser.cjs") as { forbidden: Arrows[] }
).forbidden.filter(({ name }) => name.startsWith("arrows-of-"));
const ROOMS = readdirSync(join(ROOT, "src"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .concat("bench");
/** The rooms whose every file a room may import. */
function importsOf(room: string): string[] {
  const { to } = ARROWS.find(({ name }) => name === `arrows-of-${room}`)!;
  return ROOMS.filter((other) => other !== room).filter((other) => {
    const file = `${other === "bench" ? "" : "src/"}${other}/any-file.ts`;
    return !(new RegExp(to.path).test(file) && !to.pathNot.some((path) => new RegExp(path).test(file)));
  });
}

const PLANE_FOLDERS = [...new Set(PLANE_IDS.map((id) => id.replace("-maglev", "")))];

describe("architecture", () => {
  it(`a folder holds at most ${MAX_FILES} source files, or is listed with a reason`, () => {
    const filesOf = (folder: string) => WRITTEN.filter((file) => dirname(file) === folder).length;
    const large = [...new Set(WRITTEN.map(dirname))].filter((folder) => filesOf(folder) > MAX_FILES);
    expect(large.filter((folder) => !(folder in LARGE_FOLDERS))).toEqual([]);
  });

  it(`a source file has at most ${MAX_LINES} lines`, () => {
    const long = WRITTEN.filter(
      (file) => readFileSync(join(ROOT, file), "utf8").split("\n").length - 1 > MAX_LINES,
    );
    expect(long).toEqual([]);
  });

  it.each(PLANE_FOLDERS)("plane %s has the same files as the others", (folder) => {
    const missing = PLANE_FILES.filter((file) => {
      const path = join(ROOT, "src", "planes", folder, file);
      return ![path, `${path}.ts`, `${path}-rules.ts`].some(existsSync);
    });
    expect(missing).toEqual([]);
  });

  it.each(PLANE_FOLDERS)("plane %s has the same files of tests as the others", (folder) => {
    const tests = SOURCES.filter((file) => /^src\/planes\/[^/]+\/[^/]+\.test\.ts$/.test(file))
      .filter((file) => dirname(file) === `src/planes/${folder}` && !(file in OTHER_PLANE_TESTS))
      .map((file) => basename(file));
    expect(tests.sort()).toEqual(PLANE_TESTS);
  });

  it("each folder of src, and bench, has a rule on what it may import", () => {
    expect(ARROWS.map(({ name }) => name.replace("arrows-of-", "")).sort()).toEqual(ROOMS.toSorted());
  });

  it("arrows between folders lead one way: no two of them reach each other", () => {
    const reached = (room: string, seen = new Set<string>()): Set<string> => {
      for (const other of importsOf(room)) if (!seen.has(other)) reached(other, seen.add(other));
      return seen;
    };
    expect(ROOMS.filter((room) => reached(room).has(room))).toEqual([]);
  });

  it("docs/architecture.md says what each folder may import, as the rules do", () => {
    const rows = readFileSync(join(ROOT, "docs", "architecture.md"), "utf8").matchAll(
      /^\| `(?:src\/)?([a-z-]+)\/` +\|.*\| ([^|]*?) +\|$/gm,
    );
    const said: Record<string, string | undefined> = Object.fromEntries(
      Array.from(rows, ([, room, imports]) => [room, imports]),
    );
    const everyone = ROOMS.filter((room) => !["api", "bench", "cli"].includes(room));
    for (const room of ROOMS) {
      const words = said[room] ?? "not in the table";
      const names = words === "every folder above but api" ? everyone : words.split(", ");
      expect([room, names.filter((name) => name !== "the leaves").sort()]).toEqual([
        room,
        importsOf(room).sort(),
      ]);
    }
  });

  it("errors below the command line have the name of what is wrong: no UsageError, and no InputError itself", () => {
    const throwing = (name: string) =>
      WRITTEN.filter((file) => new RegExp(`new ${name}\\(`).test(readFileSync(join(ROOT, file), "utf8")));
    expect(throwing("UsageError").filter((file) => !/^(src\/cli|scripts)\//.test(file))).toEqual([]);
    expect(throwing("InputError")).toEqual([]);
  });

  it("cells are selected by results/select.ts alone", () => {
    const byHand =
      /\bcells\s*\.(?:filter|find|findLast|some)\(\s*\(?(?:\{[^}]*\}|\w+)\)?\s*=>\s*(?:\w+\.)?(?:lane|scenario|plane|variant|services) ===/;
    const selecting = WRITTEN.filter((file) => byHand.test(readFileSync(join(ROOT, file), "utf8")));
    expect(selecting).toEqual([]);
  });

  it("each file of tests stands next to what it tests, or in test/", () => {
    const tests = SOURCES.filter((file) => file.endsWith(".test.ts"));
    const lonely = tests.filter((file) => !WRITTEN.some((other) => dirname(other) === dirname(file)));
    expect(lonely.map((file) => basename(file))).toEqual([]);
  });
});
