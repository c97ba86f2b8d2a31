/** Writing much to a client that may be slow: in large pieces, and never more than it takes. */

import { once } from "node:events";
import type { ServerResponse } from "node:http";

const PIECE_BYTES = 1 << 16;

/** Writes chunks, joined to larger pieces. Returns early when the client goes away. */
export async function writeAll(response: ServerResponse, chunks: Iterable<Buffer>): Promise<void> {
  let pending: Buffer[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    pending.push(chunk);
    bytes += chunk.length;
    if (bytes < PIECE_BYTES) continue;
    if (!(await write(response, Buffer.concat(pending)))) return;
    pending = [];
    bytes = 0;
  }
  if (bytes > 0) await write(response, Buffer.concat(pending));
}

/** False where the client has gone. */
async function write(response: ServerResponse, data: Buffer): Promise<boolean> {
  if (response.destroyed) return false;
  if (!response.write(data)) {
    const gone = new AbortController();
    // Either can be first, and the other's listener must go.
    const options = { signal: gone.signal };
    await Promise.race([once(response, "drain", options), once(response, "close", options)]).finally(() =>
      gone.abort(),
    );
  }
  return !response.destroyed;
}
