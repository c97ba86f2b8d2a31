/** From text to Kubernetes objects: YAML with several documents, JSON, and Lists. What comes in may be hostile. */

import { Composer, CST, isMap, isScalar, isSeq, Lexer, LineCounter, Parser, YAMLError } from "yaml";
import { oneLine } from "../cluster/checks.js";
import { parseUniqueJson } from "../cluster/unique-json.js";
import { InputError, InvalidInputError } from "../errors.js";

/** Aliases in all, and how often one may repeat what it stands for, nested ones multiplied ("billion laughs"). */
const MAX_ALIASES = 1_000;
const MAX_OBJECTS = 1_000_000;
/** YAML takes about half a second a megabyte; JSON a hundredth of it. */
const MAX_YAML_LENGTH = 64 * 2 ** 20;
/** Collections within collections: the stack has room for some 800, Kubernetes objects have a few dozen at most. */
const MAX_YAML_DEPTH = 200;
/** A List in a List in a document: kubectl writes no more. */
const MAX_NESTING = 3;
/** What to give instead of what holds no whole objects. */
const GET_JSON = "give kubectl get services,endpointslices -A -o json";

/** Anything with a kind; its fields are checked by whoever reads them. */
export interface KubernetesObject {
  readonly kind: string;
  readonly apiVersion?: unknown;
  readonly [field: string]: unknown;
}

/** All objects of a text in their order, Lists opened. Throws InvalidInputError when it is neither YAML nor JSON, or holds no Kubernetes object. */
export function readObjects(text: string): KubernetesObject[] {
  if (text.trim() === "") throw new InvalidInputError("the input is empty: give Kubernetes YAML or JSON");
  if (text.includes("\0"))
    throw new InvalidInputError("the input is binary or UTF-16: give UTF-8 YAML or JSON");
  const objects: KubernetesObject[] = [];
  for (const document of parse(text)) collect(document, objects, 0);
  if (objects.length === 0) {
    if (/\bitems['"]?: ?\[\]/.test(text))
      throw new InvalidInputError(`the list is empty, kubectl found nothing: ${GET_JSON}`);
    throw new InvalidInputError(
      "the input holds no Kubernetes object: give YAML or JSON with kind: Service, or what a node prints (iptables-save, nft list ruleset, ipvsadm -Sn, cilium bpf lb list)",
    );
  }
  return objects;
}

/** Logs of containers between the lists of `kubectl cluster-info dump`. */
function withoutLogs(text: string): string {
  const begin = "==== START logs for container ";
  if (!text.includes(begin)) return text;
  const kept: string[] = [];
  let isLog = false;
  for (const line of text.split("\n")) {
    if (line.startsWith(begin)) isLog = true;
    if (!isLog) kept.push(line);
    if (line.startsWith("==== END logs for container ")) isLog = false;
  }
  return kept.join("\n");
}

function parse(whole: string): unknown[] {
  const text = withoutLogs(whole);
  if (/^\s*[[{]/.test(text)) {
    try {
      return [parseUniqueJson(text)];
    } catch (error) {
      if (error instanceof InputError) throw error;
      // It may still be YAML in flow style, or several JSON documents (two calls of kubectl, JSON lines).
      const several = parseSeveral(text);
      if (several) return several;
    }
  }
  if (text.length > MAX_YAML_LENGTH) {
    throw new InvalidInputError(
      "the input is more than 64 MiB of YAML, or damaged JSON: use kubectl get -o json",
    );
  }
  return parseYaml(text);
}

/** JSON documents one after another, with or without `---` between them; undefined where they are something else. */
function parseSeveral(text: string): unknown[] | undefined {
  const documents: unknown[] = [];
  let start = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (sign === '"') {
      if (depth === 0) return undefined;
      at = endOfString(text, at);
    } else if (sign === "{" || sign === "[") {
      if (depth++ > 0) continue;
      const between = text.slice(start, at).trim();
      if (between !== "" && between !== "---") return undefined;
      start = at;
    } else if (sign === "}" || sign === "]") {
      if (--depth > 0) continue;
      if (depth < 0) return undefined;
      try {
        documents.push(parseUniqueJson(text.slice(start, at + 1)));
      } catch (error) {
        if (error instanceof InputError) throw error;
        return undefined;
      }
      start = at + 1;
    }
  }
  return depth === 0 && text.slice(start).trim() === "" ? documents : undefined;
}

/** The quote that ends a string, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at;
  }
  return text.length;
}

function parseYaml(text: string): unknown[] {
  const lineCounter = new LineCounter();
  const composer = new Composer({
    logLevel: "silent",
    // Whatever a %YAML line asks for; and with merge keys, as kubectl's parser has them.
    schema: "core",
    merge: true,
    // Its check is quadratic in the keys of a map (20,000 keys: 6 s): refuseRepeatedKeys is the same in one pass.
    uniqueKeys: false,
  });
  try {
    return Array.from(composer.compose(tokensOf(text, lineCounter)), (document) => {
      const [error] = document.errors;
      if (error) throw error;
      refuseRepeatedKeys(document.contents, lineCounter);
      return document.toJS({ maxAliasCount: MAX_ALIASES });
    });
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InvalidInputError(describeYamlError(error, lineCounter));
  }
}

/**
 * `yaml`'s own first stage, which keeps its stack on the heap, and a bound on it. The next stage recurses: V8 ends the
 * process, and throws nothing, when a regular expression is first compiled where the stack is all but used up.
 */
function* tokensOf(text: string, lineCounter: LineCounter): Generator<CST.Token> {
  const parser = new Parser(lineCounter.addNewLine);
  lineCounter.addNewLine(0);
  let aliases = 0;
  let previous = "";
  for (const lexeme of new Lexer().lex(text)) {
    // Resolving an alias walks the document up to it: twenty thousand of them take six seconds.
    if (lexeme.startsWith("*") && previous !== CST.SCALAR && ++aliases > MAX_ALIASES) {
      throw new InvalidInputError(`the input holds more than ${MAX_ALIASES} YAML aliases: expand them first`);
    }
    previous = lexeme;
    yield* parser.next(lexeme);
    if (parser.stack.length > MAX_YAML_DEPTH) {
      throw new InvalidInputError("the input is nested too deep for Kubernetes objects");
    }
  }
  yield* parser.end();
}

/** Two documents without `---` between them are one map to YAML, in which the last of each key would win. */
function refuseRepeatedKeys(node: unknown, lineCounter: LineCounter): void {
  if (isSeq(node)) for (const item of node.items) refuseRepeatedKeys(item, lineCounter);
  if (!isMap(node)) return;
  const keys = new Set<unknown>();
  for (const { key, value } of node.items) {
    if (isScalar(key)) {
      // A merge key may stand there several times.
      if (keys.has(key.value) && key.value !== "<<") {
        const where = key.range ? ` (line ${lineCounter.linePos(key.range[0]).line})` : "";
        throw new InvalidInputError(
          `key "${oneLine(String(key.value), 60)}" is given twice in one map${where}: put --- between two documents`,
        );
      }
      keys.add(key.value);
    }
    refuseRepeatedKeys(value, lineCounter);
  }
}

function describeYamlError(error: unknown, lineCounter: LineCounter): string {
  const [message] = String((error as Error).message).split("\n");
  // The parser descends once a level; it reports its own overflow as a YAMLError, `toJS` as a RangeError.
  if (error instanceof RangeError || message!.startsWith("Maximum call stack")) {
    return "the input is nested too deep for Kubernetes objects";
  }
  if (error instanceof YAMLError) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    return `the input is not valid YAML or JSON, or cut off: line ${line}, column ${col}: ${oneLine(message!)}`;
  }
  // Without a place: too many aliases, an alias without its anchor, a merge key that merges no map.
  return `the input is not valid YAML: ${oneLine(message!)}`;
}

function collect(value: unknown, objects: KubernetesObject[], depth: number): void {
  if (typeof value !== "object" || value === null || depth > MAX_NESTING) return;
  if (Array.isArray(value)) {
    for (const item of value) collect(item, objects, depth + 1);
    return;
  }
  const { kind, apiVersion, items } = value as { kind?: unknown; apiVersion?: unknown; items?: unknown };
  if (typeof kind !== "string") {
    const { type, object } = value as { type?: unknown; object?: unknown };
    if (typeof type === "string" && typeof object === "object" && object !== null) {
      throw new InvalidInputError(`these are the events of a watch: ${GET_JSON}, without --watch`);
    }
    if (typeof apiVersion === "string" && Array.isArray(items)) {
      throw new InvalidInputError(
        "the list is cut off: kind: List, one of the last lines of kubectl's output, is missing: save all of it",
      );
    }
    return;
  }
  if (kind === "Table") {
    throw new InvalidInputError(`this is a Table, which the API server makes for people: ${GET_JSON}`);
  }
  if (kind === "Status") {
    const { message } = value as { message?: unknown };
    throw new InvalidInputError(
      `this is the API server's refusal (${oneLine(String(message), 100)}): ${GET_JSON} with an account that may`,
    );
  }
  if (kind.endsWith("List") && Array.isArray(items)) {
    // The API's own lists (ServiceList) leave out what is the same for all their items.
    const itemKind = kind.slice(0, -"List".length);
    const inherited = itemKind === "" ? {} : { kind: itemKind, apiVersion };
    for (const item of items) {
      const isObject = typeof item === "object" && item !== null && !Array.isArray(item);
      collect(isObject ? { ...inherited, ...item } : item, objects, depth + 1);
    }
    return;
  }
  if (objects.length >= MAX_OBJECTS) {
    throw new InvalidInputError(`the input holds more than ${MAX_OBJECTS} objects: import fewer namespaces`);
  }
  objects.push(value as KubernetesObject);
}
