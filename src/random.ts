/**
 * Seeded random numbers: the same seed gives the same numbers on every machine.
 *
 * Generator: xoshiro128** 1.1 (Blackman & Vigna, https://prng.di.unimi.it/xoshiro128starstar.c): 32-bit
 * arithmetic only, so JavaScript computes it exactly. State seeded by SplitMix64, as its authors advise.
 */

const MASK64 = (1n << 64n) - 1n;

/** SplitMix64 (https://prng.di.unimi.it/splitmix64.c): returns `count` 64-bit outputs for a seed. */
export function splitMix64(seed: bigint, count: number): bigint[] {
  const outputs: bigint[] = [];
  let state = seed & MASK64;
  for (let i = 0; i < count; i++) {
    state = (state + 0x9e3779b97f4a7c15n) & MASK64;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK64;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK64;
    outputs.push(z ^ (z >> 31n));
  }
  return outputs;
}

/** A stream of seeded random numbers. Draws allocate nothing. */
export class Random {
  /** Four words of state, in an Int32Array so that a draw never boxes a number. */
  readonly #state: Int32Array;

  private constructor(state: Int32Array) {
    this.#state = state;
  }

  /**
   * A stream for a seed (an integer below 2^53) and a name. Streams of other names are independent, so that
   * drawing more numbers for one purpose never changes what another purpose sees.
   */
  static fromSeed(seed: number, stream = ""): Random {
    let mixed = BigInt(Math.trunc(seed)) & MASK64;
    // FNV-1a over the name: it only has to tell streams apart; SplitMix64 does the mixing.
    for (let i = 0; i < stream.length; i++) {
      mixed = ((mixed ^ BigInt(stream.charCodeAt(i))) * 0x100000001b3n) & MASK64;
    }
    const [a, b] = splitMix64(mixed, 2);
    const words = [a! & 0xffffffffn, a! >> 32n, b! & 0xffffffffn, b! >> 32n];
    return Random.fromState(words.map(Number) as [number, number, number, number]);
  }

  /** A stream that starts from four explicit state words (for published test vectors). */
  static fromState(words: readonly [number, number, number, number]): Random {
    return new Random(Int32Array.from(words, (word) => word | 0));
  }

  /** The next 32 random bits as a signed integer. */
  nextInt32(): number {
    const s = this.#state;
    const s1 = s[1]!;
    let result = Math.imul(s1, 5);
    result = Math.imul((result << 7) | (result >>> 25), 9);
    const t = s1 << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s1;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    const s3 = s[3]!;
    s[3] = (s3 << 11) | (s3 >>> 21);
    return result | 0;
  }

  /** The next 32 random bits as an unsigned integer. */
  nextUint32(): number {
    return this.nextInt32() >>> 0;
  }

  /** An integer in [0, bound), bound <= 2^32, by scaling (the kernel's `reciprocal_scale`; bias below bound/2^32). */
  below(bound: number): number {
    return Math.floor(((this.nextInt32() >>> 0) / 4294967296) * bound);
  }

  /** A number in [0, 1) with 32 random bits. */
  unit(): number {
    return (this.nextInt32() >>> 0) / 4294967296;
  }

  /** A standard normal deviate (Box-Muller, one of the pair). */
  normal(): number {
    const u = 1 - this.unit();
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * this.unit());
  }

  /** Shuffles in place (Fisher-Yates) and returns the same array. */
  shuffle<T extends { length: number; [index: number]: number }>(values: T): T {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const swapped = values[i]!;
      values[i] = values[j]!;
      values[j] = swapped;
    }
    return values;
  }
}
