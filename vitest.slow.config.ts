import { defineConfig } from "vitest/config";

/** What takes too long for `npm test`: packaging, long fuzz runs, kill loops. `.ci/run` calls it. */
export default defineConfig({
  test: {
    include: ["test/slow/**/*.test.ts", "src/charts/layout.test.ts"],
    // As many random runs as `npm test` has no time for.
    env: { LBSCALE_LAYOUT_RUNS: "8" },
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: "forks",
    fileParallelism: false,
  },
});
