/**
 * The arrows between the rooms of src. A room may import itself, the leaves (errors, text, random numbers, version), and what is listed.
 * Types count: a circle of types is a circle of thoughts.
 */
const LEAVES = "^src/(bounded-read|errors|process|random|reason|text|version)\\.ts$";

const ROOMS = {
  stats: [],
  cluster: [],
  reference: [],
  results: ["stats"],
  planes: ["cluster"],
  kubernetes: ["cluster"],
  formats: ["kubernetes", "planes", "cluster"],
  measure: ["planes", "cluster", "results", "stats"],
  "cluster-lane": ["cluster"],
  kernel: ["measure", "planes", "kubernetes", "cluster", "results", "stats"],
  analysis: ["results", "stats", "reference"],
  charts: ["analysis", "results", "stats", "reference"],
  output: ["charts", "analysis", "results", "stats", "reference"],
  advice: ["analysis", "planes", "cluster", "results", "reference", "stats"],
  run: [
    "measure",
    "kernel",
    "cluster-lane",
    "planes",
    "cluster",
    "kubernetes",
    "results",
    "analysis",
    "stats",
  ],
};

/** Test files may set up their subject with any room. */
const TESTS = "\\.test\\.ts$|^test/";

const arrows = Object.entries(ROOMS).map(([room, others]) => ({
  name: `arrows-of-${room}`,
  comment: `${room} may import ${[...others, "the leaves"].join(", ")}`,
  severity: "error",
  from: { path: `^src/${room}/`, pathNot: TESTS },
  to: {
    path: "^(src|bench|scripts|test)/",
    pathNot: [LEAVES, ...[room, ...others].map((other) => `^src/${other}/`)].concat(
      // The worker process imports the scenarios by itself: functions do not travel as JSON.
      // So does the entry point lbscale/run, for its users.
      room === "measure" || room === "run" ? ["^src/catalog\\.ts$"] : [],
    ),
  },
}));

module.exports = {
  forbidden: [
    ...arrows,
    {
      name: "no-circles",
      comment: "two modules that need each other are one idea, or lack a third",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "bench-by-catalog",
      comment: "src reaches bench by src/catalog.ts only",
      severity: "error",
      from: { path: "^src/", pathNot: ["^src/catalog\\.ts$", TESTS] },
      to: { path: "^bench/" },
    },
    {
      name: "catalog-for-entries",
      comment: "only entry points choose the catalog; everything else takes it as a parameter",
      severity: "error",
      from: {
        path: "^src/",
        pathNot: [
          "^src/cli/",
          "^src/index\\.ts$",
          "^src/run/index\\.ts$",
          "^src/measure/worker\\.ts$",
          TESTS,
        ],
      },
      to: { path: "^src/catalog\\.ts$" },
    },
    {
      name: "pure-rooms",
      comment: "planes and stats read no clock, file or process; hashes of names need node:crypto",
      severity: "error",
      from: { path: "^src/(planes|stats)/", pathNot: TESTS },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?crypto$" },
    },
    {
      name: "no-test-support-in-source",
      severity: "error",
      from: { path: "^(src|bench)/", pathNot: TESTS },
      to: { path: "^test/|\\.test\\.ts$" },
    },
    {
      name: "resolvable",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(dist|results)/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
    },
  },
};
