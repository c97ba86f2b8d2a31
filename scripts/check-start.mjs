/**
 * `npm run check:start`: what starting a program loads, which is what it imports statically; dynamic imports come when they are
 * needed. The bundler's own graph answers it: dependency-cruiser, which follows the same imports, took eight times as long.
 */

import { relative } from "node:path";
import { build } from "rolldown";

const RULES = [
  {
    // A worker starts for each replicate: 61 ms, not 209.
    entry: "src/measure/worker.ts",
    forbidden: /node_modules\/(?!tinybench\/)/,
    why: "of packages, a worker loads tinybench only",
  },
  {
    entry: "src/cli/main.ts",
    forbidden:
      /node_modules\/(?:@napi-rs\/canvas|chartjs-node-canvas|pptxgenjs|yaml|jstat|zod)\/|^vendor\/canvas\//,
    why: "what pictures, slides and YAML need is loaded by the command that needs it",
  },
  {
    entry: "src/cli/commands/run.ts",
    forbidden: /node_modules\/(?!yargs\/)/,
    why: "an option that can't be read is reported before any package is loaded that only measuring needs",
  },
];

for (const { entry, forbidden, why } of RULES) {
  const path = (await loadedBy(entry)).find((id) => forbidden.test(id));
  if (path === undefined) continue;
  console.log(`${entry} loads ${path}: ${why}; import it where it is used: await import(…)`);
  process.exitCode = 1;
}

/**
 * The files that `entry` imports statically, and theirs, relative to this folder's parent.
 * @param {string} entry
 * @returns {Promise<string[]>}
 */
async function loadedBy(entry) {
  const { output } = await build({
    input: entry,
    platform: "node",
    treeshake: false,
    write: false,
    external: /\.node$/,
    logLevel: "silent",
  });
  const chunks = new Map(
    output.flatMap((chunk) => (chunk.type === "chunk" ? [[chunk.fileName, chunk]] : [])),
  );
  /** @type {Set<string>} */
  const reached = new Set();
  /** @param {string} name */
  const visit = (name) => {
    const chunk = chunks.get(name);
    if (chunk === undefined || reached.has(name)) return;
    reached.add(name);
    chunk.imports.forEach(visit);
  };
  for (const chunk of chunks.values()) if (chunk.isEntry) visit(chunk.fileName);
  return [...reached].flatMap((name) => chunks.get(name)?.moduleIds ?? []).map((id) => relative("", id));
}
