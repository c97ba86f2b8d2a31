// @ts-check
/**
 * A plugin of typedoc (typedoc.json): warns of an exported function whose docstring lacks a parameter, `@returns`, `@example`, or
 * `@throws` where it can throw an error of src/errors.ts, itself or through what it calls; and of methods, constructors and
 * functions as properties in exported interfaces, classes and types, which need no example, and no `@returns` where they return
 * nothing. Warnings fail `npm run docs:api`. Calls through an interface are not followed, and what a try block catches is taken as
 * handled unless its catch clause throws the error on.
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
      for (const lack of declarations.flatMap(throwsLack))
        app.logger.warn(`${reflection.getFullName()} lacks ${lack}`);
    }
    for (const reflection of context.project.getReflectionsByKind(TYPES)) {
      const { declarations = [] } = context.getSymbolFromReflection(reflection) ?? {};
      const own = declarations.filter((node) => node.getSourceFile().fileName.startsWith(SOURCES));
      for (const node of own.flatMap(membersOf)) {
        const name = "name" in node && node.name ? `.${/** @type {ts.Node} */ (node.name).getText()}` : "";
        const suffix = ts.isConstructorDeclaration(node) ? ".constructor" : name;
        for (const lack of [...memberLacks(node), ...throwsLack(node)])
          app.logger.warn(
            `${reflection.getFullName()}${ts.isTypeAliasDeclaration(node) ? "" : suffix} lacks ${lack}`,
          );
      }
    }

    /**
     * `@throws`, where a declaration can throw and its docstring does not say what.
     *
     * @param {ts.Node} declaration
     * @returns {string[]}
     */
    function throwsLack(declaration) {
      const errors = found.flatMap((thrown) => [...thrown(declaration)]);
      const isDocumented = ts.getJSDocTags(declaration).some(({ tagName }) => tagName.text === "throws");
      return errors.length === 0 || isDocumented ? [] : [`@throws ${[...new Set(errors)].join(", ")}`];
    }
  });
}

const TYPES = ReflectionKind.Interface | ReflectionKind.Class | ReflectionKind.TypeAlias;

/**
 * What can be called of a type: its methods, its properties that are functions, or the alias itself.
 *
 * @param {ts.Node} declaration
 * @returns {ts.Node[]}
 */
function membersOf(declaration) {
  if (ts.isTypeAliasDeclaration(declaration)) {
    return functionType(declaration.type) ? [declaration] : typeMembers(declaration.type);
  }
  const members = ts.isInterfaceDeclaration(declaration) || ts.isClassDeclaration(declaration);
  return members ? [...declaration.members].flatMap(callables) : [];
}

/**
 * A member, if it can be called, and what can be called within its type.
 *
 * @param {ts.Node} member
 * @returns {ts.Node[]}
 */
function callables(member) {
  const isHidden =
    ("name" in member && member.name && ts.isPrivateIdentifier(/** @type {ts.Node} */ (member.name))) ||
    (ts.canHaveModifiers(member) &&
      ts.getModifiers(member)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword)) ||
    ts.getJSDocTags(member).some(({ tagName }) => tagName.text === "internal");
  if (isHidden) return [];
  if (ts.isPropertySignature(member) || ts.isPropertyDeclaration(member)) {
    return functionType(member.type) ? [member] : typeMembers(member.type);
  }
  const canBeCalled =
    ts.isMethodSignature(member) ||
    ts.isMethodDeclaration(member) ||
    ts.isConstructorDeclaration(member) ||
    ts.isGetAccessorDeclaration(member);
  return canBeCalled ? [member] : [];
}

/**
 * What can be called within a type that is written out.
 *
 * @param {ts.TypeNode | undefined} type
 * @returns {ts.Node[]}
 */
function typeMembers(type) {
  if (type === undefined) return [];
  if (ts.isTypeLiteralNode(type)) return [...type.members].flatMap(callables);
  if (ts.isUnionTypeNode(type) || ts.isIntersectionTypeNode(type)) return type.types.flatMap(typeMembers);
  return ts.isParenthesizedTypeNode(type) ? typeMembers(type.type) : [];
}

/**
 * The function that a type is, or may be: `string | ((id: string) => string)`.
 *
 * @param {ts.TypeNode | undefined} type
 * @returns {ts.FunctionTypeNode | undefined}
 */
function functionType(type) {
  if (type === undefined || ts.isFunctionTypeNode(type)) return type;
  if (ts.isParenthesizedTypeNode(type)) return functionType(type.type);
  if (ts.isUnionTypeNode(type)) return type.types.map(functionType).find((found) => found !== undefined);
  return undefined;
}

/**
 * What the docstring of something that can be called lacks.
 *
 * @param {ts.Node} node
 * @returns {string[]}
 */
function memberLacks(node) {
  const tags = ts.getJSDocTags(node);
  if (ts.isGetAccessorDeclaration(node)) return ts.getJSDocCommentsAndTags(node).length > 0 ? [] : ["words"];
  const called = ts.isFunctionLike(node)
    ? node
    : functionType(/** @type {{ type?: ts.TypeNode }} */ (/** @type {unknown} */ (node)).type);
  const described = tags.filter(ts.isJSDocParameterTag).filter(({ comment }) => textOf(comment) !== "");
  const parameters = [...(called?.parameters ?? [])].map(({ name }, place) => ({ name, place }));
  const lacking = parameters.filter(({ name, place }) =>
    ts.isIdentifier(name)
      ? !described.some((tag) => tag.name.getText() === name.text)
      : described[place] === undefined,
  );
  const returnsNothing =
    ts.isConstructorDeclaration(node) || /^(Promise<)?void>?$/.test(called?.type?.getText() ?? "");
  const returned = tags.find(ts.isJSDocReturnTag);
  return [
    ...lacking.map(({ name }) => `@param ${name.getText()}`),
    ...(returnsNothing || textOf(returned?.comment) !== "" ? [] : ["@returns"]),
  ];
}

/** @param {ts.JSDocTag["comment"]} comment */
const textOf = (comment) => ts.getTextOfJSDocComment(comment)?.trim() ?? "";

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
