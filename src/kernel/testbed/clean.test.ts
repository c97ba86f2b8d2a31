import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { thisProcess } from "../../process.js";
import { cleanLeftovers, findLeftovers, OWNER_FILE, PREFIX, removeCgroups } from "./clean.js";

/** Beyond the largest process number there is. */
const DEAD = "2147483646";
let folder: string;
let run: string;

beforeEach(() => {
  folder = mkdtempSync(join(os.tmpdir(), "lbscale-clean-"));
  vi.stubEnv("TMPDIR", folder);
  run = `${PREFIX}abc${Math.random().toString(36).slice(2, 5).padEnd(3, "0")}`;
  mkdirSync(join(folder, run));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});
const own = (owner: string) => writeFileSync(join(folder, run, OWNER_FILE), owner);
const found = () => findLeftovers().find(({ id }) => id === run);

it("cgroups of one testbed are removed, and not those of one whose name goes on", async () => {
  const names = ["run-p1-1", "run-p1-10", "run-p1-1-6", "run-p1"];
  for (const name of names) mkdirSync(join(folder, "cgroups", name), { recursive: true });
  const left = () => readdirSync(join(folder, "cgroups"));
  await removeCgroups(join(folder, "cgroups"), "run-p1-1");
  expect(left()).toEqual(["run-p1", "run-p1-10"]);
  await removeCgroups(join(folder, "cgroups"), "run");
  expect(left()).toEqual([]);
});

describe("leftovers of killed runs", () => {
  it("are named where the run's process is gone, or its number is another's now", () => {
    own(DEAD);
    expect(found()?.parts).toEqual([`folder ${join(folder, run)}`]);
    own(`${process.ppid} 1`);
    expect(found()).toBeDefined();
  });

  it("are not what belongs to a run that goes on", () => {
    own(thisProcess());
    expect(found()).toBeUndefined();
  });

  it.skipIf(process.platform !== "linux")(
    "are processes of its programs too, which cleaning ends",
    async () => {
      own(DEAD);
      const program = join(folder, run, "server");
      writeFileSync(program, "#!/bin/sh\nexec sleep 60\n", { mode: 0o755 });
      const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"], { argv0: program });
      const ended = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
      await new Promise((resolve) => child.once("spawn", resolve));
      expect(found()?.parts).toContain(`process ${child.pid} (server)`);
      expect(await cleanLeftovers()).toContain(run);
      expect(await ended).toBe("SIGKILL");
      expect(found()).toBeUndefined();
    },
  );
});
