/** Part of `npm run build`: what is loaded as few files although it is written in many. */

import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MEASURE = fileURLToPath(new URL("../src/measure/", import.meta.url));
const KERNEL = fileURLToPath(new URL("../src/kernel/", import.meta.url));
const CLI = fileURLToPath(new URL("../src/cli/", import.meta.url));
const IMAGE = fileURLToPath(new URL("../src/output/image/", import.meta.url));
const PAGE = fileURLToPath(new URL("../src/output/html/", import.meta.url));
const TEXT_WIDTH = fileURLToPath(new URL("text-width.js", import.meta.url));
/** Browsers lack node:crypto; nothing else of Node's may be in a page. */
const CRYPTO = join(PAGE, "client", "crypto.js");

await bundleWorker();
await bundleSandbox();
await bundleCli();
await bundlePage();
// What SVG pictures carry, read from the folder of the code.
cpSync(join(ROOT, "src", "output", "image", "fonts"), join(IMAGE, "fonts"), { recursive: true });

/**
 * The process of a replicate, in place: sixty modules take 40 ms to find, three files 10, and a run starts hundreds of
 * processes. Planes stay apart, so that a child loads one. What rolldown leaves of builtin modules that only a plane uses is
 * taken out: node:crypto takes 20 ms.
 */
async function bundleWorker(): Promise<void> {
  rmSync(join(MEASURE, "worker"), { recursive: true, force: true });
  await build({
    input: join(MEASURE, "worker.js"),
    platform: "node",
    plugins: [
      {
        name: "no-unused-builtins",
        generateBundle(_options, bundle) {
          for (const file of Object.values(bundle))
            if (file.type === "chunk") file.code = file.code.replaceAll(/^import "node:[\w/]+";\n/gm, "");
        },
      },
    ],
    output: {
      dir: MEASURE,
      chunkFileNames: "worker/[name]-[hash].js",
      codeSplitting: { groups: [{ name: "shared", minShareCount: 2 }] },
    },
  });
}

/** The process inside the kernel lane's sandbox, in place and in one file, for the same reason: `doctor` waits for it. */
async function bundleSandbox(): Promise<void> {
  await build({
    input: join(KERNEL, "worker.js"),
    platform: "node",
    plugins: [moduleUrls(KERNEL)],
    output: { dir: KERNEL, codeSplitting: false },
  });
}

/**
 * The command line, in place, in one chunk per set of commands that share it. `import` loaded 227 files before, of which zod's 95
 * and yaml's 72.
 */
async function bundleCli(): Promise<void> {
  const chunks = join(CLI, "chunks");
  rmSync(chunks, { recursive: true, force: true });
  await build({
    input: join(CLI, "main.js"),
    platform: "node",
    resolve: { alias: { "string-width": TEXT_WIDTH } },
    external: (id, importer, isResolved) =>
      !isResolved && !/^([./]|zod|yaml|yargs)/.test(id) && !(isOfYargs(importer) && !isBuiltin(id)),
    plugins: [moduleUrls(chunks)],
    output: { dir: CLI, chunkFileNames: "chunks/[name]-[hash].js" },
  });
}

/** Code that was moved to `folder` finds files where the module that names them was. */
function moduleUrls(folder: string) {
  return {
    name: "module-urls",
    transform(code: string, id: string) {
      const original = JSON.stringify(relative(folder, id));
      return code.includes("import.meta.url")
        ? code.replaceAll("import.meta.url", `new URL(${original}, import.meta.url).href`)
        : null;
    },
  };
}

/** yargs and what it needs alone: ten files, each of which takes as long to find as it takes to run. */
function isOfYargs(path: string | undefined): boolean {
  return /\/node_modules\/(?:yargs|y18n|cliui|escalade|string-width|wrap-ansi|strip-ansi|ansi-|emoji-regex|get-)/.test(
    path ?? "",
  );
}

/**
 * The code of report.html (src/output/html/client) and the charts that it draws, in one script next to the compiled page,
 * with Chart.js before it: a report is one file that needs no network.
 */
async function bundlePage(): Promise<void> {
  const { output } = await build({
    input: join(PAGE, "client", "main.js"),
    platform: "browser",
    resolve: { alias: { "node:crypto": CRYPTO } },
    output: { format: "iife", minify: { mangle: false, compress: false, codegen: true } },
    write: false,
    onLog: (_, { message }) => {
      throw new Error(`report.html can't hold it, charts are drawn in browsers too: ${message}`);
    },
  });
  const require = createRequire(import.meta.url);
  const chartJs = join(dirname(require.resolve("chart.js")), "chart.umd.min.js");
  writeFileSync(
    join(PAGE, "bundle.js"),
    // The closing tag would end the script element, a source map would be asked for over the network.
    `${readFileSync(chartJs, "utf8").replace(/\n?\/\/# sourceMappingURL=.*/, "")}\n${output[0].code}`.replaceAll(
      "</script",
      "<\\/script",
    ),
  );
  copyFileSync(join(ROOT, "src", "output", "html", "page.css"), join(PAGE, "page.css"));
}
