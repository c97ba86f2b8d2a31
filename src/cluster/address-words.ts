/** The four words of IPv6 addresses by their numbers, as the kernel hashes and compares them. Reading them allocates nothing. */

import { type Cidr6, holdsCidr6, IPV6_BITS } from "./ipv6.js";

/** A range of IPv6 and the block of numbers that stands for it: 2^bits from `first` on. */
export interface Region {
  readonly range: Cidr6;
  readonly first: number;
  readonly bits: number;
}

const WORDS = 4;

/** Regions as columns, the narrowest block first, and addresses that do not lie where their number does. */
export class AddressWords {
  readonly #bits: Uint8Array;
  readonly #first: Int32Array;
  /** Of a region's range, four words each; behind them those of what no region has. */
  readonly #base: Int32Array;
  /** Which numbers of a region, counted from its first, are addresses of a narrower range: from, to in turn. */
  readonly #taken: readonly Int32Array[];
  readonly #isDivided: boolean;
  /** Number as int32 → where its words begin in `#given`. */
  readonly #placeOf = new Map<number, number>();
  readonly #given: number[] = [];

  /** `rest`: the range of numbers that no region has. */
  constructor(regions: readonly Region[], rest: Cidr6) {
    const sorted = [...regions].sort((a, b) => a.bits - b.bits);
    this.#bits = Uint8Array.from(sorted, ({ bits }) => bits);
    this.#first = Int32Array.from(sorted, ({ first }) => first | 0);
    this.#base = Int32Array.from(
      [...sorted.map(({ range }) => range), rest].flatMap(({ base }) => wordsOf(base)),
    );
    this.#taken = sorted.map((region) => takenOf(region, regions));
    this.#isDivided = this.#taken.some(({ length }) => length > 0);
  }

  /** Remembers an address that does not lie where its number does. */
  give(number: number, address: bigint): void {
    if (!this.#placeOf.has(number | 0)) this.#placeOf.set(number | 0, this.#given.length);
    for (const [i, word] of wordsOf(address).entries())
      this.#given[this.#placeOf.get(number | 0)! + i] = word;
  }

  /** Whether the words of this number are known: they are not where a narrower range has its place, until `give`. */
  knows(number: number): boolean {
    if (!this.#isDivided) return true;
    if (this.#placeOf.size > 0 && this.#placeOf.has(number | 0)) return true;
    const region = this.#regionAt(number | 0);
    if (region === this.#bits.length) return true;
    const taken = this.#taken[region]!;
    const offset = this.#offset(number | 0, region);
    for (let i = 0; i < taken.length; i += 2) if (offset >= taken[i]! && offset < taken[i + 1]!) return false;
    return true;
  }

  /** A word of a number that is known, the highest at 0. */
  word(number: number, index: number): number {
    if (this.#placeOf.size > 0) {
      const given = this.#placeOf.get(number | 0);
      if (given !== undefined) return this.#given[given + index]!;
    }
    const region = this.#regionAt(number | 0);
    const word = this.#base[region * WORDS + index]!;
    // A range's base has no bits where its members have theirs: what is added can as well be put in.
    return index < WORDS - 1 ? word : word | this.#offset(number | 0, region);
  }

  /** The exclusive or of all four. */
  fold(number: number): number {
    if (this.#placeOf.size > 0) {
      const at = this.#placeOf.get(number | 0);
      if (at !== undefined) {
        const words = this.#given;
        return words[at]! ^ words[at + 1]! ^ words[at + 2]! ^ words[at + 3]!;
      }
    }
    const words = this.#base;
    const region = this.#regionAt(number | 0);
    const at = region * WORDS;
    return words[at]! ^ words[at + 1]! ^ words[at + 2]! ^ words[at + 3]! ^ this.#offset(number | 0, region);
  }

  /** The region of a number (int32), or that of the rest. Signed shifts: V8 boxes what passes 31 bits until it has optimized. */
  #regionAt(number: number): number {
    const { length } = this.#bits;
    for (let i = 0; i < length; i++) {
      if ((number ^ this.#first[i]!) >> this.#bits[i]! === 0) return i;
    }
    return length;
  }

  #offset(number: number, region: number): number {
    return region === this.#bits.length ? number : (number - this.#first[region]!) | 0;
  }
}

/** An address's words, the highest first. */
function wordsOf(address: bigint): number[] {
  return [96n, 64n, 32n, 0n].map((shift) => Number((address >> shift) & 0xffff_ffffn) | 0);
}

/**
 * Order of two addresses' texts (RFC 5952) with a bracket behind each: negative, 0 or positive; undefined where groups of one are
 * zero and of the other are not, since `::` may then stand for others.
 */
export function compareTexts(words: AddressWords, a: number, b: number): number | undefined {
  let order = 0;
  for (let i = 0; i < WORDS; i++) {
    const left = words.word(a, i);
    const right = words.word(b, i);
    if (left === right) continue;
    for (let shift = 16; shift >= 0; shift -= 16) {
      const [one, other] = [(left >>> shift) & 0xffff, (right >>> shift) & 0xffff];
      if ((one === 0) !== (other === 0)) return undefined;
      if (order === 0 && one !== other) order = groupRank(one) - groupRank(other);
    }
  }
  return order;
}

/** What a group's text sorts by: digits, what ends a group (`:` or `]`), letters, as in ASCII. */
const [END, SYMBOLS, LONGEST] = [10, 17, 4];

function groupRank(group: number): number {
  const digits = group > 0xfff ? 4 : group > 0xff ? 3 : group > 0xf ? 2 : 1;
  let rank = 0;
  for (let digit = digits - 1; digit >= 0; digit--) {
    const value = (group >>> (4 * digit)) & 15;
    rank = rank * SYMBOLS + (value < END ? value : value + 1);
  }
  rank = rank * SYMBOLS + END;
  for (let missing = digits; missing < LONGEST; missing++) rank *= SYMBOLS;
  return rank;
}

function takenOf({ range, bits }: Region, regions: readonly Region[]): Int32Array {
  const size = 1n << BigInt(bits);
  const taken = regions.flatMap((other) => {
    if (other.range === range || !holdsCidr6(range, other.range)) return [];
    const from = other.range.base - range.base;
    const to = from + (1n << BigInt(IPV6_BITS - other.range.prefixLength));
    return from < size ? [Number(from), Number(to < size ? to : size)] : [];
  });
  return Int32Array.from(taken);
}
