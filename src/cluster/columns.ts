/** Columns filled row by row. */

/** Where each owner's rows begin, and one entry more for the end. */
export function runningSums(counts: Uint8Array): Uint32Array {
  const sums = new Uint32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) sums[i + 1] = sums[i]! + counts[i]!;
  return sums;
}

/** A column of `length` bytes; values above 255 wrap, as in any Uint8Array. */
export function fillU8(length: number, value: (index: number) => number): Uint8Array {
  const column = new Uint8Array(length);
  for (let i = 0; i < length; i++) column[i] = value(i);
  return column;
}

/** A column of unsigned 32-bit integers, such as addresses and row numbers. */
export function fillU32(length: number, value: (index: number) => number): Uint32Array {
  const column = new Uint32Array(length);
  for (let i = 0; i < length; i++) column[i] = value(i);
  return column;
}
