import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const RUN = join(ROOT, "results", "default");

/** Runs an example as its first lines say, on the built package under its own name. */
function example(name: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, "docs", "examples", `${name}.mjs`), ...args],
    { cwd: ROOT, encoding: "utf8" },
  );
  expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
  return stdout;
}

describe("examples of the library", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(os.tmpdir(), "lbscale-examples-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("hold a plane of one's own to the contract, which finds what a plain Map leaves out", () => {
    const stdout = example("own-plane");
    expect(stdout).toMatch(/^plain map: [1-9]\d* of 10000 decisions break the contract$/m);
    expect(stdout).toMatch(/^iptables: 0 of 10000 decisions break the contract$/m);
    for (const plane of ["plain map", "iptables", "ebpf"]) {
      expect(stdout).toMatch(new RegExp(`^${plane}: \\d+ ns per lookup$`, "m"));
    }
  });

  it("explain and advise on a cluster of one's own", () => {
    const stdout = example(
      "own-cluster",
      join(ROOT, "test", "data", "online-boutique.yaml"),
      "frontend",
      RUN,
    );
    expect(stdout).toMatch(/at 120 services: 6 to 135 rules, 70\.5 on average; predicted \d+ ns/);
    expect(stdout).toMatch(/exact, when one endpoint joins: .*iptables 31 rules, 13 chains/);
  });

  it("draw a chart of one's own in the house style", () => {
    const out = join(folder, "memory.png");
    expect(example("own-chart", RUN, out)).toMatch(/Memory of 30,000 Services.*iptables: [\d.]+ MiB/);
    expect(readFileSync(out).subarray(1, 4).toString()).toBe("PNG");
  });

  it("run a benchmark from a program and read its cells", () => {
    const lines = example("run-benchmark").trimEnd().split("\n");
    for (const [i, cell] of ["iptables at 1", "iptables at 1000", "ebpf at 1", "ebpf at 1000"].entries()) {
      expect(lines[i]).toMatch(new RegExp(`^${cell} services: [1-9]\\d* ns per lookup$`));
    }
  });
});
