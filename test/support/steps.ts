/**
 * Counts what code does in steps instead of time: every call and every turn of a loop of ours, every member that is
 * spread or copied, and every character that a built-in of strings, regular expressions or JSON may look at. Two counts of
 * one input are equal on any machine. Not counted: libraries (YAML's parser, zod), whose input is ours in linear size.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Below node_modules, so that libraries are found. */
const CACHE = join(ROOT, "node_modules", ".cache");
const COUNTER = "lbscaleSteps";

const counter = {
  steps: 0,
  /** Counts the members of what is spread, and hands it on; a generator counts by itself. */
  members<T>(value: T): T {
    if (Array.isArray(value)) counter.steps += value.length;
    else if (value instanceof Map || value instanceof Set) counter.steps += value.size;
    else if (typeof value === "string") counter.steps += value.length;
    return value;
  },
};

/** Code of src that counts, and how to count what it does. */
export interface Counted {
  /** A module by its path below src, such as `formats/detect.ts`. */
  load(path: string): Promise<Record<string, unknown>>;
  /** Steps of a call. */
  count(call: () => void): number;
  /** Removes the copy, and the counters around built-ins. */
  remove(): void;
}

/** Copies a module of src and all that it imports, with counters in it. */
export function instrument(entry: string): Counted {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, "steps-"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const done = new Set<string>();
  const waiting = [join(ROOT, "src", entry)];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (done.has(file)) continue;
    done.add(file);
    const { text, imports } = withCounters(file);
    const copy = join(folder, relative(join(ROOT, "src"), file).replace(/\.ts$/, ".js"));
    mkdirSync(dirname(copy), { recursive: true });
    writeFileSync(copy, text);
    for (const name of imports) waiting.push(join(dirname(file), name.replace(/\.js$/, ".ts")));
  }
  return {
    load: async (path) =>
      (await import(pathToFileURL(join(folder, path.replace(/\.ts$/, ".js"))).href)) as Record<
        string,
        unknown
      >,
    count,
    remove: () => {
      restore();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function withCounters(file: string): { text: string; imports: string[] } {
  const { outputText } = ts.transpileModule(readFileSync(file, "utf8"), {
    fileName: file,
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      verbatimModuleSyntax: true,
    },
    transformers: { before: [countingTransformer] },
  });
  const imports = [
    ...outputText.matchAll(/^(?:import|export) .*? from "(\.[^"]+)";$|^\} from "(\.[^"]+)";$/gm),
  ];
  return {
    text: `const ${COUNTER} = globalThis.${COUNTER};\n${outputText}`,
    imports: imports.map(([, one, other]) => one ?? other!),
  };
}

const countingTransformer: ts.TransformerFactory<ts.SourceFile> = (context) => {
  const { factory } = context;
  const name = () => factory.createIdentifier(COUNTER);
  const step = () =>
    factory.createExpressionStatement(
      factory.createPostfixIncrement(factory.createPropertyAccessExpression(name(), "steps")),
    );
  const members = (value: ts.Expression) =>
    factory.createCallExpression(factory.createPropertyAccessExpression(name(), "members"), undefined, [
      value,
    ]);
  const counting = (body: ts.Statement) =>
    factory.createBlock([step(), ...(ts.isBlock(body) ? body.statements : [body])], true);
  const visit = (node: ts.Node): ts.Node => {
    const seen = ts.visitEachChild(node, visit, context);
    if (ts.isArrowFunction(seen)) {
      const body = ts.isBlock(seen.body) ? seen.body : factory.createReturnStatement(seen.body);
      const { modifiers, typeParameters, parameters, type, equalsGreaterThanToken } = seen;
      return factory.updateArrowFunction(
        seen,
        modifiers,
        typeParameters,
        parameters,
        type,
        equalsGreaterThanToken,
        counting(body),
      );
    }
    if (ts.isBlock(seen) && isFunction(node.parent)) return counting(seen);
    if (ts.isForOfStatement(seen))
      return factory.updateForOfStatement(
        seen,
        seen.awaitModifier,
        seen.initializer,
        seen.expression,
        counting(seen.statement),
      );
    if (ts.isForInStatement(seen))
      return factory.updateForInStatement(seen, seen.initializer, seen.expression, counting(seen.statement));
    if (ts.isForStatement(seen)) {
      const { initializer, condition, incrementor, statement } = seen;
      return factory.updateForStatement(seen, initializer, condition, incrementor, counting(statement));
    }
    if (ts.isWhileStatement(seen))
      return factory.updateWhileStatement(seen, seen.expression, counting(seen.statement));
    if (ts.isDoStatement(seen))
      return factory.updateDoStatement(seen, counting(seen.statement), seen.expression);
    if (ts.isSpreadElement(seen)) return factory.updateSpreadElement(seen, members(seen.expression));
    if (ts.isNewExpression(seen) && /^(?:Map|Set)$/.test(seen.expression.getText?.() ?? "") && seen.arguments)
      return factory.updateNewExpression(
        seen,
        seen.expression,
        seen.typeArguments,
        seen.arguments.map(members),
      );
    return seen;
  };
  return (file) => ts.visitEachChild(file, visit, context);
};

function isFunction(node: ts.Node | undefined): boolean {
  return (
    node !== undefined &&
    (ts.isFunctionDeclaration(node) ||
      ts.isFunctionExpression(node) ||
      ts.isMethodDeclaration(node) ||
      ts.isConstructorDeclaration(node) ||
      ts.isGetAccessor(node) ||
      ts.isSetAccessor(node))
  );
}

type Builtin = (...args: unknown[]) => unknown;

/** Built-ins that look at all of what they are called on, and how much that is. */
function builtins(): readonly (readonly [owner: object, name: string, cost: Cost])[] {
  const whole: Cost = (self) => (self as string | readonly unknown[]).length;
  const argument: Cost = (_self, first) => (typeof first === "string" ? first.length : 0);
  const result: Cost = (_self, _first, _second, found) => (Array.isArray(found) ? found.length : 0);
  const found: Cost = (self, _first, second, at) => {
    const start = typeof second === "number" ? second : 0;
    return (typeof at === "number" && at >= 0 ? at + 1 : (self as string).length) - start;
  };
  const strings = [
    "split",
    "replace",
    "replaceAll",
    "trim",
    "trimStart",
    "trimEnd",
    "toLowerCase",
    "toUpperCase",
  ];
  const arrays = ["join", "includes", "indexOf", "splice", "shift", "unshift", "flat", "sort"];
  return [
    ...strings.map((name) => [String.prototype, name, whole] as const),
    [String.prototype, "indexOf", found],
    [String.prototype, "includes", whole],
    ...arrays.map((name) => [Array.prototype, name, whole] as const),
    [Array.prototype, "slice", result],
    [Array.prototype, "concat", result],
    [Array, "from", result],
    [Object, "entries", result],
    [Object, "keys", result],
    [Object, "values", result],
    [JSON, "parse", argument],
    // test, match, matchAll, replace and split call it, as it is not the engine's own then.
    [RegExp.prototype, "exec", matched],
  ];
}

/** `from`: where a pattern begins. */
type Cost = (self: unknown, first: unknown, second: unknown, result: unknown, from: number) => number;

/**
 * What a pattern looks at: from where it begins to the end of what it matched, and all of the text where it found nothing;
 * of one that is bound to its place, one character. (That no pattern goes back and forth is `npm run check:patterns`.)
 */
function matched(self: unknown, text: unknown, _second: unknown, result: unknown, from: number): number {
  const match = result as RegExpExecArray | null;
  if (match !== null) return match.index + match[0].length + 1 - from;
  return isBound(self as RegExp) ? 1 : (text as string).length - from + 1;
}

/** Whether a pattern can begin at one place only; kept, as V8 puts `source` together each time it is asked. */
function isBound(pattern: RegExp): boolean {
  let known = bound.get(pattern);
  if (known === undefined) {
    known = pattern.sticky || (pattern.source.startsWith("^") && !pattern.multiline);
    bound.set(pattern, known);
  }
  return known;
}
const bound = new WeakMap<RegExp, boolean>();

/** Steps of built-ins; counted while `isCounting`. */
let builtinSteps = 0;
let isCounting = false;
let originals: readonly { owner: object; name: string; original: Builtin }[] = [];

/** Those that take any number of arguments; the others take two at most, which costs half as much to hand on. */
const VARIADIC: ReadonlySet<string> = new Set(["concat", "from", "splice", "unshift"]);

/** Puts counters around the built-ins, once: V8 optimises again whenever they change. */
function surround(): void {
  originals = builtins().map(([owner, name, cost]) => {
    const original = Reflect.get(owner, name) as Builtin;
    Reflect.set(owner, name, VARIADIC.has(name) ? ofAny(original, cost) : ofTwo(original, cost));
    return { owner, name, original };
  });
}

function ofTwo(original: Builtin, cost: Cost): Builtin {
  return function (this: unknown, first?: unknown, second?: unknown) {
    if (!isCounting) return original.call(this, first, second);
    const from = cost === matched ? startOf(this as RegExp) : 0;
    const result = original.call(this, first, second);
    builtinSteps += cost(this, first, second, result, from);
    return result;
  };
}

function ofAny(original: Builtin, cost: Cost): Builtin {
  return function (this: unknown, ...args: unknown[]) {
    const result = original.apply(this, args);
    if (isCounting) builtinSteps += cost(this, args[0], args[1], result, 0);
    return result;
  };
}

function startOf(pattern: RegExp): number {
  return pattern.global || pattern.sticky ? pattern.lastIndex : 0;
}

function restore(): void {
  for (const { owner, name, original } of originals) Reflect.set(owner, name, original);
  originals = [];
}

function count(call: () => void): number {
  if (originals.length === 0) surround();
  counter.steps = 0;
  builtinSteps = 0;
  isCounting = true;
  try {
    call();
  } finally {
    isCounting = false;
  }
  return counter.steps + builtinSteps;
}

Reflect.set(globalThis, COUNTER, counter);
