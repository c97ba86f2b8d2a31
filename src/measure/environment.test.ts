import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { commitOf, readEnvironment } from "./environment.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(os.tmpdir(), "lbscale-environment-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

describe("the environment", () => {
  it("has the caches and the governor of the CPU that children are pinned to", () => {
    for (const [cpu, kilobytes, governor] of [
      [0, 32, "performance"],
      [7, 64, "powersave"],
    ]) {
      write(`cpu${cpu}/cache/index0/level`, "1\n");
      write(`cpu${cpu}/cache/index0/type`, "Data\n");
      write(`cpu${cpu}/cache/index0/size`, `${kilobytes}K\n`);
      write(`cpu${cpu}/cpufreq/scaling_governor`, `${governor}\n`);
    }
    expect(readEnvironment(7, folder)).toMatchObject({
      caches: { L1d: 64 * 1024 },
      governor: "powersave",
      pinnedCpu: 7,
    });
    expect(readEnvironment(null, folder)).toMatchObject({
      caches: { L1d: 32 * 1024 },
      governor: "performance",
    });
  });
});

describe("the commit of a checkout", () => {
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b.c", ...args], {
      cwd: folder,
      encoding: "utf8",
    }).trim();
  beforeEach(() => {
    git("init", "--quiet");
    write("src/file", "one\n");
    git("add", ".");
    git("commit", "--quiet", "--no-gpg-sign", "-m", "one");
  });

  it("distinguishes different uncommitted changes, and not the same ones", () => {
    const commit = git("rev-parse", "HEAD");
    const now = () => commitOf(join(folder, "src"), "../src/file");
    expect(now()).toBe(commit);
    const changed = ["two", "three", "two"].map((text) => {
      write("src/file", `${text}\n`);
      return now();
    });
    expect(changed[0]).toMatch(new RegExp(`^${commit}-dirty-[0-9a-f]{12}$`));
    expect(changed[1]).not.toBe(changed[0]);
    expect(changed[2]).toBe(changed[0]);
  });

  it("is none where the checkout does not have the file", () => {
    expect(commitOf(folder, "other")).toBeNull();
    expect(commitOf(os.tmpdir(), "other")).toBeNull();
  });
});
