import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { file, lbscale } from "../support/cli.js";
import { withTools } from "./tools.js";

describe("lbscale doctor", () => {
  it("describes both lanes and shows the timed loop", () => {
    expect(lbscale(["doctor"]).stdout).toMatch(/model lane: ready[\s\S]*kernel lane: [\s\S]*model\.lookup/);
  });

  it("prints the environment and what the kernel lane can do as JSON", () => {
    const { environment, kernel } = JSON.parse(lbscale(["doctor", "--json"]).stdout);
    expect(environment.node).toBe(process.versions.node);
    // Capabilities, or a sentence where the lane can't be tried at all.
    expect(
      typeof kernel === "string" ? [kernel] : kernel.map(({ name }: { name: string }) => name),
    ).not.toEqual([]);
  });
});

/** Loaded into every Node process of the command: writes down which programs it starts. */
const RECORDER = `
import childProcess from "node:child_process";
import { appendFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
for (const name of ["spawn", "spawnSync", "execFile", "execFileSync"]) {
  const original = childProcess[name];
  childProcess[name] = function (program, args, ...rest) {
    appendFileSync(process.env.STARTED_PROGRAMS, JSON.stringify([program, ...(args ?? [])].join(" ")) + "\\n");
    return original.call(this, program, args, ...rest);
  };
}
syncBuiltinESMExports();
`;

describe("lbscale doctor as root", () => {
  withTools("boots no guest and builds no program that takes minutes", ["ip", "cc"], () => {
    const started = file("started.jsonl", "");
    const recorder = file("recorder.mjs", RECORDER);
    const { status, stdout } = lbscale(["doctor"], "", {
      ...process.env,
      NODE_OPTIONS: `--import ${recorder}`,
      STARTED_PROGRAMS: started,
    });
    const programs = readFileSync(started, "utf8").trim().split("\n");
    expect([status, stdout]).toEqual([0, expect.stringContaining("kernel lane: ")]);
    // The recorder sees the sandbox's child too. Three seconds on two busy cores have room for so many programs.
    expect(programs.filter((command) => command.includes("ip -batch -")).length).toBeGreaterThan(0);
    expect(programs.length).toBeLessThan(100);
    expect(programs.filter((command) => /linux\.uml|\bgo build|install-|\.sh\b/.test(command))).toEqual([]);
  });
});
