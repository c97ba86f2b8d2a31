import { defineConfig } from "vitest/config";
import type { Reporter } from "vitest/node";

/**
 * Files that make namespaces or mounts, load programs into the kernel, start a real program, or build: one at a time, because
 * they look at what the machine holds before and after.
 */
const SYSTEM = [
  "calico-trie",
  "cilium*",
  "cold-start",
  "disk",
  "doctor",
  "kernel*",
  "known-latency",
  // Not kube-proxy.test.ts: what it starts lives and ends in namespaces of its own.
  "kube-proxy-*",
  "package",
  "programming*",
  "random-commands",
  "readme",
  "scripts",
].map((name) => `test/slow/${name}.test.ts`);

/** Of the machine these have one link, and folders of their own. */
const CLUSTER = ["test/slow/cluster*.test.ts"];

const PROCESSES = [
  "test/slow/**/*.test.ts",
  // Simulations and random runs: here with as many as `npm test` has no time for (test/support/trials.ts).
  "bench/family.test.ts",
  "src/charts/layout.test.ts",
  "src/formats/export.test.ts",
  "src/measure/forecast.test.ts",
  "src/output/edited-results.test.ts",
  "src/planes/calico-ebpf/maps/maglev.test.ts",
  "src/planes/connections.test.ts",
  "src/planes/contract.test.ts",
  "src/planes/incremental.test.ts",
  "src/planes/update.test.ts",
  "src/planes/option-differences.test.ts",
  "src/planes/ruleset-delta.test.ts",
  "src/stats/intervals.test.ts",
];

/** Names what failed once and passed then, with the reason, of which the default reporter says nothing. */
const retried: Reporter = {
  onTestCaseResult: (test) => {
    const { errors = [] } = test.result();
    if (test.diagnostic()?.flaky) console.warn(`retried: ${test.fullName}: ${errors[0]?.message}`);
  },
};

/** What takes too long for `npm test`: packaging, long fuzz runs, kill loops. `.ci/run` runs all projects at once. */
export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: "system", include: SYSTEM, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: "cluster", include: CLUSTER, sequence: { groupOrder: 2 } } },
      {
        extends: true,
        test: {
          name: "processes",
          include: PROCESSES,
          exclude: [...SYSTEM, ...CLUSTER],
          sequence: { groupOrder: 1 },
        },
      },
    ],
    env: { LBSCALE_LONG: "true" },
    // Ends what hangs, and nothing else: the longest takes some minutes on a quiet machine.
    testTimeout: 3_600_000,
    hookTimeout: 3_600_000,
    // Real programs, on a machine that others share: one hiccup in an hour of tests says nothing.
    retry: process.env.CI ? 1 : 0,
    reporters: ["default", ...(process.env.GITHUB_ACTIONS ? ["github-actions"] : []), retried],
    pool: "forks",
    fileParallelism: false,
  },
});
