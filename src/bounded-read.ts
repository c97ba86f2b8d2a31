/** Reading a file, a pipe or a device that may not end: bytes are counted while they are read. */

import { closeSync, openSync, readSync } from "node:fs";

/** Half a gibibyte, less the 24 characters by which Node's longest string is shorter. */
export const MAX_TEXT_BYTES = 2 ** 29 - 24;

const CHUNK_BYTES = 2 ** 16;
const MAX_CHUNK_BYTES = 2 ** 24;

/** More bytes came than may be read. */
export class TooLargeError extends Error {
  override readonly name = "TooLargeError";
}

/**
 * All bytes of a file, at most `limit`.
 *
 * @param source A path, or the number of an open file: 0 is standard input.
 * @throws TooLargeError as soon as more than `limit` bytes were read; an error of node:fs where it can't be read.
 */
export function readAtMost(source: string | number, limit: number): Buffer {
  const file = typeof source === "number" ? source : openSync(source, "r");
  try {
    const chunks: Buffer[] = [];
    let total = 0;
    let size = CHUNK_BYTES;
    for (;;) {
      const chunk = Buffer.allocUnsafe(size);
      const count = readWaiting(file, chunk);
      if (count === 0) return Buffer.concat(chunks, total);
      total += count;
      if (total > limit) throw new TooLargeError(`more than ${limit} bytes`);
      chunks.push(chunk.subarray(0, count));
      if (count === size) size = Math.min(2 * size, MAX_CHUNK_BYTES);
    }
  } finally {
    if (typeof source === "string") closeSync(file);
  }
}

/** Reads what is there, at least one byte before the end. A pipe that was made non-blocking is waited for. */
function readWaiting(file: number, chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(file, chunk, 0, chunk.length, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(NEVER, 0, 0, PAUSE_MS);
    }
  }
}

const PAUSE_MS = 5;
const NEVER = new Int32Array(new SharedArrayBuffer(4));
