/**
 * How fast memory is just now: a dependent pointer chase through 12 MB, about what eBPF maps of 10,000 services take.
 * Other tenants of the machine share its L3, so this drifts; stored per replicate, it explains much of the spread.
 */

const BYTES = 12 * 2 ** 20;
const LINE_WORDS = 16;
const LINES = BYTES / 4 / LINE_WORDS;
const STEPS = 20_000;

/**
 * The order of lines is that of a linear congruential generator with full period (Hull & Dobell 1962: the increment
 * shares no factor with the modulus 2^16 · 3, the multiplier less one is divisible by 2, 3 and 4): one cycle through
 * all lines whose steps no prefetcher foresees.
 */
const MULTIPLIER = 12 * 5_477 + 1;
const INCREMENT = 104_729;

/** Nanoseconds a step. `now` reads nanoseconds. */
export function chaseNs(now: () => number): number {
  const chain = chaseChain();
  let at = walk(chain, 0, STEPS / 4);
  const started = now();
  at = walk(chain, at, STEPS);
  const elapsed = now() - started;
  // `at` can't be negative: the comparison keeps the walk alive.
  return at < 0 ? Number.NaN : elapsed / STEPS;
}

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

function walk(chain: Int32Array, from: number, steps: number): number {
  let at = from;
  for (let step = 0; step < steps; step++) at = chain[at]!;
  return at;
}
