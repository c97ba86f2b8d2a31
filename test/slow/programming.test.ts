/** kube-proxy itself as a plane: needs Linux, root, scripts/install-kernel-tools.sh and scripts/install-kube-proxy.sh. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { installedKubeProxies } from "../../src/kernel/kube-proxy/binaries.js";
import { PREFIX } from "../../src/kernel/testbed/clean.js";
import { readResults } from "../../src/results/files.js";
import type { Results } from "../../src/results/schema.js";
import { PATIENT_WITH_PROGRAMS, UNHURRIED } from "../support/patience.js";
import { raiseWhenSaved } from "../support/raise-when-saved.js";

const CLI = "dist/src/cli/main.js";
/** What `.ci/run` builds. */
const VERSIONS = ["1.35", "1.37"];
const PLANES = VERSIONS.map((version) => `kube-proxy/nftables@${version}`);

const lacking = reasonToSkip();
function reasonToSkip(): string | null {
  if (os.platform() !== "linux") return "not Linux";
  if (process.getuid?.() !== 0) return "not root";
  const missing = installedKubeProxies().find(
    ({ minor, path }) => VERSIONS.includes(minor) && path === undefined,
  );
  return missing === undefined ? null : `no kube-proxy ${missing.patch} (scripts/install-kube-proxy.sh)`;
}
if (lacking !== null && process.env.CI !== "true") console.warn(`kube-proxy is not tested: ${lacking}`);

const folder = mkdtempSync(join(os.tmpdir(), "lbscale-programming-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const command = (out: string, ...more: string[]) => [
  ...[CLI, "run", "--lane", "kernel", "--profile", "quick", "--out", out],
  ...(more.includes("--duration") ? UNHURRIED : PATIENT_WITH_PROGRAMS),
  ...more,
];
/** A folder for temporary files that no other run on this machine uses. */
const env = { ...process.env, TMPDIR: folder };
const leftovers = () => readdirSync(folder).filter((name) => name.startsWith(PREFIX));
const cellsOf = ({ cells }: Results, scenario: string, variant: string) =>
  cells.filter((cell) => cell.scenario === scenario && cell.variant === variant);

test.runIf(process.env.CI === "true")("kube-proxy is built where CI is set", () => {
  expect(lacking).toBeNull();
});

describe.skipIf(lacking !== null)("kube-proxy as a plane of the kernel lane", () => {
  test.each(["4", "6", "dual"])(
    "changes of endpoints (--family %s) reach connections, at each N and by each version, and their parts add up",
    (family) => {
      const out = join(folder, `run-${family}`);
      const words = [
        "--planes",
        PLANES.join(),
        "--scenarios",
        family === "dual" ? "programming,sync" : "programming,sync,connect",
        "--services",
        "1,100",
        "--family",
        family,
      ];
      const { status, stderr } = spawnSync(process.execPath, command(out, ...words), {
        encoding: "utf8",
        env,
      });
      expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
      const results = readResults(out);
      expect(results.run.settings.kernel).toMatchObject({ changes: 5, starts: 1 });
      for (const [scenario, variant, count] of [
        ["programming", "", 5],
        ["programming", "visible", 5],
        ["programming", "rollout", 1],
        ["sync", "first", 1],
        ...(family === "dual" ? [] : [["connect", "", 3] as const]),
      ] as const) {
        const cells = cellsOf(results, scenario, variant);
        expect(cells.map(({ plane, services }) => `${plane} ${services}`).sort()).toEqual(
          PLANES.flatMap((plane) => [1, 100].map((n) => `${plane} ${n}`)).sort(),
        );
        for (const { replicates, estimate } of cells) {
          expect(replicates).toHaveLength(count);
          expect(estimate?.median).toBeGreaterThan(0);
        }
      }
      const parts = ["listing", "writing", "rest"].flatMap((variant) =>
        cellsOf(results, "programming", variant).map(({ replicates }) =>
          replicates.map(({ median }) => median),
        ),
      );
      const wholes = cellsOf(results, "programming", "").map(({ replicates }) =>
        replicates.map(({ median }) => median),
      );
      const whole = wholes.flat().reduce((sum, ns) => sum + ns, 0);
      const sum = parts.flat().reduce((sum, ns) => sum + ns, 0);
      // The families of a dual-stack node are written side by side.
      if (family === "dual") expect(sum).toBeGreaterThanOrEqual(whole - 1000);
      else expect(sum).toBeCloseTo(whole, -3);
      // Up to 1.36 the table is read back through nft before each change, in 1.37 over netlink.
      const listing = cellsOf(results, "programming", "listing");
      const listed = (version: string) =>
        listing.filter(({ plane }) => plane.endsWith(version)).map(({ estimate }) => estimate!.median > 0);
      expect(listed("1.35")).toEqual([true, true]);
      expect(listed("1.37")).toEqual([false, false]);
      for (const { counts } of cellsOf(results, "proxy-memory", ""))
        expect(counts?.bytes).toBeGreaterThan(10e6);
      expect(leftovers()).toEqual([]);
    },
  );

  test("what does not finish in its time is a gap with the reason and the time that was spent", () => {
    const out = join(folder, "gap");
    const words = ["--planes", PLANES[1]!, "--scenarios", "programming,sync", "--services", "20000"];
    const run = spawnSync(process.execPath, command(out, ...words, "--duration", "1s"), {
      encoding: "utf8",
      env,
    });
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/did not finish within its time limit of 1 s; [\d.]+ s were spent on it/);
    const cell = cellsOf(readResults(out), "programming", "")[0];
    expect(cell?.estimate).toBeNull();
    expect(cell?.facts).toMatchObject({ gap: expect.stringContaining("time limit") });
    expect(leftovers()).toEqual([]);
  });

  /** Enough that the run goes on for seconds after the first rollout. */
  const SIZES = [1, 10, 100, 1000];
  test.each(["SIGINT", "SIGKILL"] as const)("a run that ends by %s goes on where it was", (signal) => {
    const out = join(folder, signal);
    const words = ["--planes", PLANES[1]!, "--scenarios", "programming", "--services", SIZES.join()];
    const interruption = raiseWhenSaved(signal, "programming", "rollout");
    spawnSync(process.execPath, [...interruption, ...command(out, ...words)], { stdio: "ignore", env });
    const rollouts = () =>
      cellsOf(readResults(out), "programming", "rollout").flatMap(({ replicates }) => replicates);
    const before = rollouts();
    // Results are saved once a second: on a fast machine, several rollouts at once.
    expect(before).not.toEqual([]);
    expect(readResults(out).run.complete).toBe(false);
    const resumed = spawnSync(process.execPath, [CLI, "run", "--resume", "--out", out], {
      encoding: "utf8",
      env,
    });
    expect({ status: resumed.status, stderr: resumed.status === 0 ? "" : resumed.stderr }).toEqual({
      status: 0,
      stderr: "",
    });
    const results = readResults(out);
    expect(results.run.complete).toBe(true);
    const after = rollouts();
    expect(after).toHaveLength(SIZES.length);
    expect(after).toEqual(expect.arrayContaining(before));
    spawnSync(process.execPath, [CLI, "doctor", "--clean"], { env });
    expect(leftovers()).toEqual([]);
  });
});
