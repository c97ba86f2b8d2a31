/** Writing much to a client that may be slow: in large pieces, and never more than it takes. */

import { once } from "node:events";
import type { ServerResponse } from "node:http";

const PIECE_BYTES = 1 << 16;

/** Writes chunks, joined to larger pieces. Returns early when the client goes away. */
export async function writeAll(response: ServerResponse, chunks: Iterable<Buffer>): Promise<void> {
  // One for all pieces: a list of 50,000 objects would leave 40 MB of them to the garbage collector.
  let piece: Buffer | undefined;
  let pending: Buffer[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    if (bytes > 0 && bytes + chunk.length > PIECE_BYTES) {
      piece ??= Buffer.allocUnsafeSlow(PIECE_BYTES);
      if (!(await write(response, joined(pending, bytes, piece)))) return;
      pending = [];
      bytes = 0;
    }
    pending.push(chunk);
    bytes += chunk.length;
  }
  if (bytes > 0) await write(response, Buffer.concat(pending, bytes));
}

/** Chunks in a row, in a piece of memory where they fit into it. */
function joined(chunks: readonly Buffer[], bytes: number, piece: Buffer): Buffer {
  if (bytes > piece.length) return Buffer.concat(chunks, bytes);
  let length = 0;
  for (const chunk of chunks) length += chunk.copy(piece, length);
  return piece.subarray(0, length);
}

/** Resolves when the data has left, so that its memory can be used again: with false where the client has gone. */
async function write(response: ServerResponse, data: Buffer): Promise<boolean> {
  if (response.destroyed) return false;
  const settled = new AbortController();
  const written = new Promise<void>((resolve) => response.write(data, () => resolve()));
  const closed = once(response, "close", { signal: settled.signal });
  await Promise.race([written, closed]).finally(() => settled.abort());
  return !response.destroyed;
}
