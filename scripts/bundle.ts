/**
 * Part of `npm run build`: puts the compiled code of report.html (src/report/page/client) and the charts that it draws into
 * one script beside the compiled page, with Chart.js before it, so that a report is one file that needs no network.
 */

import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PAGE = fileURLToPath(new URL("../src/report/page/", import.meta.url));
const ENTRY = join(PAGE, "client", "main.js");
/** What stands in for modules that browsers lack. */
const INSTEAD: Readonly<Record<string, string>> = { "node:crypto": join(PAGE, "client", "crypto.js") };

/** Packages that run in browsers as they are, in CommonJS. Others are refused: a report must stay small. */
const PACKAGES = ["jstat"];
const require = createRequire(import.meta.url);

const modules = new Map<string, string>();
addModule(ENTRY);
const chartJs = join(dirname(require.resolve("chart.js")), "chart.umd.min.js");
writeFileSync(
  join(PAGE, "bundle.js"),
  // The closing tag would end the script element, a source map would be asked for over the network.
  `${readFileSync(chartJs, "utf8").replace(/\n?\/\/# sourceMappingURL=.*/, "")}\n${bundle()}`.replaceAll(
    "</script",
    "<\\/script",
  ),
);
copyFileSync(join(ROOT, "src", "report", "page", "page.css"), join(PAGE, "page.css"));

/** Adds a compiled module and those that it imports, as functions of CommonJS. */
function addModule(file: string): void {
  if (modules.has(file)) return;
  modules.set(file, "");
  const source = readFileSync(file, "utf8");
  if (PACKAGES.some((name) => require.resolve(name) === file)) {
    modules.set(file, source);
    return;
  }
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      esModuleInterop: true,
      target: ts.ScriptTarget.ES2022,
      removeComments: true,
    },
  });
  const text = outputText.replace(/\brequire\("([^"]+)"\)/g, (_, specifier: string) => {
    const target = specifier.startsWith(".")
      ? join(dirname(file), specifier)
      : PACKAGES.includes(specifier)
        ? require.resolve(specifier)
        : INSTEAD[specifier];
    if (target === undefined) {
      throw new Error(
        `report.html can't hold "${specifier}", which ${nameOf(file)} imports: charts are drawn in browsers too`,
      );
    }
    addModule(target);
    return `require("${nameOf(target)}")`;
  });
  modules.set(file, text);
}

function nameOf(file: string): string {
  return relative(join(PAGE, ".."), file);
}

function bundle(): string {
  const functions = [...modules].map(
    ([file, text]) => `${JSON.stringify(nameOf(file))}: (module, exports, require) => {\n${text}}`,
  );
  return `(() => {
const modules = {${functions.join(",\n")}};
const loaded = {};
const require = (name) => {
  if (!(name in loaded)) {
    const module = (loaded[name] = { exports: {} });
    modules[name](module, module.exports, require);
  }
  return loaded[name].exports;
};
require(${JSON.stringify(nameOf(ENTRY))});
})();
`;
}
