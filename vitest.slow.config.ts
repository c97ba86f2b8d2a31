import { defineConfig } from "vitest/config";

/** What takes too long for `npm test`: packaging, long fuzz runs, kill loops. `.ci/run` calls it. */
export default defineConfig({
  test: {
    include: [
      "test/slow/**/*.test.ts",
      // Simulations and random runs: here with as many as `npm test` has no time for (test/support/trials.ts).
      "src/charts/layout.test.ts",
      "src/formats/export.test.ts",
      "src/output/edited-results.test.ts",
      "src/planes/connections.test.ts",
      "src/planes/contract.test.ts",
      "src/planes/incremental.test.ts",
      "src/planes/option-differences.test.ts",
      "src/planes/ruleset-delta.test.ts",
      "src/stats/intervals.test.ts",
    ],
    env: { LBSCALE_LONG: "true" },
    // Ends what hangs, and nothing else: the longest takes some minutes on a quiet machine.
    testTimeout: 3_600_000,
    hookTimeout: 3_600_000,
    pool: "forks",
    fileParallelism: false,
  },
});
