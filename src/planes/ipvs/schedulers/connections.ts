/** Connection counts in a destination's record: what lc, wlc, sed and nq compare, in O(E). */

import { DEST_ACTIVE, DEST_INACTIVE, DEST_STAMP, GENERATION } from "../layout.js";

/** Connections open since the last reset. */
export function activeConnections(words: Int32Array, dest: number): number {
  return words[dest + DEST_STAMP] === words[GENERATION] ? words[dest + DEST_ACTIVE]! : 0;
}

/** `ip_vs_dest_conn_overhead`: an active connection weighs as much as 256 inactive ones. */
export function connectionOverhead(words: Int32Array, dest: number): number {
  if (words[dest + DEST_STAMP] !== words[GENERATION]) return 0;
  return words[dest + DEST_ACTIVE]! * 256 + words[dest + DEST_INACTIVE]!;
}

/** Counts a connection that opens and, in the model, stays open. */
export function openConnection(words: Int32Array, dest: number): void {
  if (words[dest + DEST_STAMP] !== words[GENERATION]) {
    words[dest + DEST_STAMP] = words[GENERATION]!;
    words[dest + DEST_ACTIVE] = 0;
    words[dest + DEST_INACTIVE] = 0;
  }
  words[dest + DEST_ACTIVE]!++;
}
