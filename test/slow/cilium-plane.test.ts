/** Cilium's control plane as a plane: needs Linux, root, scripts/install-kernel-tools.sh and scripts/install-cilium-lb.sh. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { installedCilium } from "../../src/kernel/cilium/binary.js";
import { findLeftovers, PREFIX } from "../../src/kernel/testbed/clean.js";
import { readResults } from "../../src/results/files.js";
import type { Results } from "../../src/results/schema.js";
import { PATIENT_WITH_PROGRAMS, UNHURRIED } from "../support/patience.js";
import { raiseWhenSaved } from "../support/raise-when-saved.js";

const CLI = "dist/src/cli/main.js";
const SOCKET = "cilium@1.20";
const UNBUFFERED = "cilium/unbuffered@1.20";
const PACKET = "cilium/tc@1.20";
const PLANES = [SOCKET, UNBUFFERED, PACKET];

const lacking = reasonToSkip();
function reasonToSkip(): string | null {
  if (os.platform() !== "linux") return "not Linux";
  if (process.getuid?.() !== 0) return "not root";
  return installedCilium() === undefined ? "it is not built (scripts/install-cilium-lb.sh)" : null;
}
if (lacking !== null && process.env.CI !== "true")
  console.warn(`Cilium's control plane is not measured: ${lacking}`);

const folder = mkdtempSync(join(os.tmpdir(), "lbscale-cilium-plane-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** A folder for temporary files that no other run on this machine uses. */
const env = { ...process.env, TMPDIR: folder };
const leftovers = () => readdirSync(folder).filter((name) => name.startsWith(PREFIX));
const command = (out: string, ...more: string[]) => [
  ...[CLI, "run", "--lane", "kernel", "--profile", "quick", "--out", out],
  ...(more.includes("--duration") ? UNHURRIED : PATIENT_WITH_PROGRAMS),
  ...more,
];
const run = (words: readonly string[]) => spawnSync(process.execPath, words, { encoding: "utf8", env });
const cellsOf = ({ cells }: Results, scenario: string, variant = "") =>
  cells.filter((cell) => cell.scenario === scenario && cell.variant === variant);

test.runIf(process.env.CI === "true")("Cilium's control plane can be measured where CI is set", () => {
  expect(lacking).toBeNull();
});

describe.skipIf(lacking !== null)("Cilium's control plane as a plane of the kernel lane", () => {
  /** Bytes of an entry of the services' map, by family: keys of 12 and 24 bytes. */
  const ENTRIES = {
    "4": { "4 Hash 12": 88 },
    "6": { "6 Hash 24": 96 },
    dual: { "4 Hash 12": 88, "6 Hash 24": 96 },
  };
  test.each(["4", "6", "dual"] as const)(
    "its maps answer at the socket and per packet, follow changes, and are what the kernel accounts (--family %s)",
    (family) => {
      const out = join(folder, `run-${family}`);
      const connects = family === "dual" ? "" : ",connect,established";
      const words = [
        ...["--planes", PLANES.join(), "--services", "100", "--family", family],
        ...["--scenarios", `programming,sync,memory${connects}`],
      ];
      const { status, stderr } = run(command(out, ...words));
      expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
      const results = readResults(out);
      for (const [scenario, variant, count] of [
        ["programming", "", 5],
        ["programming", "visible", 5],
        ["programming", "rollout", 1],
        ["sync", "first", 1],
        ...(family === "dual" ? [] : [["connect", "", 3] as const, ["established", "", 3] as const]),
      ] as const) {
        const cells = cellsOf(results, scenario, variant);
        expect(cells.map(({ plane }) => plane)).toEqual(PLANES);
        for (const { replicates } of cells) expect(replicates).toHaveLength(count);
      }
      // 6 entries for each Service of 4 endpoints and the kubernetes Service, if there is one.
      for (const [map, bytes] of Object.entries(ENTRIES[family])) {
        const services = cellsOf(results, "memory").map(
          ({ counts }) => counts?.[`map cilium_lb${map.replace(" Hash", "_serv Hash")} 12 bytes`],
        );
        expect(services).toEqual(PLANES.map(() => 1_049_472 + 100 * 6 * bytes));
      }
      for (const { facts } of cellsOf(results, "connect"))
        expect(facts.datapath).toMatch(/read by lbscale's own BPF program/);
      expect(leftovers()).toEqual([]);
    },
  );

  test("what does not fit into its maps is a gap with the reason", () => {
    const out = join(folder, "full");
    const { status, stderr } = run(
      command(out, "--planes", UNBUFFERED, "--scenarios", "sync", "--services", "11000"),
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/Cilium's control plane could not write [\d,]+ frontends, .*: /);
    expect(cellsOf(readResults(out), "sync", "first")[0]?.facts.gap).toMatch(/could not write/);
    expect(leftovers()).toEqual([]);
  });

  /** Enough that the run goes on for seconds after the first rollout. */
  const SIZES = [1, 10, 100, 1000];
  test.each(["SIGINT", "SIGKILL"] as const)("a run that ends by %s goes on where it was", (signal) => {
    const out = join(folder, signal);
    const words = ["--planes", UNBUFFERED, "--scenarios", "programming", "--services", SIZES.join()];
    const interruption = raiseWhenSaved(signal, "programming", "rollout");
    spawnSync(process.execPath, [...interruption, ...command(out, ...words)], { stdio: "ignore", env });
    const rollouts = () =>
      cellsOf(readResults(out), "programming", "rollout").flatMap(({ replicates }) => replicates);
    const before = rollouts();
    // Results are saved once a second: on a fast machine, several rollouts at once.
    expect(before).not.toEqual([]);
    expect(readResults(out).run.complete).toBe(false);
    run([CLI, "doctor", "--clean"]);
    expect(leftovers()).toEqual([]);
    expect(findLeftovers()).toEqual([]);
    const { status, stderr } = run([CLI, "run", "--resume", "--out", out]);
    expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
    expect(readResults(out).run.complete).toBe(true);
    const after = rollouts();
    expect(after).toHaveLength(SIZES.length);
    expect(after).toEqual(expect.arrayContaining(before));
  });
});

test.skipIf(os.platform() !== "linux" || process.getuid?.() !== 0)(
  "a plane whose program is not built is refused by name, at once, with how to build it",
  () => {
    const words = command(join(folder, "none"), "--planes", SOCKET);
    const { status, stderr } = spawnSync(process.execPath, words, {
      encoding: "utf8",
      env: { ...env, XDG_CACHE_HOME: join(folder, "empty") },
    });
    expect(status).toBe(2);
    expect(stderr).toMatch(/Cilium's control plane 1\.20\.2 is not installed: run .*install-cilium-lb\.sh/);
  },
);
