/**
 * SipHash (Aumasson & Bernstein, https://www.aumasson.jp/siphash/siphash.pdf) as the kernel has it (lib/siphash.c):
 * `siphash` is SipHash-2-4, and `hsiphash` on 64-bit kernels is SipHash-1-3 cut to 32 bits. A 64-bit word is two
 * int32 limbs, low and high, so that nothing is boxed and no BigInt appears.
 */

/** Four int32: low and high half of the first key word, then of the second. */
export type SipKey = Int32Array;

/** Low and high half of the last result: a function can return only one of them without allocating. */
const result = new Int32Array(2);
/** The tail block of a message of four bytes. */
const ONE_WORD = Int32Array.of(0, 4 << 24);

/** `siphash`: SipHash-2-4 of bytes; writes the low and the high half to `out`. */
export function siphash(data: Uint8Array, key: SipKey, out: Int32Array): void {
  sip(message(data), data.length >>> 3, key, 2, 4);
  out.set(result);
}

/**
 * `siphash` of words that are packed already, cut to its low 32 bits: 2 a block, and after the blocks the tail, whose
 * topmost byte is the length in bytes. For hot paths: nothing is copied.
 */
export function siphashWords(words: Int32Array, blocks: number, key: SipKey): number {
  return sip(words, blocks, key, 2, 4);
}

/** `hsiphash` of a 64-bit kernel: SipHash-1-3 of bytes, the low 32 bits as int32. */
export function hsiphash(data: Uint8Array, key: SipKey): number {
  return sip(message(data), data.length >>> 3, key, 1, 3);
}

/** `hsiphash_1u32`: `hsiphash` of one 32-bit value, without an array. */
export function hsiphash1u32(value: number, key: SipKey): number {
  ONE_WORD[0] = value;
  return sip(ONE_WORD, 0, key, 1, 3);
}

/**
 * Full 8-byte blocks of the message, then the tail block, then the finalisation, each followed by its rounds. One loop,
 * so that the round is written once and its eight limbs stay in registers.
 */
function sip(words: Int32Array, blocks: number, key: SipKey, compress: number, finalise: number): number {
  const k0 = key[0]!;
  const k1 = key[1]!;
  const k2 = key[2]!;
  const k3 = key[3]!;
  // "somepseudorandomlygeneratedbytes"
  let v0 = 0x70736575 ^ k0;
  let v0h = 0x736f6d65 ^ k1;
  let v1 = 0x6e646f6d ^ k2;
  let v1h = 0x646f7261 ^ k3;
  let v2 = 0x6e657261 ^ k0;
  let v2h = 0x6c796765 ^ k1;
  let v3 = 0x79746573 ^ k2;
  let v3h = 0x74656462 ^ k3;

  for (let block = 0; block <= blocks + 1; block++) {
    let lo = 0;
    let hi = 0;
    let rounds = compress;
    if (block <= blocks) {
      lo = words[block * 2]!;
      hi = words[block * 2 + 1]!;
    } else {
      v2 ^= 0xff;
      rounds = finalise;
    }
    v3 ^= lo;
    v3h ^= hi;
    for (let round = 0; round < rounds; round++) {
      // v0 += v1; v1 = rol(v1, 13) ^ v0; v0 = rol(v0, 32)
      let sum = (v0 + v1) | 0;
      let sumHigh = (v0h + v1h + carry(sum, v0)) | 0;
      let low = ((v1 << 13) | (v1h >>> 19)) ^ sum;
      let high = ((v1h << 13) | (v1 >>> 19)) ^ sumHigh;
      v0 = sumHigh;
      v0h = sum;
      v1 = low;
      v1h = high;
      // v2 += v3; v3 = rol(v3, 16) ^ v2
      sum = (v2 + v3) | 0;
      v2h = (v2h + v3h + carry(sum, v2)) | 0;
      v2 = sum;
      low = ((v3 << 16) | (v3h >>> 16)) ^ v2;
      v3h = ((v3h << 16) | (v3 >>> 16)) ^ v2h;
      v3 = low;
      // v0 += v3; v3 = rol(v3, 21) ^ v0
      sum = (v0 + v3) | 0;
      v0h = (v0h + v3h + carry(sum, v0)) | 0;
      v0 = sum;
      low = ((v3 << 21) | (v3h >>> 11)) ^ v0;
      v3h = ((v3h << 21) | (v3 >>> 11)) ^ v0h;
      v3 = low;
      // v2 += v1; v1 = rol(v1, 17) ^ v2; v2 = rol(v2, 32)
      sum = (v2 + v1) | 0;
      sumHigh = (v2h + v1h + carry(sum, v2)) | 0;
      low = ((v1 << 17) | (v1h >>> 15)) ^ sum;
      high = ((v1h << 17) | (v1 >>> 15)) ^ sumHigh;
      v2 = sumHigh;
      v2h = sum;
      v1 = low;
      v1h = high;
    }
    v0 ^= lo;
    v0h ^= hi;
  }
  result[1] = v0h ^ v1h ^ v2h ^ v3h;
  result[0] = v0 ^ v1 ^ v2 ^ v3;
  return result[0]!;
}

/** Whether a 32-bit addition overflowed: its sum is then below either summand. */
function carry(sum: number, summand: number): number {
  return sum >>> 0 < summand >>> 0 ? 1 : 0;
}

/** Bytes as the words of blocks and tail: least significant byte first, zeros, and the length in the topmost byte. */
function message(data: Uint8Array): Int32Array {
  const padded = new Uint8Array((data.length & ~7) + 8);
  padded.set(data);
  padded[padded.length - 1] = data.length;
  const view = new DataView(padded.buffer);
  return Int32Array.from({ length: padded.length / 4 }, (_, i) => view.getInt32(i * 4, true));
}
