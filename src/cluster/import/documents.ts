/** From text to Kubernetes objects: YAML with several documents, JSON, and Lists. What comes in may be hostile. */

import { LineCounter, parseAllDocuments, YAMLError } from "yaml";
import { UsageError } from "../../errors.js";
import { oneLine } from "../checks.js";

/** How often aliases may repeat what they stand for, nested ones multiplied: "billion laughs" stops here. */
const MAX_ALIASES = 1_000;
const MAX_OBJECTS = 1_000_000;
/** YAML takes about half a second a megabyte; JSON a hundredth of it. */
const MAX_YAML_LENGTH = 64 * 2 ** 20;
/** A List in a List in a document: kubectl writes no more. */
const MAX_NESTING = 3;

/** Anything with a kind; its fields are checked by whoever reads them. */
export interface KubernetesObject {
  readonly kind: string;
  readonly apiVersion?: unknown;
  readonly [field: string]: unknown;
}

/** All objects of a text in their order, Lists opened. Throws UsageError when it is none of YAML, JSON or Kubernetes. */
export function readObjects(text: string): KubernetesObject[] {
  if (text.trim() === "") throw new UsageError("the input is empty: give Kubernetes YAML or JSON");
  if (text.includes("\0")) throw new UsageError("the input is binary or UTF-16: give UTF-8 YAML or JSON");
  const objects: KubernetesObject[] = [];
  for (const document of parse(text)) collect(document, objects, 0);
  if (objects.length === 0) {
    throw new UsageError("the input holds no Kubernetes object: give YAML or JSON with kind: Service");
  }
  return objects;
}

function parse(text: string): unknown[] {
  if (/^\s*[[{]/.test(text)) {
    try {
      return [JSON.parse(text)];
    } catch {
      // It may still be YAML in flow style, or several JSON documents with `---` between them.
    }
  }
  if (text.length > MAX_YAML_LENGTH) {
    throw new UsageError("the input is more than 64 MiB of YAML, or damaged JSON: use kubectl get -o json");
  }
  return parseYaml(text);
}

function parseYaml(text: string): unknown[] {
  const lineCounter = new LineCounter();
  try {
    const documents = parseAllDocuments(text, {
      lineCounter,
      logLevel: "silent",
      prettyErrors: false,
      // Whatever a %YAML line asks for; and with merge keys, as kubectl's parser has them.
      schema: "core",
      merge: true,
      // The check is quadratic in the keys of a map (20,000 keys: 6 s). The last one wins, as in JSON.
      uniqueKeys: false,
    });
    return [...documents].map((document) => {
      const [error] = document.errors;
      if (error) throw error;
      return document.toJS({ maxAliasCount: MAX_ALIASES });
    });
  } catch (error) {
    throw new UsageError(describeYamlError(error, lineCounter));
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
  if (typeof kind !== "string") return;
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
    throw new UsageError(`the input holds more than ${MAX_OBJECTS} objects: import fewer namespaces`);
  }
  objects.push(value as KubernetesObject);
}
