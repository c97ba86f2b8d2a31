/**
 * The random numbers of the models' hot paths: xorshift32 (Marsaglia 2003, shifts 13, 17, 5). The kernel's
 * get_random_u32 and prandom cost a handful of instructions from per-CPU state; so does this.
 */

/** State of one generator: a typed array, so that a step never boxes a number. */
export function xorshiftState(seed: number): Int32Array {
  return reseed(new Int32Array(1), seed);
}

/** Restarts a generator. Neighbouring seeds are torn apart (MurmurHash3's finalizer); the state is never 0. */
export function reseed(state: Int32Array, seed: number): Int32Array {
  let mixed = (seed ^ 0x9e3779b9) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  state[0] = mixed ^ (mixed >>> 16) || 1;
  return state;
}

/** The next 32 random bits as a signed integer, never 0. */
export function nextInt32(state: Int32Array): number {
  let x = state[0]!;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  state[0] = x;
  return x;
}
