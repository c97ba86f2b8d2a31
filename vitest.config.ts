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
    // Ends what hangs. On a busy machine a test that starts a guest takes half a minute.
    testTimeout: 180_000,
    hookTimeout: 60_000,
    // Vitest leaves one core free by default, which on a machine of two is half of it.
    maxWorkers: "100%",
    pool: "forks",
  },
});
