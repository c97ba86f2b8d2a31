/**
 * One watch: the changes of a resource in their order, as fast as the client takes them. It reads the store's history at
 * its own pace, so a slow client costs no memory; one that falls behind the history gets 410 Gone and lists again.
 */

import type { ServerResponse } from "node:http";
import type { ObjectStore, Stored, StoredChange } from "./objects.js";
import { apiVersionOf, type Resource } from "./resources.js";
import type { Selector } from "./selectors.js";
import { failureStatus } from "./status.js";
import { writeAll } from "./stream.js";

export interface WatchRequest {
  readonly resource: Resource;
  readonly selects: Selector;
  /** Changes after this resource version; undefined: from the present state on. */
  readonly after: number | undefined;
  /**
   * What comes before the changes: nothing, every present object as ADDED, or those and a bookmark that ends them
   * (watch-list, KEP-3157: how client-go lists since 1.35).
   */
  readonly initial: "none" | "events" | "events and bookmark";
  /** The client takes bookmarks: events that only report the resource version. */
  readonly bookmarks: boolean;
  readonly timeoutMs: number;
  /** Called when what comes before the changes has been sent. */
  readonly onListed?: () => void;
}

/** As kube-apiserver does; a client that resumes with it doesn't fall behind the history. */
const BOOKMARK_INTERVAL_MS = 60_000;
const INITIAL_EVENTS_END = { annotations: { "k8s.io/initial-events-end": "true" } };

/** Answers a watch until the client goes away, the time is over, or the history no longer reaches back. */
export async function serveWatch(
  store: ObjectStore,
  request: WatchRequest,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(200, { "content-type": "application/json" });
  response.flushHeaders();
  const wake = new Wake(store, response, request.timeoutMs);
  try {
    let cursor = request.after ?? store.resourceVersion;
    if (request.initial !== "none") {
      const objects = store.list(request.resource).filter(request.selects);
      cursor = store.resourceVersion;
      await writeAll(response, initialEvents(objects));
      if (request.initial === "events and bookmark")
        await writeAll(response, bookmark(request.resource, cursor, INITIAL_EVENTS_END));
    }
    request.onListed?.();
    let bookmarkedAt = performance.now();
    while (!wake.isOver) {
      const changes = store.since(cursor);
      if (changes === undefined) {
        const error = failureStatus(410, `too old resource version: ${cursor} (${store.resourceVersion})`);
        await writeAll(response, parts("ERROR", Buffer.from(JSON.stringify(error))));
        break;
      }
      cursor += changes.length;
      await writeAll(response, events(changes, request));
      if (request.bookmarks && performance.now() - bookmarkedAt >= BOOKMARK_INTERVAL_MS / 2) {
        bookmarkedAt = performance.now();
        await writeAll(response, bookmark(request.resource, cursor));
      }
      if (store.resourceVersion === cursor) await wake.next();
    }
    // So that the client resumes from here, however few of the changes were of its resource.
    if (request.bookmarks && !response.destroyed && store.since(cursor) !== undefined)
      await writeAll(response, bookmark(request.resource, cursor));
  } finally {
    wake.stop();
    response.end();
  }
}

function* initialEvents(objects: readonly Stored[]): Iterable<Buffer> {
  for (const { json } of objects) yield* parts("ADDED", json);
}

/** For a selector an object appears when it begins to match and is deleted when it ends to, whatever happened to it. */
function* events(changes: readonly StoredChange[], { resource, selects }: WatchRequest): Iterable<Buffer> {
  for (const change of changes) {
    if (change.resource !== resource) continue;
    const was = change.before !== undefined && selects(change.before);
    const is = change.after !== undefined && selects(change.after);
    if (is) yield* parts(was ? "MODIFIED" : "ADDED", change.json);
    else if (was) yield* parts("DELETED", change.json);
  }
}

function bookmark(resource: Resource, resourceVersion: number, metadata: object = {}): readonly Buffer[] {
  const object = {
    kind: resource.kind,
    apiVersion: apiVersionOf(resource),
    metadata: { resourceVersion: String(resourceVersion), ...metadata },
  };
  return parts("BOOKMARK", Buffer.from(JSON.stringify(object)));
}

const END = Buffer.from("}\n");

/** An event as what is written one after the other: joined, 50,000 objects would be copied once more. */
function parts(type: string, json: Buffer): readonly Buffer[] {
  return [Buffer.from(`{"type":"${type}","object":`), json, END];
}

/** Waits for what a watch reacts to: a change, its time, the client's end, or the moment for a bookmark. */
class Wake {
  #isOver = false;
  #resolve: (() => void) | undefined;
  readonly #timers: NodeJS.Timeout[];
  readonly #unsubscribe: () => void;

  constructor(store: ObjectStore, response: ServerResponse, timeoutMs: number) {
    const wake = (): void => this.#resolve?.();
    const end = (): void => {
      this.#isOver = true;
      wake();
    };
    this.#unsubscribe = store.onChange(wake);
    response.once("close", end);
    this.#timers = [setTimeout(end, timeoutMs), setInterval(wake, BOOKMARK_INTERVAL_MS)];
    for (const timer of this.#timers) timer.unref();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Resolves at the next of these; a change before the call is not waited for again. */
  next(): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  stop(): void {
    this.#unsubscribe();
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
