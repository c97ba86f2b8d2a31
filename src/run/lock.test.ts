import { spawn } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "rolldown";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ResultsFileError } from "../errors.js";
import { removeTemporaryFiles } from "../results/files.js";
import { lockFolder } from "./lock.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(os.tmpdir(), "lbscale-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("lockFolder", () => {
  it("keeps another living process out, and names the file to remove", () => {
    writeFileSync(join(folder, ".lock"), String(process.ppid));
    expect(() => lockFolder(folder)).toThrow(/is measuring into .*: .* remove .*\.lock/);
  });

  it("keeps a second user of the same process out until the first is done", () => {
    const unlock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(/is measuring into/);
    unlock();
    lockFolder(folder)();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    // Beyond the largest process number there is.
    ["of a dead process", "2147483646 17\n"],
    ["of a dead process, as lbscale 0.1 wrote it", "2147483646"],
  ])("takes over a lock %s", (_what, text) => {
    writeFileSync(join(folder, ".lock"), text);
    lockFolder(folder)();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.runIf(process.platform === "linux")("takes over a lock whose process number was reused", () => {
    const unlock = lockFolder(folder);
    const [pid, start] = readFileSync(join(folder, ".lock"), "utf8").trim().split(" ");
    unlock();
    writeFileSync(join(folder, ".lock"), `${pid} ${Number(start) + 1}\n`);
    lockFolder(folder)();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("refuses a lock that holds no process", () => {
    writeFileSync(join(folder, ".lock"), "");
    expect(() => lockFolder(folder)).toThrow(/another process .*remove/);
  });

  const DEAD = "2147483646 17\n";

  it.each([1, 2])("takes over a lock whose takeover a process died in, %d deep", (deep) => {
    for (let i = 0; i <= deep; i++) writeFileSync(join(folder, `.lock${"-takeover".repeat(i)}`), DEAD);
    lockFolder(folder)();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("keeps out while another living process takes a dead one's lock over", () => {
    writeFileSync(join(folder, ".lock"), DEAD);
    writeFileSync(join(folder, ".lock-takeover"), String(process.ppid));
    expect(() => lockFolder(folder)).toThrow(/is measuring into .* remove .*\.lock-takeover/);
    expect(readdirSync(folder)).toEqual([".lock", ".lock-takeover"]);
  });

  it("says why a folder takes no lock", () => {
    const lock = () => lockFolder(join(folder, "gone"));
    expect(lock).toThrow(ResultsFileError);
    expect(lock).toThrow(/can't lock .*gone: it does not exist; make room, or choose another folder/);
  });

  it("is removed half written where its process died, and left where that is still writing", () => {
    const living = `.lock.${process.ppid}.tmp`;
    for (const name of [".lock.2147483646.tmp", ".lock-takeover.2147483646.tmp", living])
      writeFileSync(join(folder, name), "");
    removeTemporaryFiles(folder);
    expect(readdirSync(folder)).toEqual([living]);
  });

  it.runIf(process.platform === "linux")(
    "leaves no lock behind where the disk is full, which would keep everybody out",
    () => {
      const full = join(folder, "full");
      mkdirSync(full);
      // Every write to it fails: the disk is full.
      symlinkSync("/dev/full", join(full, `.lock.${process.pid}.tmp`));
      expect(() => lockFolder(full)).toThrow(/can't lock .*: the disk is full/);
      expect(readdirSync(full)).toEqual([]);
      lockFolder(full)();
    },
  );

  it("lets one of many processes in that find the same stale lock", async () => {
    writeFileSync(join(folder, ".lock"), "2147483646 17\n");
    const file = join(folder, "lock.mjs");
    await build({
      input: fileURLToPath(new URL("lock.ts", import.meta.url)),
      platform: "node",
      output: { file },
    });
    const module = pathToFileURL(file).href;
    const script = `import(${JSON.stringify(module)}).then(({ lockFolder }) => { lockFolder(${JSON.stringify(folder)}); process.stdout.write("in"); process.stdin.resume(); process.stdin.on("end", () => {}); }).catch(() => process.stdout.write("out"));`;
    const children = Array.from({ length: 6 }, () => spawn(process.execPath, ["-e", script]));
    const said = await Promise.all(
      children.map(
        (child) =>
          new Promise<string>((resolve) => child.stdout.once("data", (text) => resolve(String(text)))),
      ),
    );
    for (const child of children) child.stdin.end();
    expect(said.filter((text) => text === "in")).toHaveLength(1);
  });
});
