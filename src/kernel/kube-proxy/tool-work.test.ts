import { spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import { nameOfProcess, type ProcessStat, parseStat, toolWork, workOfTools } from "./tool-work.js";

describe("a process of /proc", () => {
  it("is read whatever its name holds", () => {
    const stat =
      "42 (a) b (c) S 7 42 42 0 -1 4194304 91 11 0 0 13 17 100 1000 20 0 1 0 9 2387968 0 18446744073709551615";
    expect(parseStat(stat)).toEqual({ pid: 42, parent: 7, name: "a) b (c", ticks: 30, childTicks: 1100 });
  });
});

describe("the work of a program's tools", () => {
  const one = (pid: number, parent: number, name: string, ticks = 0, childTicks = 0): ProcessStat => ({
    pid,
    parent,
    name,
    ticks,
    childTicks,
  });
  const proxy = one(10, 1, "kube-proxy", 5000, 30);

  it("is that of tools which have ended, while none runs: the program's own does not count", () => {
    expect(workOfTools(10, [one(1, 0, "node", 900, 800), proxy])).toEqual({ ticks: 30, running: undefined });
  });

  it("is also that of a tool which a script runs, and names the busiest", () => {
    const tool = one(12, 11, "xtables-nft", 7);
    const script = one(11, 10, "sh", 1, 2);
    expect(workOfTools(10, [tool, script, proxy, one(13, 1, "curl", 99)])).toEqual({
      ticks: 30 + 7 + 1 + 2,
      running: tool,
    });
  });

  it.skipIf(process.platform !== "linux")(
    "is found of children, by the whole name that they were called by",
    async () => {
      const child = spawn("/bin/sleep", ["1000"], { argv0: "a-name-of-more-than-15-characters" });
      await new Promise((resolve) => child.once("spawn", resolve));
      try {
        const processes = workOfTools(child.pid!, [one(child.pid!, 1, "sleep"), one(9, child.pid!, "x")]);
        expect(processes.running?.pid).toBe(9);
        expect(nameOfProcess(one(child.pid!, process.pid, "sleep"))).toBe(
          "a-name-of-more-than-15-characters",
        );
        expect(toolWork(child.pid!)).toEqual({ ticks: 0, running: undefined });
      } finally {
        child.kill();
      }
    },
  );
});
