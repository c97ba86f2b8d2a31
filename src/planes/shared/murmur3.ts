/**
 * MurmurHash3 x64 128 (Austin Appleby, smhasher/src/MurmurHash3.cpp): Cilium hashes backend names with it. It runs
 * once per backend while tables are built, so BigInt's clarity is worth more than speed.
 */

const MASK = 0xffffffffffffffffn;
const C1 = 0x87c37b91114253d5n;
const C2 = 0x4cf5ad432745937fn;

/** The two 64-bit halves of the hash. */
export function murmur3x64128(key: Uint8Array, seed: number): [bigint, bigint] {
  let h1 = BigInt(seed >>> 0);
  let h2 = h1;
  const blocks = key.length - (key.length % 16);

  for (let at = 0; at < blocks; at += 16) {
    h1 ^= scramble(word(key, at), C1, 31n, C2);
    h1 = ((rol(h1, 27n) + h2) * 5n + 0x52dce729n) & MASK;
    h2 ^= scramble(word(key, at + 8), C2, 33n, C1);
    h2 = ((rol(h2, 31n) + h1) * 5n + 0x38495ab5n) & MASK;
  }
  h2 ^= scramble(word(key, blocks + 8), C2, 33n, C1);
  h1 ^= scramble(word(key, blocks), C1, 31n, C2);

  const length = BigInt(key.length);
  h1 ^= length;
  h2 ^= length;
  h1 = (h1 + h2) & MASK;
  h2 = (h2 + h1) & MASK;
  h1 = finalMix(h1);
  h2 = finalMix(h2);
  h1 = (h1 + h2) & MASK;
  h2 = (h2 + h1) & MASK;
  return [h1, h2];
}

function scramble(k: bigint, first: bigint, bits: bigint, second: bigint): bigint {
  return (rol((k * first) & MASK, bits) * second) & MASK;
}

function finalMix(k: bigint): bigint {
  k = ((k ^ (k >> 33n)) * 0xff51afd7ed558ccdn) & MASK;
  k = ((k ^ (k >> 33n)) * 0xc4ceb9fe1a85ec53n) & MASK;
  return k ^ (k >> 33n);
}

function rol(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}

/** Eight bytes, least significant first; bytes beyond the end count as zero (the reference's tail switch). */
function word(key: Uint8Array, at: number): bigint {
  let low = 0;
  let high = 0;
  for (let i = 3; i >= 0; i--) {
    low = low * 256 + (key[at + i] ?? 0);
    high = high * 256 + (key[at + 4 + i] ?? 0);
  }
  return (BigInt(high) << 32n) | BigInt(low);
}
