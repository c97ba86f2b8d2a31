import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [
      "src/**/*.test.ts",
      "bench/**/*.test.ts",
      "scripts/**/*.test.ts",
      "test/*.test.ts",
      "test/cli/*.test.ts",
    ],
    // Ends what hangs, and nothing else: no test takes a hundredth of it on a quiet machine.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    // Vitest leaves one core free by default, which on a machine of two is half of it.
    maxWorkers: "100%",
    pool: "forks",
  },
});
