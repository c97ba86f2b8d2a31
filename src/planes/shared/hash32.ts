/** The kernel's multiplicative hash of 32-bit values (include/linux/hash.h): IPVS's sh and dh schedulers use it. */

/** GOLDEN_RATIO_32: (1 - 1/phi) * 2^32, rounded to odd. */
const GOLDEN_RATIO_32 = 0x61c88647;

/** `hash_32`: the upper `bits` bits (1 to 32) of the product, an unsigned number. */
export function hash32(value: number, bits: number): number {
  return Math.imul(value, GOLDEN_RATIO_32) >>> (32 - bits);
}
