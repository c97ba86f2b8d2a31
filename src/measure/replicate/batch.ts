/**
 * The timed loop. It is compiled from text for each subject, because V8 keeps one feedback vector for all closures of
 * one function: a second kind of model through the same call site would make it polymorphic (up to five times slower).
 */

import type { Model } from "../../planes/plane.js";

export type Batch = (start: number, count: number) => number;

/** What may be timed: a method of a model or of its connection state, with the arguments of `Model.lookup`. */
export type Operation = "lookup" | "connect" | "established";
type Target<O extends Operation> = { readonly [method in O]: Model["lookup"] };

/**
 * The measured code, shown by `lbscale doctor`. The position of each flow depends on the answer before it
 * (`& zero[0]`, which is 0 but unknown to the compiler), so that operations form a chain: latency, not throughput.
 */
export function batchSource(operation: Operation): string {
  return `
return function batch(start, count) {
  let position = start;
  let checksum = 0;
  for (let i = 0; i < count; i++) {
    const at = position << 2;
    const ports = words[at + 2];
    const decision = model.${operation}(words[at], ports >>> 16, words[at + 1], ports & 0xffff, words[at + 3], 0);
    checksum = (Math.imul(checksum, 31) + decision) | 0;
    position += 1 + (decision & zero[0]);
  }
  return checksum;
};`;
}

/** How many have been compiled. */
let compiled = 0;

/**
 * Compiles a batch function of its own for a model over a trace's words. Its text is its own too: V8 finds equal texts in
 * its compilation cache and lets them share their feedback, and an empty loop that shared a lookup's took 8 ns, not 2.6.
 */
export function compileBatch<O extends Operation>(model: Target<O>, operation: O, words: Int32Array): Batch {
  const make = new Function("model", "words", "zero", `${batchSource(operation)} // ${compiled++}`) as (
    model: Target<O>,
    words: Int32Array,
    zero: Int32Array,
  ) => Batch;
  return make(model, words, new Int32Array(1));
}

/** The same loop around a lookup that does nothing: what the loop itself costs. */
export function compileEmptyBatch(words: Int32Array): Batch {
  return compileBatch({ lookup: (src) => src & 0 }, "lookup", words);
}

/** Adds one decision to a checksum, as the batch does. */
export function addToChecksum(checksum: number, decision: number): number {
  return (Math.imul(checksum, 31) + decision) | 0;
}
