import { defineConfig } from "vitest/config";

/** What takes too long for `npm test`: packaging, long fuzz runs, kill loops. `.ci/run` calls it. */
export default defineConfig({
  test: {
    include: ["test/slow/**/*.test.ts"],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: "forks",
    fileParallelism: false,
  },
});
