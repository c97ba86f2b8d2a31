/**
 * What starting a program loads: static imports of values. Types cost nothing, and dynamic imports come when they are needed.
 * Run from src/cli/main.ts and src/measure/worker.ts.
 */
module.exports = {
  forbidden: [
    {
      name: "light-worker",
      comment: "a worker starts for each replicate: of packages it loads tinybench only (61 ms, not 209)",
      severity: "error",
      from: { path: "^src/measure/worker\\.ts$" },
      to: { path: "node_modules/", pathNot: "node_modules/tinybench/", reachable: true },
    },
    {
      name: "fast-start",
      comment: "what pictures, slides and YAML need is loaded by the command that needs it",
      severity: "error",
      from: { path: "^src/cli/main\\.ts$" },
      to: {
        path: "node_modules/(@napi-rs/canvas|chartjs-node-canvas|pptxgenjs|yaml|jstat|zod)/|^vendor/canvas/",
        reachable: true,
      },
    },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: false,
    doNotFollow: { path: "node_modules" },
    exclude: { dynamic: true },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default"] },
  },
};
