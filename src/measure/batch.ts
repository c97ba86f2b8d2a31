/**
 * The timed loop. It is compiled from text for each subject, because V8 keeps one feedback vector for all closures of
 * one function: a second kind of model through the same call site would make it polymorphic (up to five times slower).
 */

import type { Model } from "../planes/plane.js";

export type Batch = (start: number, count: number) => number;

/**
 * The measured code, shown by `lbscale doctor`. The position of each flow depends on the answer before it
 * (`& zero[0]`, which is 0 but unknown to the compiler), so that lookups form a chain: latency, not throughput.
 */
export const BATCH_SOURCE = `
return function batch(start, count) {
  let position = start;
  let checksum = 0;
  for (let i = 0; i < count; i++) {
    const at = position << 2;
    const ports = words[at + 2];
    const decision = model.lookup(words[at], ports >>> 16, words[at + 1], ports & 0xffff, words[at + 3], 0);
    checksum = (Math.imul(checksum, 31) + decision) | 0;
    position += 1 + (decision & zero[0]);
  }
  return checksum;
};`;

/** Compiles a batch function of its own for a model over a trace's words. */
export function compileBatch(model: Pick<Model, "lookup">, words: Int32Array): Batch {
  const make = new Function("model", "words", "zero", BATCH_SOURCE) as (
    model: Pick<Model, "lookup">,
    words: Int32Array,
    zero: Int32Array,
  ) => Batch;
  return make(model, words, new Int32Array(1));
}

/** Adds one decision to a checksum, as the batch does. */
export function addToChecksum(checksum: number, decision: number): number {
  return (Math.imul(checksum, 31) + decision) | 0;
}

/** A lookup that does nothing: what the loop itself costs. */
export const EMPTY_LOOKUP: Pick<Model, "lookup"> = {
  lookup: (src) => src & 0,
};
