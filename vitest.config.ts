import { defineConfig } from "vitest/config";

/** Files that replace modules or clocks, or that mostly wait for processes: each needs a process of its own. */
const ISOLATED = [
  "src/kernel/programming/sync-clock.test.ts",
  "src/kernel/testbed/clean.test.ts",
  "src/measure/forecast.test.ts",
  "src/measure/run.test.ts",
  "src/measure/replicate/batches.test.ts",
  "bench/family.test.ts",
  "bench/scenarios.test.ts",
  "test/cli/process.test.ts",
  "test/cli/run.test.ts",
  "test/examples.test.ts",
  "test/readme.test.ts",
  "test/record.test.ts",
  "test/run-benchmark.test.ts",
  "test/toy-plane.test.ts",
  "scripts/*.test.ts",
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
          include: [
            "src/**/*.test.ts",
            "bench/**/*.test.ts",
            "scripts/**/*.test.ts",
            "test/*.test.ts",
            "test/cli/*.test.ts",
          ],
          exclude: ISOLATED,
          // Files of a worker share modules that are loaded and compiled once: imports took a quarter of all time.
          isolate: false,
        },
      },
      { extends: true, test: { name: "isolated", include: ISOLATED } },
    ],
  },
});
