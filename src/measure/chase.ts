/**
 * How fast memory is just now: a dependent pointer chase through 12 MB, about what eBPF maps of 10,000 services take.
 * Other tenants of the machine share its L3, so this drifts; stored per replicate, it explains much of the spread.
 */

import { Random } from "../random.js";

const BYTES = 12 * 2 ** 20;
const LINE_WORDS = 16;
const STEPS = 40_000;

/** Nanoseconds a step. `now` reads nanoseconds. */
export function chaseNs(now: () => number): number {
  const lines = BYTES / 4 / LINE_WORDS;
  const chain = new Int32Array(BYTES / 4);
  // Sattolo's algorithm: one cycle through all lines, so the chase never gets stuck in a small loop.
  const order = Uint32Array.from({ length: lines }, (_, line) => line);
  const random = Random.fromSeed(12, "chase");
  for (let i = lines - 1; i > 0; i--) {
    const j = random.below(i);
    const swapped = order[i]!;
    order[i] = order[j]!;
    order[j] = swapped;
  }
  for (let i = 0; i < lines; i++) {
    chain[order[i]! * LINE_WORDS] = order[(i + 1) % lines]! * LINE_WORDS;
  }
  let at = walk(chain, 0, STEPS);
  const started = now();
  at = walk(chain, at, STEPS);
  const elapsed = now() - started;
  // `at` can't be negative: the comparison keeps the walk alive.
  return at < 0 ? Number.NaN : elapsed / STEPS;
}

function walk(chain: Int32Array, from: number, steps: number): number {
  let at = from;
  for (let step = 0; step < steps; step++) at = chain[at]!;
  return at;
}
