/** Requests to a Kubernetes API server: JSON over HTTP, repeated where the server asks for it. */

import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { z } from "zod";
import { plainText } from "../text.js";
import { ClusterFailedError } from "./errors.js";

/** The API server's answer where it is no success; `describeApiError` says what to do. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The server took too long. */
class NoAnswerError extends Error {
  override readonly name: string = "NoAnswerError";
}

/** Too many requests, and what a server says that is starting, overloaded or behind a proxy that lost it. */
const REPEATED: readonly number[] = [429, 500, 502, 503, 504];
/** A refusal that repeating does not change, though it comes as an internal error: but see `RESTART_MS`. */
export const FULL = /range is full|failed to allocate/;
/** So long after it could not be reached, a server may be starting: it calls the range full until it has read ServiceCIDRs. */
const RESTART_MS = 30_000;
/** What admission plugins refuse until their caches are filled, after the server has said that it is ready (kubernetes#45786). */
const NOT_READY = /not yet ready to handle request/;
const MAX_ATTEMPTS = 10;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8000;
const TIMEOUT_MS = 60_000;
/** 50,000 Services with their status have a tenth of it. */
const MOST_BYTES = 256 * 2 ** 20;

interface Answer {
  readonly status: number;
  readonly retryAfterMs: number | null;
  readonly warnings: readonly string[];
  readonly text: string;
}

export interface ApiOptions {
  /** The socket of a program that authenticates: `kubectl proxy`. */
  readonly socketPath: string;
  /** No further request begins once it is aborted. What is under way ends: an object must not appear after the cleaning. */
  readonly signal?: AbortSignal;
  /** Multiplies every pause; tests don't wait. */
  readonly pace?: number;
  /** Counts on; a new count where absent. */
  readonly traffic?: ApiTraffic;
}

/** What a run asks of an API server: repeated requests included, and of bytes the bodies. */
export interface ApiTraffic {
  requests: number;
  sentBytes: number;
  receivedBytes: number;
}

/** A client of one API server. Every method throws ApiError for a refusal. */
export class Api {
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  readonly #options: ApiOptions;
  readonly traffic: ApiTraffic;
  /** How often the server failed to answer: it may have done what it was asked all the same. */
  failures = 0;
  /** When the server could not be reached last, by `performance.now`. */
  #unreachableMs = Number.NEGATIVE_INFINITY;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.traffic = options.traffic ?? { requests: 0, sentBytes: 0, receivedBytes: 0 };
  }

  /** The same server, without the signal: to clean up after an interruption. */
  unaborted(): Api {
    const { signal: _, ...rest } = this.#options;
    return new Api({ ...rest, traffic: this.traffic });
  }

  /** An object or a list, of the given shape. */
  async get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    const { text } = await this.#send("GET", path);
    return read(text, schema, path);
  }

  /** As `get`, asked once. */
  async once<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    return read(this.#accept(await this.#request("GET", path, null)).text, schema, path);
  }

  /** As `get`; null where the object is not there or may not be read. */
  async tryGet<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
    try {
      return await this.get(path, schema);
    } catch (error) {
      if (error instanceof ApiError && (error.status === 403 || error.status === 404)) return null;
      throw error;
    }
  }

  /** What is there as text, such as a log; null as with `tryGet`. Not repeated: an answer of 5xx counts as no answer. */
  async tryText(path: string): Promise<string | null> {
    const { status, text } = await this.#request("GET", path, null);
    return status === 200 ? text : null;
  }

  /** A log. */
  async text(path: string): Promise<string> {
    return (await this.#send("GET", path)).text;
  }

  /** Creates an object. That it is there already is a success where an earlier attempt may have made it. */
  async create<T>(path: string, object: unknown, schema: z.ZodType<T>): Promise<T | null> {
    const body = JSON.stringify(object);
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#attempt("POST", path, body, attempt);
      if (answer === null) continue;
      if (answer.status === 409 && attempt > 1) return null;
      return read(this.#accept(answer).text, schema, path);
    }
  }

  /**
   * Has the server admit and validate an object as if it were created, and store nothing
   * (kubernetes.io/docs/reference/using-api/api-concepts, "Dry-run").
   *
   * @returns what the server warns of
   */
  async rehearse(path: string, object: unknown): Promise<readonly string[]> {
    return (await this.#send("POST", `${path}?dryRun=All`, JSON.stringify(object))).warnings;
  }

  /** As `rehearse`, asked once. */
  async rehearseOnce(path: string, object: unknown): Promise<readonly string[]> {
    const answer = await this.#request("POST", `${path}?dryRun=All`, JSON.stringify(object));
    return this.#accept(answer).warnings;
  }

  /** Puts an object in the place of the one that is there. */
  async replace<T>(path: string, object: unknown, schema: z.ZodType<T>): Promise<T> {
    return read((await this.#send("PUT", path, JSON.stringify(object))).text, schema, path);
  }

  /** Deletes an object or a collection; that it is gone already is a success. */
  async remove(path: string): Promise<void> {
    try {
      await this.#send("DELETE", path, JSON.stringify({ propagationPolicy: "Background" }));
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Waits, unless the run is to stop. */
  async pause(ms: number): Promise<void> {
    const { signal, pace = 1 } = this.#options;
    await sleep(ms * pace, undefined, signal && { signal });
  }

  async #send(method: string, path: string, body: string | null = null): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#attempt(method, path, body, attempt);
      if (answer !== null) return this.#accept(answer);
    }
  }

  /** One attempt; null after a pause where another one is to follow. */
  async #attempt(method: string, path: string, body: string | null, attempt: number): Promise<Answer | null> {
    this.#options.signal?.throwIfAborted();
    const answer = await this.#request(method, path, body).catch((error: unknown) => {
      if (!isOfNetwork(error)) throw error;
      return { status: 503, retryAfterMs: null, warnings: [], text: error.code ?? error.message };
    });
    const nowMs = performance.now();
    const isFull = FULL.test(answer.text);
    // `kubectl proxy` says 500 of a server that it can't reach.
    if (answer.status >= 500 && !isFull) {
      this.#unreachableMs = nowMs;
      this.failures++;
    }
    const isFinal = isFull && nowMs - this.#unreachableMs > RESTART_MS;
    const mayPass = REPEATED.includes(answer.status) || NOT_READY.test(answer.text);
    if (!mayPass || isFinal || attempt >= MAX_ATTEMPTS) return answer;
    const backOffMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
    await this.pause(answer.retryAfterMs ?? backOffMs);
    return null;
  }

  #accept(answer: Answer): Answer {
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw new ApiError(answer.status, messageOf(answer.text));
  }

  #request(method: string, path: string, body: string | null): Promise<Answer> {
    this.traffic.requests++;
    this.traffic.sentBytes += body === null ? 0 : Buffer.byteLength(body);
    const { socketPath } = this.#options;
    return new Promise((resolve, reject) => {
      const request = http.request(
        {
          socketPath,
          method,
          path,
          agent: this.#agent,
          timeout: TIMEOUT_MS,
          // `kubectl proxy` answers no other host.
          headers: { host: "localhost", ...lengthOf(body) },
        },
        (response) => {
          const chunks: Buffer[] = [];
          let bytes = 0;
          response.on("data", (chunk: Buffer) => {
            this.traffic.receivedBytes += chunk.length;
            chunks.push(chunk);
            bytes += chunk.length;
            if (bytes > MOST_BYTES)
              request.destroy(
                new ClusterFailedError(
                  `the API server's answer to ${path.split("?")[0]} has more than 256 MiB`,
                ),
              );
          });
          response.on("error", reject);
          response.on("end", () => {
            const seconds = Number(response.headers["retry-after"] ?? Number.NaN);
            resolve({
              status: response.statusCode ?? 0,
              retryAfterMs: seconds >= 0 && seconds <= 60 ? seconds * 1000 : null,
              warnings: (response.headersDistinct.warning ?? []).map(textOfWarning),
              text: Buffer.concat(chunks).toString("utf8"),
            });
          });
        },
      );
      request.on("error", reject);
      request.on("timeout", () =>
        request.destroy(new NoAnswerError(`no answer within ${TIMEOUT_MS / 1000} s`)),
      );
      request.end(body ?? undefined);
    });
  }
}

/** Whether asking again may help. Node's own codes, ERR_…, are of what this program did wrong. */
function isOfNetwork(error: unknown): error is NodeJS.ErrnoException {
  if (error instanceof NoAnswerError) return true;
  return error instanceof Error && "code" in error && !String(error.code).startsWith("ERR_");
}

/** Node names no length of a body of DELETE by itself, and what follows on the connection is then taken for a request. */
function lengthOf(body: string | null): Record<string, string | number> {
  return body === null
    ? {}
    : { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
}

/** A header `299 - "words"` (RFC 7234, section 5.5). */
const textOfWarning = (header: string): string =>
  plainText(
    header
      .slice(header.indexOf('"') + 1)
      .replace(/"$/, "")
      .replaceAll('\\"', '"'),
    300,
  );

function read<T>(text: string, schema: z.ZodType<T>, path: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new ClusterFailedError(
      `the API server's answer to ${path.split("?")[0]} is not what Kubernetes says`,
    );
  }
}

/** The words of a Status, or of whatever came instead. */
function messageOf(text: string): string {
  try {
    const status: unknown = JSON.parse(text);
    if (typeof status === "object" && status !== null && "message" in status) {
      return plainText(String(status.message), 300);
    }
  } catch {
    // No JSON: a proxy's own words.
  }
  return plainText(text, 300);
}
