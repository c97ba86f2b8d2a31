import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const parse = (file: string): ts.SourceFile =>
  ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);

/** Functions that an entry point declares or exports by name, with their declarations. */
function exportedFunctions(entry: string): ts.FunctionDeclaration[] {
  return parse(join(ROOT, entry)).statements.flatMap((statement) => {
    if (ts.isFunctionDeclaration(statement)) return [statement];
    if (!ts.isExportDeclaration(statement) || !statement.moduleSpecifier || !statement.exportClause)
      return [];
    if (!ts.isStringLiteral(statement.moduleSpecifier) || !ts.isNamedExports(statement.exportClause))
      return [];
    const path = statement.moduleSpecifier.text.replace(/\.js$/, ".ts");
    const names = statement.exportClause.elements.map(({ name }) => name.text);
    return parse(join(ROOT, dirname(entry), path))
      .statements.filter(ts.isFunctionDeclaration)
      .filter(({ name }) => name !== undefined && names.includes(name.text));
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
    ...(throws && !tags.some(({ tagName }) => tagName.text === "throws") ? ["@throws"] : []),
  ];
}

describe.each(["src/index.ts", "src/run/index.ts", "src/api/results.ts", "src/api/charts.ts"])(
  "%s",
  (entry) => {
    it.each(exportedFunctions(entry).map((declaration) => [declaration.name?.text, declaration] as const))(
      "%s: its docstring has parameters, result and errors",
      (_, declaration) => {
        expect(missing(declaration)).toEqual([]);
      },
    );
  },
);
