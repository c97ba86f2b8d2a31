import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { expectToWork, LONG_COMMANDS, ROOT } from "../support/readme.js";

describe("long commands of the README and docs/cli.md", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(os.tmpdir(), "lbscale-readme-"));
    symlinkSync(join(ROOT, "test"), join(folder, "test"));
    symlinkSync(join(ROOT, "results"), join(folder, "published"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(LONG_COMMANDS)("%s", (command) => expectToWork(command, folder));
});
