/**
 * Objects by resource, each as the JSON that clients receive: 100,000 objects as trees would take several times the
 * memory, and every list would be serialized again. A change gets the next resource version, and the latest changes are
 * kept so that a watch can begin in the past.
 */

import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { ApiObject } from "./parse.js";
import { apiVersionOf, type Resource } from "./resources.js";

/** An object as it is stored; never modified, so that a list in progress remains what it was. */
export interface Stored {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The resource's fields for selectors, in its order. */
  readonly fields: readonly string[];
  readonly json: Buffer;
}

/** What happened to one object: no `before` is an addition, no `after` a deletion. */
export interface StoredChange {
  readonly resource: Resource;
  readonly resourceVersion: number;
  readonly before: Stored | undefined;
  readonly after: Stored | undefined;
  /** The object in its last state; for a deletion with the resource version of the deletion, as the API has it. */
  readonly json: Buffer;
}

export interface ObjectStoreOptions {
  /** Resource version of the initial objects. */
  readonly firstResourceVersion?: number;
  /** How many changes are kept: a watch that begins before the oldest of them gets 410 Gone. */
  readonly historyLength?: number;
}

const DEFAULT_HISTORY_LENGTH = 4096;
const NO_LABELS = {};
const NO_FIELDS: readonly string[] = [];

/** An API server's objects in memory, as JSON text, with the history from which watches are answered. */
export class ObjectStore {
  readonly #objects = new Map<Resource, Map<string, Stored>>();
  /** The latest changes, oldest first; their resource versions are consecutive. */
  readonly #history: StoredChange[] = [];
  readonly #historyLength: number;
  readonly #listeners = new Set<() => void>();
  readonly #arena = new Arena();
  #resourceVersion: number;

  /**
   * By default resource versions begin at the time in milliseconds: a client that still has one of a server that ran
   * here before gets 410 Gone and lists again.
   */
  constructor(options: ObjectStoreOptions = {}) {
    this.#resourceVersion = options.firstResourceVersion ?? Date.now();
    this.#historyLength = options.historyLength ?? DEFAULT_HISTORY_LENGTH;
  }

  /** Resource version of the latest change. */
  get resourceVersion(): number {
    return this.#resourceVersion;
  }

  /** Adds an initial object, which no watch reports as a change. Replaces one of the same name. */
  load(resource: Resource, object: ApiObject): void {
    const stored = this.#admit(resource, object, undefined, (text) => this.#arena.store(text));
    this.#of(resource).set(keyOf(stored), stored);
  }

  /**
   * Adds an object, or replaces the one of the same name; as in the API, one that is the same is no change. Returns the
   * resource version of the latest change.
   */
  put(resource: Resource, object: ApiObject): number {
    const objects = this.#of(resource);
    const key = keyOf(object.metadata);
    const before = objects.get(key);
    if (before !== undefined && isSame(resource, object, before)) return this.#resourceVersion;
    this.#resourceVersion += 1;
    const after = this.#admit(resource, object, before);
    objects.set(key, after);
    return this.#record({ resource, before, after, json: after.json });
  }

  /** Deletes an object. Returns the change's resource version, or undefined where no such object exists. */
  delete(
    resource: Resource,
    name: { readonly namespace?: string | undefined; readonly name: string },
  ): number | undefined {
    const objects = this.#of(resource);
    const key = keyOf(name);
    const before = objects.get(key);
    if (before === undefined) return undefined;
    objects.delete(key);
    this.#resourceVersion += 1;
    const object = JSON.parse(before.json.toString());
    object.metadata.resourceVersion = String(this.#resourceVersion);
    return this.#record({ resource, before, after: undefined, json: Buffer.from(JSON.stringify(object)) });
  }

  /** The objects of a resource at this moment, in the order in which they were added. */
  list(resource: Resource): Stored[] {
    return [...this.#of(resource).values()];
  }

  /** One object, or undefined. */
  get(
    resource: Resource,
    name: { readonly namespace?: string | undefined; readonly name: string },
  ): Stored | undefined {
    return this.#of(resource).get(keyOf(name));
  }

  /**
   * Changes of all resources after a resource version, oldest first. Undefined where they are no longer known, or where
   * the version is of another server.
   */
  since(resourceVersion: number): readonly StoredChange[] | undefined {
    const missing = this.#resourceVersion - resourceVersion;
    if (missing < 0 || missing > this.#history.length) return undefined;
    return missing === 0 ? [] : this.#history.slice(-missing);
  }

  /** Calls a listener after each change. Returns how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #of(resource: Resource): Map<string, Stored> {
    let objects = this.#objects.get(resource);
    if (objects === undefined) {
      objects = new Map();
      this.#objects.set(resource, objects);
    }
    return objects;
  }

  #admit(
    resource: Resource,
    object: ApiObject,
    before: Stored | undefined,
    store: (text: string) => Text = wholeText,
  ): Stored {
    const { metadata } = object;
    const uid = metadata.uid ?? (before === undefined ? randomUUID() : identityOf(before).uid);
    const whole = withIdentity(resource, object, { uid, resourceVersion: String(this.#resourceVersion) });
    return new StoredObject(
      {
        namespace: metadata.namespace ?? "",
        name: metadata.name,
        labels: metadata.labels ?? NO_LABELS,
        fields:
          resource.fields.length === 0 ? NO_FIELDS : resource.fields.map((path) => fieldOf(object, path)),
      },
      store(JSON.stringify(whole)),
    );
  }

  #record(change: Omit<StoredChange, "resourceVersion">): number {
    this.#history.push({ ...change, resourceVersion: this.#resourceVersion });
    // Half at once: one at a time would move the whole array at every change.
    if (this.#history.length >= 2 * this.#historyLength) this.#history.splice(0, this.#historyLength);
    for (const listener of this.#listeners) listener();
    return this.#resourceVersion;
  }
}

/** Where a text is. */
interface Text {
  readonly chunk: Buffer;
  readonly start: number;
  readonly end: number;
}

function wholeText(text: string): Text {
  const chunk = Buffer.from(text);
  return { chunk, start: 0, end: chunk.length };
}

/** Knows where its text is instead of holding a view of it: 100,000 views take 20 MB. */
class StoredObject implements Stored {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Stored["labels"];
  readonly fields: readonly string[];
  readonly #chunk: Buffer;
  readonly #start: number;
  readonly #end: number;

  constructor({ namespace, name, labels, fields }: Omit<Stored, "json">, { chunk, start, end }: Text) {
    this.namespace = namespace;
    this.name = name;
    this.labels = labels;
    this.fields = fields;
    this.#chunk = chunk;
    this.#start = start;
    this.#end = end;
  }

  get json(): Buffer {
    return this.#chunk.subarray(this.#start, this.#end);
  }
}

const CHUNK_BYTES = 1 << 20;

/**
 * Texts in few large pieces of memory: Node's own pool of 8 KiB wastes a quarter on objects of this size. A piece is
 * freed with its last text, so it is for what comes at once and remains, not for changes.
 */
class Arena {
  #chunk = Buffer.alloc(0);
  #used = 0;

  store(text: string): Text {
    const length = Buffer.byteLength(text);
    if (this.#used + length > this.#chunk.length) {
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, length));
      this.#used = 0;
    }
    this.#chunk.write(text, this.#used);
    this.#used += length;
    return { chunk: this.#chunk, start: this.#used - length, end: this.#used };
  }
}

function keyOf({
  namespace,
  name,
}: {
  readonly namespace?: string | undefined;
  readonly name: string;
}): string {
  return namespace ? `${namespace}/${name}` : name;
}

/** What the server adds to an object's metadata. */
interface Identity {
  readonly uid: string;
  readonly resourceVersion: string;
}

function identityOf({ json }: Stored): Identity {
  const { uid, resourceVersion } = JSON.parse(json.toString()).metadata;
  return { uid, resourceVersion };
}

function withIdentity(resource: Resource, object: ApiObject, identity: Identity): object {
  const { kind, apiVersion: _, metadata, ...rest } = object;
  return { kind, apiVersion: apiVersionOf(resource), metadata: { ...metadata, ...identity }, ...rest };
}

/** Whatever the order of their fields: parts of a slice that was split have another one than the slice. */
function isSame(resource: Resource, object: ApiObject, before: Stored): boolean {
  const text = JSON.stringify(withIdentity(resource, object, identityOf(before)));
  return isDeepStrictEqual(JSON.parse(text), JSON.parse(before.json.toString()));
}

/** A field of an object as selectors compare it; absent is "". */
function fieldOf(object: unknown, path: string): string {
  let value = object;
  for (const key of path.split(".")) {
    value = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  }
  return typeof value === "string" ? value : "";
}
