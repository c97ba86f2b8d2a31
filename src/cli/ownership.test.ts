import { lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { returnToUser } from "./ownership.js";

const USER = 65_534;

describe.skipIf(process.getuid?.() !== 0)("what root wrote under sudo", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(os.tmpdir(), "ownership-"));
    for (const name of ["run", "elsewhere"]) mkdirSync(join(folder, name));
    for (const name of ["run/results.json", "elsewhere/secret"]) writeFileSync(join(folder, name), "");
    symlinkSync(join(folder, "elsewhere"), join(folder, "run", "link"));
    vi.stubEnv("SUDO_UID", String(USER));
    vi.stubEnv("SUDO_GID", String(USER));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });
  const owner = (name: string) => lstatSync(join(folder, name)).uid;

  it("becomes the user's", () => {
    returnToUser(join(folder, "run"), Date.now());
    expect([owner("run"), owner("run/results.json"), owner("run/link")]).toEqual([USER, USER, USER]);
  });

  it("stays root's where a symbolic link leads to it", () => {
    returnToUser(join(folder, "run"), Date.now());
    expect([owner("elsewhere"), owner("elsewhere/secret")]).toEqual([0, 0]);
  });

  it("stays root's where it was there before the run", () => {
    returnToUser(join(folder, "run"), Date.now() + 60_000);
    expect([owner("run"), owner("run/results.json")]).toEqual([0, 0]);
  });
});
