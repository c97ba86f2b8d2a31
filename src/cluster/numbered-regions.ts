/** Regions of an address plan, with the numbers that they still have. */

import type { Region } from "./address-words.js";
import type { Cidr6 } from "./ipv6.js";

/** A region, and the next number for an address beyond its block. */
export class NumberedRegion implements Region {
  readonly range: Cidr6;
  readonly first: number;
  readonly bits: number;
  readonly lowest: number;
  next: number;

  constructor({ range, first, bits }: Region) {
    this.range = range;
    this.first = first;
    this.bits = bits;
    this.next = first + 2 ** bits - 1;
    this.lowest = first + 2 ** (bits - 1);
  }
}

/** Regions by a key, and within it by another. */
export function grouped<Key, Inner>(
  regions: readonly NumberedRegion[],
  key: (region: NumberedRegion) => Key,
  inner: (region: NumberedRegion) => Inner,
): [Key, Map<Inner, NumberedRegion>][] {
  const groups = new Map<Key, Map<Inner, NumberedRegion>>();
  for (const region of regions) {
    const group = groups.get(key(region)) ?? new Map<Inner, NumberedRegion>();
    group.set(inner(region), region);
    groups.set(key(region), group);
  }
  return [...groups];
}
