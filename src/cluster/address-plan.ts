/**
 * IPv6 addresses as 32-bit numbers. All that decides about addresses (columns, traces, ranges, rules) works with numbers as wide
 * as an IPv4 address; a plan says which number stands for which IPv6 address, both ways. A range of IPv6 is a
 * block of numbers, so that an address lies in a range exactly where its number lies in the range's block.
 */

import { InvalidClusterError } from "../errors.js";
import { AddressWords, compareTexts, type Region } from "./address-words.js";
import type { Cidr } from "./cidr.js";
import { type Cidr6, formatCidr6, formatIpv6, IPV6_BITS, parseCidr6, parseIpv6 } from "./ipv6.js";
import { grouped, NumberedRegion } from "./numbered-regions.js";

/** NAT64's prefix (RFC 6052), which holds an IPv4 address in its last 32 bits: of numbers that no region has. */
export const REST: Cidr6 = parseCidr6("64:ff9b::/96")!;

/** Addresses outside of all regions get numbers from 255.255.255.254 downwards, as far as 240.0.0.0. */
const ROOT_LAST = 0xffff_fffe;
const ROOT_FIRST = 0xf000_0000;

/**
 * Numbers of IPv6 addresses. In a region, the address `base + i` has number `first + i` for as many as the block holds; addresses
 * beyond get numbers from its end downwards when they are first met. The same calls give the same numbers.
 */
export class AddressPlan {
  /** The blocks that it was made from. */
  readonly regions: readonly Region[];
  readonly #byNumber: readonly (readonly [bits: number, Map<number, NumberedRegion>])[];
  readonly #byRange: readonly (readonly [prefixLength: number, Map<bigint, NumberedRegion>])[];
  /** Addresses that do not stand at their own place, both ways. */
  readonly #numberOf = new Map<bigint, number>();
  readonly #addressOf = new Map<number, bigint>();
  #nextOfRoot = ROOT_LAST;
  readonly #words: AddressWords;

  /** @param regions Ranges of IPv6 and the blocks of numbers that represent them; blocks must not overlap. */
  constructor(regions: readonly Region[]) {
    this.regions = regions;
    const numbered = regions.map((region) => new NumberedRegion(region));
    this.#words = new AddressWords(regions, REST);
    this.#byNumber = grouped(
      numbered,
      ({ bits }) => bits,
      (region) => Math.floor(region.first / 2 ** region.bits),
    ).sort(([a], [b]) => a - b);
    this.#byRange = grouped(
      numbered,
      ({ range }) => range.prefixLength,
      ({ range }) => range.base >> BigInt(IPV6_BITS - range.prefixLength),
    ).sort(([a], [b]) => b - a);
  }

  /** Whether every address so far stands at its own place: regions alone then say which number stands for which address. */
  get isRegular(): boolean {
    return this.#numberOf.size === 0;
  }

  /**
   * The number of an address.
   *
   * @param address 128 bits.
   * @returns 32 bits, unsigned; the same each time.
   * @throws InvalidClusterError where its region has no number left.
   */
  number(address: bigint): number {
    const met = this.#numberOf.get(address);
    if (met !== undefined) return met;
    const region = this.#regionOf(address);
    const own = region
      ? Number(address - region.range.base) + region.first
      : address >> 32n === REST.base >> 32n
        ? Number(address & 0xffff_ffffn)
        : Number.NaN;
    const size = region ? 2 ** region.bits : 2 ** 32;
    const isInBlock = own < (region?.first ?? 0) + size;
    if (isInBlock && this.#regionAt(own) === region && !this.#addressOf.has(own)) return own;
    return this.#give(address, region);
  }

  /**
   * The address of a number.
   *
   * @param number 32 bits, unsigned.
   * @returns 128 bits.
   * @throws InvalidClusterError where narrower ranges take all of its range.
   */
  address(number: number): bigint {
    const given = this.#addressOf.get(number);
    if (given !== undefined) return given;
    const region = this.#regionAt(number);
    if (!region) return REST.base + BigInt(number);
    const own = region.range.base + BigInt(number - region.first);
    if (this.#regionOf(own) === region) return own;
    return this.#elsewhere(number, region);
  }

  /**
   * An address as RFC 5952 writes it.
   *
   * @param number Its number, unsigned.
   * @returns Such as `fd00:10:96::1`.
   * @throws InvalidClusterError as `address`.
   */
  format(number: number): string {
    return formatIpv6(this.address(number));
  }

  /**
   * Reads an address.
   *
   * @param text Such as `fd00:10:96::1`, without brackets.
   * @returns Its number; undefined where the text is no IPv6 address.
   * @throws InvalidClusterError as `number`.
   */
  parse(text: string): number | undefined {
    const address = parseIpv6(text);
    return address === undefined ? undefined : this.number(address);
  }

  /**
   * The range of a block.
   *
   * @param block Numbers that share their first bits; length 0 is all of them.
   * @returns The range of IPv6 that it represents.
   * @throws InvalidClusterError as `address`.
   */
  cidr6(block: Cidr): Cidr6 {
    const { base, prefixLength } = block;
    const region = this.#regionAt(base);
    if (prefixLength === 0) return { base: 0n, prefixLength: 0 };
    if (region?.first === base && region.bits === 32 - prefixLength) return region.range;
    return { base: this.address(base), prefixLength: prefixLength + 96 };
  }

  /**
   * The range of a block in CIDR notation.
   *
   * @param cidr The block.
   * @returns Such as `fd00:10:96::/108`.
   * @throws InvalidClusterError as `address`.
   */
  formatCidr(cidr: Cidr): string {
    return formatCidr6(this.cidr6(cidr));
  }

  /**
   * The block of a range.
   *
   * @param range Of IPv6.
   * @returns The block of numbers; undefined where the plan was made without that range.
   * @throws InvalidClusterError as `number`.
   */
  cidr(range: Cidr6): Cidr | undefined {
    if (range.prefixLength === 0) return { base: 0, prefixLength: 0 };
    const region = this.#regionOf(range.base, range.prefixLength);
    if (region?.range.prefixLength === range.prefixLength)
      return { base: region.first, prefixLength: 32 - region.bits };
    if (range.prefixLength === IPV6_BITS) return { base: this.number(range.base), prefixLength: 32 };
    const isDirect = region !== undefined && IPV6_BITS - region.range.prefixLength === region.bits;
    if (!isDirect) return undefined;
    return { base: this.number(range.base), prefixLength: range.prefixLength - 96 };
  }

  /**
   * Writes the four words of an address, as the kernel compares and hashes it.
   *
   * @param number Of the address.
   * @param out Takes them, the highest first.
   * @param at Where in `out` they begin; three more follow.
   * @throws InvalidClusterError as `address`.
   */
  writeWords(number: number, out: Int32Array, at: number): void {
    const words = this.#wordsWith(number);
    for (let word = 0; word < 4; word++) out[at + word] = words.word(number, word);
  }

  /**
   * The exclusive or of an address's four words, what IPVS hashes of it (ip_vs_svc_hashkey). Allocates
   * nothing, but where a number is met for the first time whose place a narrower range has: see `meet`.
   *
   * @param number Of the address.
   * @returns 32 bits, as int32.
   * @throws InvalidClusterError as `address`.
   */
  fold(number: number): number {
    return this.#wordsWith(number).fold(number);
  }

  /**
   * Works out an address, so that `fold` of its number allocates nothing.
   *
   * @param number Of the address.
   * @throws InvalidClusterError as `address`.
   */
  meet(number: number): void {
    this.#wordsWith(number);
  }

  /**
   * Order of two addresses, which their numbers have in part only.
   *
   * @param a Number of the one.
   * @param b Number of the other.
   * @returns Negative where the one is lower, 0 where they are equal, otherwise positive.
   * @throws InvalidClusterError as `address`.
   */
  compare(a: number, b: number): number {
    const words = this.#wordsWith(a);
    this.meet(b);
    for (let i = 0; i < 4; i++) {
      const difference = (words.word(a, i) >>> 0) - (words.word(b, i) >>> 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  /**
   * Order of two addresses' texts between brackets, `[fd00::1]`: by these kube-proxy sorts endpoints.
   *
   * @param a Number of the one.
   * @param b Number of the other.
   * @returns Negative where the one's text is first, otherwise positive, or 0 where they are equal.
   * @throws InvalidClusterError as `address`.
   */
  compareTexts(a: number, b: number): number {
    const words = this.#wordsWith(a);
    this.meet(b);
    return compareTexts(words, a, b) ?? (`${this.format(a >>> 0)}]` < `${this.format(b >>> 0)}]` ? -1 : 1);
  }

  #wordsWith(number: number): AddressWords {
    if (!this.#words.knows(number)) this.address(number >>> 0);
    return this.#words;
  }

  #regionAt(number: number): NumberedRegion | undefined {
    for (const [bits, blocks] of this.#byNumber) {
      const region = blocks.get(Math.floor(number / 2 ** bits));
      if (region) return region;
    }
    return undefined;
  }

  #regionOf(address: bigint, atMost = IPV6_BITS): NumberedRegion | undefined {
    for (const [prefixLength, ranges] of this.#byRange) {
      if (prefixLength > atMost) continue;
      const region = ranges.get(address >> BigInt(IPV6_BITS - prefixLength));
      if (region) return region;
    }
    return undefined;
  }

  #give(address: bigint, region: NumberedRegion | undefined): number {
    const lowest = region ? region.lowest : ROOT_FIRST;
    let number = region ? region.next : this.#nextOfRoot;
    for (;;) {
      if (number < lowest) {
        const range = region ? formatCidr6(region.range) : "::/0";
        throw new InvalidClusterError(`${range} holds more addresses than lbscale keeps: import fewer`);
      }
      const other = this.#regionAt(number);
      if (other && other !== region) number = other.first - 1;
      else if (this.#addressOf.has(number)) number--;
      else break;
    }
    if (region) region.next = number - 1;
    else this.#nextOfRoot = number - 1;
    this.#numberOf.set(address, number);
    this.#addressOf.set(number, address);
    this.#words.give(number, address);
    return number;
  }

  /** Of a number whose own address lies in a narrower range, which has another block: one that nobody has, higher up. */
  #elsewhere(number: number, region: NumberedRegion): bigint {
    const { base, prefixLength } = region.range;
    for (let bit = IPV6_BITS - prefixLength - 1; bit >= region.bits; bit--) {
      const address = base + (1n << BigInt(bit)) + BigInt(number - region.first);
      if (this.#regionOf(address) !== region || this.#numberOf.has(address)) continue;
      this.#numberOf.set(address, number);
      this.#addressOf.set(number, address);
      this.#words.give(number, address);
      return address;
    }
    throw new InvalidClusterError(`${formatCidr6(region.range)} is full: narrower ranges take all of it`);
  }
}
