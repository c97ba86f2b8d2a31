import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockFolder } from "./lock.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(os.tmpdir(), "lbscale-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("lockFolder", () => {
  it("keeps another living process out, and names the file to remove", () => {
    writeFileSync(join(folder, ".lock"), String(process.ppid));
    expect(() => lockFolder(folder)).toThrow(/measures into .* just now: .* remove .*\.lock/);
  });

  it("keeps a second user of the same process out until the first is done", () => {
    const unlock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(/just now/);
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

  it("lets one of many processes in that find the same stale lock", async () => {
    writeFileSync(join(folder, ".lock"), "2147483646 17\n");
    const module = new URL("../../dist/src/run/lock.js", import.meta.url).href;
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
