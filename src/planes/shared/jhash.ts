/**
 * The kernel's Jenkins hash (include/linux/jhash.h), which is lookup3 by Bob Jenkins with its own start value.
 * BPF maps, nftables sets and Cilium's Maglev selection all use it. Words in and out are int32, so that V8 never
 * boxes them; the bits are those of the kernel's u32.
 */

const JHASH_INITVAL = 0xdeadbeef | 0;

/** `jhash_1word`: four bytes of key. */
export function jhash1(k0: number, seed: number): number {
  const start = (JHASH_INITVAL + 4 + seed) | 0;
  return final((start + k0) | 0, start, start);
}

/** `jhash_2words`: eight bytes of key. */
export function jhash2(k0: number, k1: number, seed: number): number {
  const start = (JHASH_INITVAL + 8 + seed) | 0;
  return final((start + k0) | 0, (start + k1) | 0, start);
}

/** `jhash_3words`: twelve bytes of key, the size of a service key in Cilium and in kube-proxy's nftables maps. */
export function jhash3(k0: number, k1: number, k2: number, seed: number): number {
  const start = (JHASH_INITVAL + 12 + seed) | 0;
  return final((start + k0) | 0, (start + k1) | 0, (start + k2) | 0);
}

/** `jhash2` of four words: the key of Cilium's reverse_sk. */
export function jhash4(k0: number, k1: number, k2: number, k3: number, seed: number): number {
  return overTwelve(k0, k1, k2, k3, (JHASH_INITVAL + 16 + seed) | 0);
}

/**
 * `jhash2` of five words, which is lookup3's own `hashword`: Bob Jenkins' start value is the kernel's.
 * Calico's Maglev hashes a packet with it.
 */
export function jhash5(k0: number, k1: number, k2: number, k3: number, k4: number, seed: number): number {
  return overTwelve(k0, k1, k2, k3, (JHASH_INITVAL + 20 + seed) | 0, k4);
}

/**
 * `__hash_from_tuple_v6` of Cilium (bpf/lib/hash.h), which begins without a seed: the source's upper three
 * words, here zero, mix to zeros, and the seed comes last.
 */
export function tupleHash6(source: number, ports: number, protocol: number, seed: number): number {
  return overTwelve(source, ports, protocol, seed, 0);
}

/** `jhash` of 14 bytes, three words and the low half of a fourth: the key of Cilium's connection-tracking maps. */
export function jhash14(k0: number, k1: number, k2: number, k3: number, seed: number): number {
  return overTwelve(k0, k1, k2, k3 & 0xffff, (JHASH_INITVAL + 14 + seed) | 0);
}

/**
 * `__jhash_mix` of the first twelve bytes, then the rest. Written out, as below: a call that loops once is
 * slower, and lookups are timed.
 */
function overTwelve(k0: number, k1: number, k2: number, k3: number, start: number, k4 = 0): number {
  let a = (start + k0) | 0;
  let b = (start + k1) | 0;
  let c = (start + k2) | 0;
  a = ((a - c) | 0) ^ rol(c, 4);
  c = (c + b) | 0;
  b = ((b - a) | 0) ^ rol(a, 6);
  a = (a + c) | 0;
  c = ((c - b) | 0) ^ rol(b, 8);
  b = (b + a) | 0;
  a = ((a - c) | 0) ^ rol(c, 16);
  c = (c + b) | 0;
  b = ((b - a) | 0) ^ rol(a, 19);
  a = (a + c) | 0;
  c = ((c - b) | 0) ^ rol(b, 4);
  b = (b + a) | 0;
  return final((a + k3) | 0, (b + k4) | 0, c);
}

/**
 * `jhash2` of `length` words of which the last are these and those in front are zero, three at a time: keys of IPv6, whose upper
 * words are alike. `length` of 4 takes k0 alone, of 5 two words; of 6 and 9 all three.
 */
export function jhashBehindZeros(k0: number, k1: number, k2: number, length: number, seed: number): number {
  const start = (JHASH_INITVAL + length * 4 + seed) | 0;
  let a = start;
  let b = start;
  let c = start;
  for (let left = length; left > 3; left -= 3) {
    a = ((a - c) | 0) ^ rol(c, 4);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rol(a, 6);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rol(b, 8);
    b = (b + a) | 0;
    a = ((a - c) | 0) ^ rol(c, 16);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rol(a, 19);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rol(b, 4);
    b = (b + a) | 0;
  }
  return final((a + k0) | 0, (b + k1) | 0, (c + k2) | 0);
}

/** `jhash` of a two-byte key (BPF hashes keys that are no whole words byte by byte). */
export function jhashU16(key: number, seed: number): number {
  const start = (JHASH_INITVAL + 2 + seed) | 0;
  return final((start + (key & 0xffff)) | 0, start, start);
}

/** `jhash` of bytes of any length. */
export function jhash(key: Uint8Array, seed: number): number {
  const start = (JHASH_INITVAL + key.length + seed) | 0;
  let a = start;
  let b = start;
  let c = start;
  let at = 0;
  for (; key.length - at > 12; at += 12) {
    a = (a + word(key, at)) | 0;
    b = (b + word(key, at + 4)) | 0;
    c = (c + word(key, at + 8)) | 0;
    // __jhash_mix
    a = ((a - c) | 0) ^ rol(c, 4);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rol(a, 6);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rol(b, 8);
    b = (b + a) | 0;
    a = ((a - c) | 0) ^ rol(c, 16);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rol(a, 19);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rol(b, 4);
    b = (b + a) | 0;
  }
  if (at === key.length) return c;
  return final((a + word(key, at)) | 0, (b + word(key, at + 4)) | 0, (c + word(key, at + 8)) | 0);
}

/** `__jhash_final`. */
function final(a: number, b: number, c: number): number {
  c = ((c ^ b) - rol(b, 14)) | 0;
  a = ((a ^ c) - rol(c, 11)) | 0;
  b = ((b ^ a) - rol(a, 25)) | 0;
  c = ((c ^ b) - rol(b, 16)) | 0;
  a = ((a ^ c) - rol(c, 4)) | 0;
  b = ((b ^ a) - rol(a, 14)) | 0;
  return ((c ^ b) - rol(b, 24)) | 0;
}

function rol(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** Four bytes, least significant first; bytes beyond the end count as zero. */
function word(key: Uint8Array, at: number): number {
  const byte = (i: number) => key[at + i] ?? 0;
  return byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24);
}
