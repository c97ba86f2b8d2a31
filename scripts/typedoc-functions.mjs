// @ts-check
/**
 * A plugin of typedoc (typedoc.json): warns of an exported function whose docstring lacks a parameter, `@returns`, `@example`, or
 * `@throws` where it can throw an error of src/errors.ts, itself or through what it calls. Warnings fail `npm run docs:api`. Calls
 * through an interface are not followed, and what a try block catches is taken as handled unless its catch clause throws the
 * error on.
 */

import { fileURLToPath } from "node:url";
import { Converter, ReflectionKind } from "typedoc";
import ts from "typescript";

const SOURCES = fileURLToPath(new URL("../src/", import.meta.url));

/** @param {import("typedoc").Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_END, (context) => {
    const found = context.programs.map((program) => thrownIn(program.getTypeChecker()));
    for (const reflection of context.project.getReflectionsByKind(ReflectionKind.Function)) {
      const signatures = reflection.isDeclaration() ? (reflection.signatures ?? []) : [];
      for (const lack of signatures.flatMap(lacksOf))
        app.logger.warn(`${reflection.getFullName()} lacks ${lack}`);
      const { declarations = [] } = context.getSymbolFromReflection(reflection) ?? {};
      const errors = declarations.flatMap((declaration) =>
        found.flatMap((thrown) => [...thrown(declaration)]),
      );
      const documented = declarations
        .flatMap(ts.getJSDocTags)
        .some(({ tagName }) => tagName.text === "throws");
      if (errors.length > 0 && !documented)
        app.logger.warn(
          `${reflection.getFullName()} can throw ${[...new Set(errors)].join(", ")}: add @throws`,
        );
    }
  });
}

/**
 * What the docstring of a function lacks, whatever the function does.
 *
 * @param {Pick<import("typedoc").SignatureReflection, "comment" | "parameters">} signature
 */
function lacksOf({ comment, parameters = [] }) {
  /** @type {(tag: `@${string}`) => string[]} */
  const lacking = (tag) => (comment?.getTag(tag) ? [] : [tag]);
  return [
    ...parameters.filter((parameter) => !parameter.hasComment()).map(({ name }) => `@param ${name}`),
    ...lacking("@returns"),
    ...lacking("@example"),
  ];
}

/**
 * A function that finds the named errors which a declaration can throw.
 *
 * @param {ts.TypeChecker} checker
 */
function thrownIn(checker) {
  /** @type {Map<ts.Node, Set<string>>} */
  const known = new Map();

  /**
   * @param {ts.Node} declaration
   * @returns {ReadonlySet<string>}
   */
  return function thrown(declaration) {
    const before = known.get(declaration);
    if (before) return before;
    /** @type {Set<string>} */
    const errors = new Set();
    // Known from here on: a function that calls itself adds nothing.
    known.set(declaration, errors);
    visit(declaration);
    return errors;

    /** @param {ts.Node} node */
    function visit(node) {
      if (ts.isThrowStatement(node) && ts.isNewExpression(node.expression)) {
        const name = node.expression.expression.getText();
        if (name !== "Error" && !/^(Range|Type)Error$/.test(name)) errors.add(name);
      }
      if (ts.isTryStatement(node) && node.catchClause && !/throw error\b/.test(node.catchClause.getText())) {
        visit(node.catchClause);
        if (node.finallyBlock) visit(node.finallyBlock);
        return;
      }
      if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
        const called = bodyOf(node.expression);
        if (called) for (const name of thrown(called)) errors.add(name);
      }
      ts.forEachChild(node, visit);
    }
  };

  /**
   * The function of this package that an expression names.
   *
   * @param {ts.Expression} expression
   * @returns {ts.Node | undefined}
   */
  function bodyOf(expression) {
    const symbol = checker.getSymbolAtLocation(
      ts.isPropertyAccessExpression(expression) ? expression.name : expression,
    );
    const named = symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    for (const declaration of named?.declarations ?? []) {
      if (!declaration.getSourceFile().fileName.startsWith(SOURCES)) continue;
      if (ts.isClassDeclaration(declaration)) return declaration.members.find(ts.isConstructorDeclaration);
      if (ts.isFunctionLike(declaration) && "body" in declaration && declaration.body) return declaration;
      if (ts.isVariableDeclaration(declaration) && declaration.initializer) {
        const { initializer } = declaration;
        if (ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer)) return initializer;
      }
    }
    return undefined;
  }
}
