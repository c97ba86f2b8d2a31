/** The objects of an API server while changes are made to them, and the Services that a change is of. */

import type { ApiObject, ObjectChange } from "../../kubernetes/list-watch/parse.js";
import { SERVICE_LABEL } from "./plain-objects.js";

/** Objects in their order: what is modified keeps its place. */
export class ObjectState {
  readonly #objects = new Map<string, ApiObject>();

  constructor(objects: Iterable<ApiObject>) {
    for (const object of objects) this.#objects.set(keyOf(object), object);
  }

  objects(): ApiObject[] {
    return [...this.#objects.values()];
  }

  apply(changes: readonly ObjectChange[]): void {
    for (const { type, object } of changes) {
      if (type === "DELETED") this.#objects.delete(keyOf(object));
      else this.#objects.set(keyOf(object), object);
    }
  }
}

/** `Service/namespace/name`. */
export function keyOf({ kind, metadata }: ApiObject): string {
  return `${kind}/${nameOf({ metadata })}`;
}

/** `namespace/name`, or the name alone where there is no namespace. */
export function nameOf({ metadata }: Pick<ApiObject, "metadata">): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

/** `namespace/name` of the Services that changes are of: a slice names its own. */
export function namesOf(changes: readonly ObjectChange[]): ReadonlySet<string> {
  return new Set(
    changes.map(({ object: { metadata } }) => {
      const name = metadata.labels?.[SERVICE_LABEL] ?? metadata.name;
      return nameOf({ metadata: { ...metadata, name } });
    }),
  );
}
