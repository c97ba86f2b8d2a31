import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterAll, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const parse = (file: string): ts.SourceFile =>
  ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);

/** Functions that an entry point declares or exports by name, with their declarations, wherever these are. */
function exportedFunctions(entry: string): ts.FunctionDeclaration[] {
  return functionsOf(join(ROOT, entry), null);
}

/** `wanted`: names of the functions; null: all that the file exports. */
function functionsOf(file: string, wanted: readonly string[] | null): ts.FunctionDeclaration[] {
  return parse(file).statements.flatMap((statement) => {
    if (ts.isFunctionDeclaration(statement)) {
      const name = statement.name?.text ?? "";
      return (wanted?.includes(name) ?? true) ? [statement] : [];
    }
    if (!ts.isExportDeclaration(statement) || !statement.moduleSpecifier || !statement.exportClause)
      return [];
    if (!ts.isStringLiteral(statement.moduleSpecifier) || !ts.isNamedExports(statement.exportClause))
      return [];
    const names = statement.exportClause.elements.map(({ name }) => name.text);
    const passed = wanted === null ? names : names.filter((name) => wanted.includes(name));
    const path = statement.moduleSpecifier.text.replace(/\.js$/, ".ts");
    return passed.length > 0 ? functionsOf(join(dirname(file), path), passed) : [];
  });
}

/** What a function's docstring lacks. A parameter that is taken apart has its place, not its name. */
function missing(declaration: ts.FunctionDeclaration): string[] {
  const tags = ts.getJSDocTags(declaration);
  const described = tags.filter(ts.isJSDocParameterTag).length;
  const lacks =
    declaration.parameters.length > described ? [`@param of ${declaration.parameters.length}`] : [];
  const throws = declaration.body?.getText().includes("throw new") === true;
  return [
    ...lacks,
    ...(ts.getJSDocReturnTag(declaration) ? [] : ["@returns"]),
    // Errors of what it calls are found by scripts/typedoc-functions.mjs, which needs types.
    ...(throws && !tags.some(({ tagName }) => tagName.text === "throws") ? ["@throws"] : []),
    ...(exampleOf(declaration) === undefined ? ["@example"] : []),
  ];
}

/** The code of a docstring's example. */
function exampleOf(declaration: ts.FunctionDeclaration): string | undefined {
  const tag = ts.getJSDocTags(declaration).find(({ tagName }) => tagName.text === "example");
  return /^```ts\n(.*)\n```$/s.exec(ts.getTextOfJSDocComment(tag?.comment)?.trim() ?? "")?.[1];
}

const ENTRIES = ["src/index.ts", "src/run/index.ts", "src/api/results.ts", "src/api/charts.ts"];
/** They measure for minutes: docs/examples/run-benchmark.mjs and test/run-benchmark.test.ts run what they show. */
const LONG = ["runBenchmark", "resumeBenchmark"];

describe.each(ENTRIES)("%s", (entry) => {
  it.each(exportedFunctions(entry).map((declaration) => [declaration.name?.text, declaration] as const))(
    "%s: its docstring has parameters, result, errors and an example",
    (_, declaration) => {
      expect(missing(declaration)).toEqual([]);
    },
  );
});

describe("the examples of the API", () => {
  // Within the package, whose name they import, and where git looks at nothing.
  const folder = mkdtempSync(join(ROOT, "dist", "examples-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("run, on the built package", () => {
    const names = ENTRIES.flatMap(exportedFunctions).flatMap((declaration) => {
      const name = declaration.name?.text ?? "";
      if (LONG.includes(name)) return [];
      const { outputText } = ts.transpileModule(exampleOf(declaration) ?? "", {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
      });
      writeFileSync(join(folder, `${name}.mjs`), outputText);
      return [name];
    });
    const all = join(folder, "all.mjs");
    writeFileSync(
      all,
      names.map((name) => `console.log("# ${name}"); await import("./${name}.mjs");`).join("\n"),
    );
    const { status, stdout, stderr } = spawnSync(process.execPath, [all], { cwd: ROOT, encoding: "utf8" });
    expect([status, stderr, stdout.split("\n").filter((line) => line === "undefined")]).toEqual([0, "", []]);
    expect(stdout.match(/^# \w+$/gm)).toHaveLength(names.length);
    // Those whose result stands next to them print it.
    expect(stdout).toMatch(/^# applyChange\n1$/m);
    expect(stdout).toMatch(/^# parseRunSpec\nmodel 1$/m);
  });
});
