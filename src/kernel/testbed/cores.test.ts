import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import os from "node:os";
import { afterAll, describe, expect, it } from "vitest";
import { Cores } from "./cores.js";
import { runTool } from "./tools.js";

const TASKSET = "/usr/bin/taskset";

describe.skipIf(!existsSync(TASKSET) || os.cpus().length < 2)("a process that is pinned to a core", () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { stdio: "ignore" });
  afterAll(() => child.kill("SIGKILL"));
  const pid = String(child.pid);
  const cores = () => /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1];

  it("gets back the cores that it had, which need not be all", async () => {
    await runTool(TASKSET, ["-p", "-c", "0", pid]);
    const moved = new Cores();
    await moved.pin(pid, 1);
    expect(cores()).toBe("1");
    await moved.pin(pid, 0);
    await moved.pin(pid, 1);
    await moved.pin(pid, null);
    expect(cores()).toBe("0");
  });

  it("is left as it is where it was never pinned", async () => {
    await new Cores().pin(pid, null);
    expect(cores()).toBe("0");
  });
});
