import { spawn } from "node:child_process";
import os from "node:os";
import { describe, expect, it } from "vitest";
import { prefer } from "./process.js";

/** Root of a container may not. */
function mayRaise(pid: number): boolean {
  try {
    os.setPriority(pid, os.getPriority(pid) - 1);
    return true;
  } catch {
    return false;
  }
}

describe("a process that is preferred", () => {
  it("goes before others where this one may let it, and runs on", async () => {
    const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    const before = os.getPriority(child.pid);
    const mayPrefer = mayRaise(child.pid!);
    prefer(child.pid!);
    expect(os.getPriority(child.pid)).toBe(mayPrefer ? os.constants.priority.PRIORITY_HIGH : before);
    child.stdin.end();
    expect(await ended).toBe(0);
  });

  it("may have ended already", () => {
    expect(() => prefer(2 ** 22 + 1)).not.toThrow();
  });
});
