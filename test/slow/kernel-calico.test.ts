/** Calico's frontends in a trie of this kernel: decisions, and memory by the kernel's own account. */

import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { generateCluster } from "../../src/cluster/generate.js";
import { CalicoProgram } from "../../src/planes/calico-ebpf/program.js";
import { readResults } from "../../src/results/files.js";
import { lbscale } from "../support/cli.js";
import { UNHURRIED } from "../support/patience.js";

const works = os.platform() === "linux" && process.getuid?.() === 0;
const inKernel = works || process.env.CI === "true" ? it : it.skip;
const folder = mkdtempSync(join(os.tmpdir(), "lbscale-calico-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe(`Calico's maps in the kernel${works ? "" : " (needs Linux and root)"}`, () => {
  inKernel("decide as the contract wants, for Services of every kind, per packet and at the socket", () => {
    const planes = ["calico-ebpf", "calico-ebpf-socket"];
    const { status, stdout } = lbscale([
      ...["verify", "--lane", "kernel", "--planes", planes.join(), "--services", "60"],
    ]);
    for (const plane of planes)
      expect(stdout).toMatch(new RegExp(`${plane}: [\\d,]+ connections in the kernel, 0 disagreements`));
    expect(status).toBe(0);
  });

  // 65,536 Services fill both stock maps to the last entry.
  inKernel("take as many bytes as the model says, and are looked up, up to the last entry that fits", () => {
    const out = join(folder, "run");
    const sizes = [1, 1000, 65_536];
    const { status } = lbscale([
      ...["run", "--lane", "kernel", "--planes", "calico-ebpf", "--profile", "quick"],
      ...[
        ...UNHURRIED,
        "--services",
        sizes.join(","),
        "--scenarios",
        "lookup,memory",
        "--formats",
        "none",
        "--out",
        out,
      ],
    ]);
    expect(status).toBe(0);
    const { cells } = readResults(out);
    const exact = (services: number) =>
      new CalicoProgram(generateCluster({ services, seed: 1 }), {})
        .memory()
        .filter(({ known }) => known === "exact")
        .reduce((sum, { bytes }) => sum + bytes, 0);
    for (const services of sizes) {
      const of = (scenario: string) =>
        cells.find(
          (cell) => cell.lane === "kernel" && cell.scenario === scenario && cell.services === services,
        );
      expect([services, of("memory")?.counts?.bytes]).toEqual([services, exact(services)]);
      expect(of("lookup")?.estimate?.median).toBeGreaterThan(0);
    }
  });
});
