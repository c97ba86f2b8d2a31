/**
 * How fast memory is just now: a dependent pointer chase through 12 MB, about what eBPF maps of 10,000 services take.
 * Other tenants of the machine share its L3, so this drifts; stored per replicate, it explains much of the spread.
 */

const BYTES = 12 * 2 ** 20;
const LINE_WORDS = 16;
const LINES = BYTES / 4 / LINE_WORDS;
/** Enough for V8 to compile the loop. */
const WARM_STEPS = 10_000;
const STEPS = 16_000;

/**
 * The order of lines is that of a linear congruential generator with full period (Hull & Dobell 1962: the increment
 * shares no factor with the modulus 2^16 · 3, the multiplier less one is divisible by 2, 3 and 4): one cycle through
 * all lines whose steps no prefetcher foresees.
 */
const MULTIPLIER = 12 * 5_477 + 1;
const INCREMENT = 104_729;

/** One word a cache line holds the place of the next line. */
export function chaseChain(): Int32Array {
  const chain = new Int32Array(LINES * LINE_WORDS);
  let next = INCREMENT;
  for (let line = 0; line < LINES; line++) {
    // next = (line · MULTIPLIER + INCREMENT) mod LINES, without a division a line.
    chain[line * LINE_WORDS] = next * LINE_WORDS;
    next += MULTIPLIER;
    if (next >= LINES) next -= LINES;
  }
  return chain;
}

/** Nanoseconds a step, over the next 16,000 steps of a chain. `now` reads nanoseconds. */
export class Chase {
  readonly #chain = chaseChain();
  #at = 0;

  time(now: () => number): number {
    this.#at = walk(this.#chain, this.#at, WARM_STEPS);
    const started = now();
    this.#at = walk(this.#chain, this.#at, STEPS);
    return (now() - started) / STEPS;
  }
}

function walk(chain: Int32Array, from: number, steps: number): number {
  let at = from;
  for (let step = 0; step < steps; step++) at = chain[at]!;
  return at;
}
