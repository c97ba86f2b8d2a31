import { defineConfig } from "vitest/config";

/** What takes too long for `npm test`: packaging, long fuzz runs, kill loops. `.ci/run` calls it. */
export default defineConfig({
  test: {
    include: ["test/slow/**/*.test.ts", "src/charts/layout.test.ts"],
    // As many random runs as `npm test` has no time for.
    env: { LBSCALE_LAYOUT_RUNS: "8" },
    // Ends what hangs, and nothing else: the longest takes some minutes on a quiet machine.
    testTimeout: 3_600_000,
    hookTimeout: 3_600_000,
    pool: "forks",
    fileParallelism: false,
  },
});
