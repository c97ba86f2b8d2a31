import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMANDS, expectToWork, QUICK_COMMANDS, README, ROOT } from "./support/readme.js";

const SCRIPTS = (
  JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> }
).scripts;

describe("README", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(os.tmpdir(), "lbscale-readme-"));
    symlinkSync(join(ROOT, "test"), join(folder, "test"));
    symlinkSync(join(ROOT, "results"), join(folder, "published"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("shows pictures and links to files that exist", () => {
    for (const [, target] of README.matchAll(/\]\((?!https?:)([^)#]+)\)/g))
      expect([target, existsSync(join(ROOT, target!))]).toEqual([target, true]);
  });

  it.each(QUICK_COMMANDS)("%s", (command) => expectToWork(command, folder));

  it("names npm scripts that exist", () => {
    for (const command of COMMANDS.filter((text) => text.startsWith("npm "))) {
      const name = /^npm run (\S+)/.exec(command)?.[1] ?? command.replace(/^npm /, "");
      if (name !== "ci") expect(Object.keys(SCRIPTS)).toContain(name);
    }
  });
});
