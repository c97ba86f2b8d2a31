/**
 * The arrows between the rooms: the folders of src, and bench. A room may import itself, the leaves (errors, text, random numbers,
 * version), and what is listed. Types count: a circle of types is a circle of thoughts. test/architecture.test.ts holds that every
 * folder is a room, that no two rooms reach each other, and that docs/architecture.md says the same.
 */
const LEAVES = "^src/(bounded-read|errors|process|random|reason|text|values|values-schema|version)\\.ts$";

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
  api: ["advice", "analysis", "charts", "output", "planes", "reference", "results"],
  bench: ["measure", "planes", "cluster", "stats"],
};
/** The command line calls every room, and no room calls it. */
ROOMS.cli = Object.keys(ROOMS).filter((room) => room !== "api" && room !== "bench");

/** What a room may import of others in addition, with the reason. */
const EXTRAS = {
  // The worker process imports the scenarios by itself: functions do not travel as JSON.
  measure: ["^src/catalog\\.ts$"],
  // The entry point lbscale/run measures this package's catalog for its users; catalog-for-entries has the other files.
  run: ["^src/catalog\\.ts$"],
  cli: ["^src/catalog\\.ts$"],
  // What the kernel lane measures is data; its planes have their ids there.
  bench: ["^src/kernel/(catalog|plane|planes/[a-z-]+/id|testbed/sandbox)\\.ts$"],
};

const pathOf = (room) => (room === "bench" ? "^bench/" : `^src/${room}/`);

/** Test files may set up their subject with any room. */
const TESTS = "\\.test\\.ts$|^test/";

const arrows = Object.entries(ROOMS).map(([room, others]) => ({
  name: `arrows-of-${room}`,
  comment: `${room} may import ${[...others, "the leaves"].join(", ")}`,
  severity: "error",
  from: { path: pathOf(room), pathNot: TESTS },
  to: {
    path: "^(src|bench|scripts|test)/",
    pathNot: [LEAVES, ...[room, ...others].map(pathOf), ...(EXTRAS[room] ?? [])],
  },
}));

module.exports = {
  forbidden: [
    ...arrows,
    {
      name: "leaves-are-leaves",
      comment: "what every room may import imports no room",
      severity: "error",
      from: { path: LEAVES },
      to: { path: "^(src|bench|scripts|test)/", pathNot: LEAVES },
    },
    {
      name: "index-is-an-end",
      comment: "src/index.ts is for users of the package: no file of it imports it",
      severity: "error",
      from: { path: "^(src|bench)/", pathNot: TESTS },
      to: { path: "^src/index\\.ts$" },
    },
    {
      name: "index-without-commands",
      comment: "the library knows no command line, and runs are in lbscale/run",
      severity: "error",
      from: { path: "^src/index\\.ts$" },
      to: { path: "^src/(cli|run|api)/|^src/catalog\\.ts$|^(bench|scripts|test)/" },
    },
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
