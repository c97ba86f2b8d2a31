/** From text to Kubernetes objects: YAML with several documents, JSON, and Lists. What comes in is hostile. */

import { LineCounter, parseAllDocuments } from "yaml";
import { UsageError } from "../../errors.js";

/** Aliases may repeat at most this often: "billion laughs" stops here. */
const MAX_ALIASES = 100;
const MAX_OBJECTS = 2_000_000;

/** Anything with a kind; fields are checked by whoever reads them. */
export interface KubernetesObject {
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** All objects of a text, Lists opened. Throws UsageError when it is none of YAML, JSON or Kubernetes. */
export function readObjects(text: string): KubernetesObject[] {
  if (text.trim() === "") throw new UsageError("the input is empty: give Kubernetes YAML or JSON");
  const objects: KubernetesObject[] = [];
  for (const document of parse(text)) collect(document, objects, 0);
  if (objects.length === 0) {
    throw new UsageError(
      "no Kubernetes object in the input: expected YAML or JSON with kind: Service, EndpointSlice, …",
    );
  }
  return objects;
}

function parse(text: string): unknown[] {
  // JSON is YAML too, but a hundred megabytes of it parse a hundred times faster this way.
  if (/^\s*[[{]/.test(text)) {
    try {
      return [JSON.parse(text)];
    } catch {
      if (/^\s*\{\s*"/.test(text))
        throw new UsageError("the input is not valid JSON: it is damaged or cut off");
    }
  }
  try {
    const lineCounter = new LineCounter();
    const documents = parseAllDocuments(text, { lineCounter, logLevel: "silent", prettyErrors: false });
    if (!Array.isArray(documents)) return [];
    return documents.map((document) => {
      const [error] = document.errors;
      if (error) throw error;
      return document.toJS({ maxAliasCount: MAX_ALIASES });
    });
  } catch (error) {
    const { message } = error as Error;
    throw new UsageError(`the input is not valid YAML: ${message.split("\n")[0]}`);
  }
}

/** Opens Lists, at most two deep: kubectl never nests further. */
function collect(value: unknown, objects: KubernetesObject[], depth: number): void {
  if (Array.isArray(value) && depth < 3) {
    for (const item of value) collect(item, objects, depth + 1);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const { kind, items } = value as { kind?: unknown; items?: unknown };
  if (typeof kind !== "string") return;
  if (Array.isArray(items) && kind.endsWith("List")) {
    if (depth >= 2) return;
    // `kubectl get -o json` of one kind leaves out the kind of its items: ServiceList holds Services.
    const itemKind = kind.slice(0, -"List".length);
    for (const item of items) {
      const typed = typeof item === "object" && item !== null && !("kind" in item) && itemKind !== "";
      collect(typed ? { ...item, kind: itemKind } : item, objects, depth + 1);
    }
    return;
  }
  if (objects.length >= MAX_OBJECTS)
    throw new UsageError(`more than ${MAX_OBJECTS} objects: import fewer namespaces`);
  objects.push(value as KubernetesObject);
}
