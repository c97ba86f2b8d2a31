import { defineConfig } from "vitest/config";

/** Files that replace modules, clocks or the working folder: each needs a process of its own. */
const ISOLATED = [
  "src/kernel/programming/sync-clock.test.ts",
  "src/kernel/testbed/clean.test.ts",
  "src/measure/run.test.ts",
  "src/measure/replicate/batches.test.ts",
  "bench/scenarios.test.ts",
];

export default defineConfig({
  test: {
    // Ends what hangs, and nothing else: no test takes a hundredth of it on a quiet machine.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    // Vitest leaves one core free by default, which on a machine of two is half of it.
    maxWorkers: "100%",
    pool: "forks",
    projects: [
      {
        extends: true,
        test: {
          name: "shared",
          include: ["src/**/*.test.ts", "bench/**/*.test.ts"],
          exclude: ISOLATED,
          // Files of a worker share modules that are loaded and compiled once: imports took a quarter of all time.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: "isolated",
          include: [...ISOLATED, "scripts/**/*.test.ts", "test/*.test.ts", "test/cli/*.test.ts"],
        },
      },
    ],
  },
});
