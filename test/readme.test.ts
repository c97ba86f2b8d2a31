import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import os from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMANDS, expectToWork, QUICK_COMMANDS, ROOT } from "./support/readme.js";

const SCRIPTS = (
  JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> }
).scripts;

describe("README and docs/cli.md", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(os.tmpdir(), "lbscale-readme-"));
    symlinkSync(join(ROOT, "test"), join(folder, "test"));
    symlinkSync(join(ROOT, "results"), join(folder, "published"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(QUICK_COMMANDS)("%s", (command) => expectToWork(command, folder));

  it("names npm scripts that exist", () => {
    for (const command of COMMANDS.filter((text) => text.startsWith("npm "))) {
      const name = /^npm run (\S+)/.exec(command)?.[1] ?? command.replace(/^npm /, "");
      if (name !== "ci") expect(Object.keys(SCRIPTS)).toContain(name);
    }
  });
});

const PAGES = execFileSync("git", ["ls-files", "*.md"], { cwd: ROOT, encoding: "utf8" }).trim().split("\n");

it("Markdown links to files that exist", () => {
  const broken = PAGES.flatMap((page) =>
    [...readFileSync(join(ROOT, page), "utf8").matchAll(/\]\((?!https?:)([^)#]+)/g)]
      .map(([, target]) => target!)
      .filter((target) => !existsSync(join(ROOT, dirname(page), target)))
      .map((target) => `${page}: ${target}`),
  );
  expect(broken).toEqual([]);
});

it("Markdown names source files that exist: by path, from the top or its own folder; outside of src also by name", () => {
  const names = new Set(
    execFileSync("git", ["ls-files"], { cwd: ROOT, encoding: "utf8" })
      .split("\n")
      .map((file) => basename(file)),
  );
  const missing = PAGES.filter((page) => page !== "CHANGELOG.md").flatMap((page) =>
    [
      ...readFileSync(join(ROOT, page), "utf8").matchAll(
        /`((?:[\w.-]+\/)*[\w.-]+\.(?:ts|mjs|sh)|native\/[\w.-]+\.c)`/g,
      ),
    ]
      .map(([, file]) => file!)
      .filter((file) => ![ROOT, join(ROOT, dirname(page))].some((from) => existsSync(join(from, file))))
      .filter((file) => file.includes("/") || page.startsWith("src/") || !names.has(file))
      .map((file) => `${page}: ${file}`),
  );
  expect(missing).toEqual([]);
});
