/**
 * As much of the Kubernetes API as a proxy reads: lists and watches of Nodes, Services, EndpointSlices and ServiceCIDRs,
 * over plain HTTP and in JSON. Clients that ask for protobuf first, as kube-proxy does, take JSON too.
 */

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { isIPv6 } from "node:net";
import { InvalidChangeError, UnsupportedHostError } from "../../errors.js";
import { listenRemedy } from "./listen.js";
import { ObjectStore, type ObjectStoreOptions, type Stored } from "./objects.js";
import { type ApiObject, type ObjectChange, parseObject } from "./parse.js";
import {
  apiVersionOf,
  discoveryDocument,
  ENDPOINT_SLICE,
  parseResourcePath,
  type Resource,
  resourceOfKind,
  SERVICE,
  SERVICE_CIDR,
} from "./resources.js";
import { parseSelectors, type Selector } from "./selectors.js";
import { checkEndpointsPerSlice, DEFAULT_ENDPOINTS_PER_SLICE, partName, splitSlice } from "./slices.js";
import { BadRequestError, failureStatus, success } from "./status.js";
import { writeAll } from "./stream.js";
import { type TurnOptions, Turns } from "./turns.js";
import { serveWatch, type WatchRequest } from "./watch.js";

export interface ApiServerOptions extends ObjectStoreOptions, TurnOptions {
  /** Larger slices are split. Default: 100, as their controller does. */
  readonly maxEndpointsPerSlice?: number;
  /** What `/version` reports. Default: v1.37.2. */
  readonly gitVersion?: string;
}

/** A minute between two requests of a client is usual; Go keeps a connection for 90 s. */
const KEEP_ALIVE_MS = 120_000;
/** What kube-apiserver takes where the client does not say. */
const DEFAULT_WATCH_MS = 30 * 60_000;
/** No watch lasts longer, whatever the client asks for: beyond 24.8 days a timer of Node fires at once. */
const LONGEST_WATCH_SECONDS = 86_400;
const DEFAULT_VERSION = "v1.37.2";

/** Serves objects to any number of clients, and pushes changes to them in order. */
export class ApiServer {
  readonly #store: ObjectStore;
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch((error: unknown) => {
      if (error instanceof BadRequestError) send(response, 400, failureStatus(400, error.message));
      else response.destroy();
    });
  });
  readonly #endpointsPerSlice: number;
  readonly #gitVersion: string;
  readonly #turns: Turns;
  readonly #skipped = new Map<string, number>();
  /** Slices that were split, and into how many. */
  readonly #parts = new Map<string, number>();

  /**
   * @param objects The initial objects; those of kinds that the server does not have are skipped.
   * @throws InvalidInputError for a slice that cannot be read, InvalidOptionError for a size that the API does not admit.
   */
  constructor(objects: Iterable<ApiObject>, options: ApiServerOptions = {}) {
    this.#endpointsPerSlice = options.maxEndpointsPerSlice ?? DEFAULT_ENDPOINTS_PER_SLICE;
    checkEndpointsPerSlice(this.#endpointsPerSlice);
    this.#gitVersion = options.gitVersion ?? DEFAULT_VERSION;
    this.#store = new ObjectStore(options);
    this.#turns = new Turns(options);
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
    for (const object of objects) {
      const resource = resourceOfKind(object.apiVersion, object.kind);
      if (resource === undefined) {
        const kind = `${object.apiVersion} ${object.kind}`;
        this.#skipped.set(kind, (this.#skipped.get(kind) ?? 0) + 1);
      } else for (const part of this.#split(resource, object)) this.#store.load(resource, part);
    }
  }

  /** How many initial objects were skipped, by apiVersion and kind. */
  get skipped(): ReadonlyMap<string, number> {
    return this.#skipped;
  }

  /** Resource version of the latest change. */
  get resourceVersion(): number {
    return this.#store.resourceVersion;
  }

  /** How many objects of a kind there are. */
  count(resource: Resource): number {
    return this.#store.list(resource).length;
  }

  /** One object in its present state, or undefined where none has this name. */
  get(
    resource: Resource,
    name: { readonly namespace?: string | undefined; readonly name: string },
  ): ApiObject | undefined {
    const stored = this.#store.get(resource, name);
    return stored === undefined ? undefined : parseObject(JSON.parse(stored.json.toString())).object;
  }

  /**
   * Begins to serve.
   * @param port 0: any free one.
   * @param host Whom to serve; the loopback address serves this machine (or network namespace) only.
   * @returns The server's URL.
   * @throws UnsupportedHostError where the port is taken or not allowed, or the host is not an address of this machine.
   */
  async listen(port = 0, host = "127.0.0.1"): Promise<string> {
    this.#server.listen(port, host);
    try {
      await once(this.#server, "listening");
    } catch (error) {
      throw new UnsupportedHostError(`cannot listen on port ${port} of ${host}: ${listenRemedy(error)}`);
    }
    const address = this.#server.address();
    const actual = typeof address === "object" && address !== null ? address.port : port;
    return `http://${isIPv6(host) ? `[${host}]` : host}:${actual}`;
  }

  /**
   * Changes an object and pushes that to all who watch it. ADDED and MODIFIED both put the object, DELETED needs its
   * kind and name only.
   * @returns The change's resource version.
   * @throws InvalidChangeError for a kind that the server does not have, and for deleting what does not exist.
   */
  apply({ type, object }: ObjectChange): number {
    const { kind, apiVersion, metadata } = object;
    const resource = resourceOfKind(apiVersion, kind);
    if (resource === undefined)
      throw new InvalidChangeError(`cannot change a ${kind} of ${apiVersion}: it is not served`);
    const before = this.#parts.get(`${metadata.namespace}/${metadata.name}`) ?? 1;
    const parts = type === "DELETED" ? [] : this.#split(resource, object);
    for (const part of parts) this.#store.put(resource, part);
    const isSlice = resource === ENDPOINT_SLICE;
    for (let part = parts.length; part < (isSlice ? before : 1); part++) {
      const name = partName(metadata.name, part);
      if (this.#store.delete(resource, { namespace: metadata.namespace, name }) === undefined)
        throw new InvalidChangeError(`there is no ${kind} ${metadata.namespace ?? ""}/${name} to delete`);
    }
    if (isSlice && parts.length <= 1) this.#parts.delete(`${metadata.namespace}/${metadata.name}`);
    return this.#store.resourceVersion;
  }

  /** Ends all connections and stops to serve. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #split(resource: Resource, object: ApiObject): ApiObject[] {
    if (resource !== ENDPOINT_SLICE) return [object];
    const parts = splitSlice(object, this.#endpointsPerSlice);
    if (parts.length > 1)
      this.#parts.set(`${object.metadata.namespace}/${object.metadata.name}`, parts.length);
    return parts;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://localhost");
    response.on("error", () => {});
    // Events and leases: accepted and forgotten.
    request.resume();
    if (request.method !== "GET") {
      const isForgotten = /\/(events|leases)(\/|$)/.test(url.pathname);
      if (isForgotten) send(response, 201, success(201));
      else send(response, 405, failureStatus(405, "these objects cannot be changed by clients"));
      return;
    }
    const path = parseResourcePath(url.pathname);
    if (path === undefined) {
      this.#answerOther(url.pathname, response);
      return;
    }
    const { resource, namespace, name } = path;
    if (name !== undefined) {
      const found = this.#store.get(resource, { namespace, name });
      if (found !== undefined) sendJson(response, 200, found.json);
      else send(response, 404, failureStatus(404, `${resource.plural} "${name}" not found`));
      return;
    }
    const selects = parseSelectors(
      resource,
      url.searchParams.get("labelSelector"),
      url.searchParams.get("fieldSelector"),
    );
    const selected: Selector = (object) =>
      (namespace === undefined || object.namespace === namespace) && selects(object);
    const client = request.headers["user-agent"] ?? "";
    const isFirst = isFirstListing(url.searchParams);
    if (isFirst && resource === SERVICE && this.count(SERVICE_CIDR) > 0)
      await this.#turns.forServices(client);
    const onListed = (): void => {
      if (isFirst && resource === SERVICE_CIDR) this.#turns.sentRanges(client);
    };
    if (isTrue(url.searchParams.get("watch"))) {
      const watch = { ...watchRequest(resource, selected, url.searchParams), onListed };
      await serveWatch(this.#store, watch, response);
    } else {
      await this.#list(resource, selected, response);
      onListed();
    }
  }

  async #list(resource: Resource, selects: Selector, response: ServerResponse): Promise<void> {
    const objects = this.#store.list(resource).filter(selects);
    const head = {
      kind: `${resource.kind}List`,
      apiVersion: apiVersionOf(resource),
      metadata: { resourceVersion: String(this.#store.resourceVersion) },
    };
    response.writeHead(200, { "content-type": "application/json" });
    await writeAll(response, listChunks(head, objects));
    response.end();
  }

  #answerOther(pathname: string, response: ServerResponse): void {
    if (/^\/(healthz|livez|readyz)$/.test(pathname)) {
      sendJson(response, 200, Buffer.from("ok"), "text/plain");
      return;
    }
    const document = pathname === "/version" ? this.#version() : discoveryDocument(pathname);
    if (document === undefined) send(response, 404, failureStatus(404, "the server has no such resource"));
    else send(response, 200, document);
  }

  #version(): object {
    const [major, minor] = this.#gitVersion.replace(/^v/, "").split(".");
    return { major, minor, gitVersion: this.#gitVersion, platform: "linux/amd64" };
  }
}

/** @throws BadRequestError for a resource version that no server of the API gives. */
function watchRequest(resource: Resource, selects: Selector, query: URLSearchParams): WatchRequest {
  const version = query.get("resourceVersion") ?? "";
  if (!/^\d{0,15}$/.test(version))
    throw new BadRequestError(`invalid resource version: ${JSON.stringify(version.slice(0, 40))}`);
  const isWatchList = isTrue(query.get("sendInitialEvents"));
  // No version, or 0: the present state comes first, as additions.
  const isFromNow = version === "" || version === "0";
  const seconds = Number(query.get("timeoutSeconds") ?? "");
  return {
    resource,
    selects,
    after: isWatchList || isFromNow ? undefined : Number(version),
    initial: isWatchList ? "events and bookmark" : isFromNow ? "events" : "none",
    bookmarks: isTrue(query.get("allowWatchBookmarks")),
    timeoutMs: seconds > 0 ? Math.min(seconds, LONGEST_WATCH_SECONDS) * 1000 : DEFAULT_WATCH_MS,
  };
}

/** How client-go asks for all objects before it follows them; kubectl's lists name no version, and nothing follows. */
function isFirstListing(query: URLSearchParams): boolean {
  return isTrue(query.get("sendInitialEvents")) || query.get("resourceVersion") === "0";
}

/** As Go reads booleans of a query. */
function isTrue(value: string | null): boolean {
  return value === "true" || value === "1";
}

const COMMA = Buffer.from(",");

function* listChunks(head: object, objects: readonly Stored[]): Iterable<Buffer> {
  yield Buffer.from(`${JSON.stringify(head).slice(0, -1)},"items":[`);
  for (const [i, { json }] of objects.entries()) {
    if (i > 0) yield COMMA;
    yield json;
  }
  yield Buffer.from("]}\n");
}

function send(response: ServerResponse, code: number, body: object): void {
  sendJson(response, code, Buffer.from(JSON.stringify(body)));
}

function sendJson(response: ServerResponse, code: number, body: Buffer, type = "application/json"): void {
  response.writeHead(code, { "content-type": type, "content-length": body.length });
  response.end(body);
}
