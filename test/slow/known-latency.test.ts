import { join } from "node:path";
import { describe, expect } from "vitest";
import { readResults } from "../../src/results/files.js";
import { folder, lbscale } from "../support/cli.js";
import { UNHURRIED } from "../support/patience.js";
import { withTools } from "./tools.js";

describe("the check of BPF timing, in the kernel", () => {
  withTools(
    "is stored with a run that times BPF lookups, and printed",
    ["clang", "bpftool", "ip", "cc"],
    () => {
      const out = join(folder, "lookups");
      const { status, stdout } = lbscale([
        ...[
          "run",
          "--lane",
          "kernel",
          "--planes",
          "direct,ebpf",
          "--scenarios",
          "lookup",
          "--profile",
          "quick",
        ],
        ...[...UNHURRIED, "--services", "10", "--replicates", "1", "--formats", "none", "--out", out],
      ]);
      expect(status).toBe(0);
      expect(stdout).toContain("BPF timing check, a lookup in a table of one element: ");
      const [one, large, ...more] = readResults(out).knownLatency!;
      expect([one!.elements, Math.log2(large!.elements) % 1, more]).toEqual([1, 0, []]);
      for (const { kernelNs, chaseNs } of [one!, large!]) {
        expect(Number.isFinite(kernelNs)).toBe(true);
        expect(chaseNs).toBeGreaterThan(0);
      }
      // Whatever the machine: memory is farther than the first cache, by either clock.
      expect(large!.chaseNs).toBeGreaterThan(one!.chaseNs);
      expect(large!.kernelNs).toBeGreaterThan(one!.kernelNs);
    },
  );
});
