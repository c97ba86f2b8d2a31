import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readResults } from "../../src/results/files.js";

const MAIN = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
/** Mounting needs root on Linux; elsewhere there is no small disk to fill. */
const canMount = process.platform === "linux" && process.getuid?.() === 0;

describe.skipIf(!canMount)("a full disk (a tmpfs: mounting one needs root on Linux)", () => {
  let disk: string;
  beforeAll(() => {
    disk = mkdtempSync(join(os.tmpdir(), "lbscale-disk-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]);
  });
  afterAll(() => {
    execFileSync("umount", [disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  it("ends with one line that says what is left and how to go on; making room and --resume finish the run", () => {
    const out = join(disk, "run");
    const lbscale = (...args: string[]) => spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8" });
    // A run is saved once a second: more processes than any machine starts in that time.
    const args = ["--profile", "quick", "--services", "1,2", "--planes", "ebpf", "--replicates", "40"];
    // Room for the first results, not for all.
    const ballast = join(disk, "ballast");
    writeFileSync(ballast, Buffer.alloc(44 * 1024));
    const full = lbscale("run", ...args, "--out", out);
    expect(full.stderr).toMatch(/can't save to .*: the disk is full; continuing/);
    expect(full.stderr.trimEnd().split("\n").at(-1)).toMatch(
      /the disk is full; make room, then finish what was saved before with: lbscale run --resume --out/,
    );
    expect(full.status).toBe(1);
    expect(readResults(out).run.complete).toBe(false);

    rmSync(ballast);
    execFileSync("mount", ["-o", "remount,size=8m", disk]);
    expect(lbscale("run", "--resume", "--out", out).status).toBe(0);
    expect(readResults(out).cells.map(({ replicates }) => replicates.length)).toEqual([40, 40]);
  });
});
