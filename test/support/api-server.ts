/** A fake API server, on a socket as kubectl's proxy has one: recorded answers, in the words of Kubernetes 1.36. */

import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import os from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { Api } from "../../src/cluster-lane/api.js";
import { describeApiError } from "../../src/cluster-lane/inspect/refusals.js";

export type Reply = {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
  /** Lines of a log, in the place of a body. */
  readonly log?: readonly object[];
};
export type Handler = (method: string, path: string, body: unknown) => Reply;

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Answers what a client asks, and keeps what that was. */
export async function serve(handler: Handler): Promise<{ api: Api; seen: string[] }> {
  const folder = mkdtempSync(join(os.tmpdir(), "lbscale-test-"));
  const seen: string[] = [];
  const server = http.createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => {
      seen.push(`${request.method} ${request.url}`);
      const reply = handler(request.method ?? "", request.url ?? "", text === "" ? null : JSON.parse(text));
      response.writeHead(reply.status, reply.headers);
      response.end((reply.log ?? [reply.body]).map((line) => JSON.stringify(line)).join("\n"));
    });
  });
  const socketPath = join(folder, "socket");
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const api = new Api({ socketPath, pace: 0 });
  closers.push(() => {
    api.close();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { api, seen };
}

/** A refusal, as Kubernetes words it. */
export const status = (code: number, message: string): Reply => ({
  status: code,
  body: { kind: "Status", code, message },
});

/** What a run's refusal says to a person. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => describeApiError(reason),
  );
  return error instanceof Error ? `${error.name}: ${error.message}` : "none";
}
