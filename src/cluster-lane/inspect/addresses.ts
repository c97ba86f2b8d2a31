/** Ranges of Services: which families they are of, and how many addresses are free. */

import { parseAddress } from "../../cluster/cluster.js";
import type { Family } from "../../cluster/family.js";
import { parseCidr6, parseIpv6 } from "../../cluster/ipv6.js";

interface Range {
  readonly family: Family;
  readonly first: bigint;
  readonly size: bigint;
}

/** `10.96.0.0/12` or `fd00:10:96::/108`; null for anything else. */
function parseRange(cidr: string): Range | null {
  const ipv6 = parseCidr6(cidr);
  if (ipv6) return { family: 6, first: ipv6.base, size: 1n << BigInt(128 - ipv6.prefixLength) };
  const [address = "", prefix = ""] = cidr.split("/");
  const first = parseAddress(address);
  const bits = /^\d+$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (first === undefined || !(bits >= 0 && bits <= 32)) return null;
  return { family: 4, first: BigInt(first), size: 1n << BigInt(32 - bits) };
}

/** The family of an address or a range; null where it has none, as the `None` of a Service without address. */
function familyOfText(text: string): Family | null {
  if (text.includes(":")) return 6;
  return text.includes(".") ? 4 : null;
}

/**
 * The families that Services may have, first the one of a Service that asks for none.
 *
 * @param cidrs of the cluster's ServiceCIDR objects; none where they may not be read
 * @param used addresses of Services, which tell less: that a family is not among them does not say that there is none
 */
export function familiesOffered(cidrs: readonly string[], used: readonly string[]): Family[] {
  const texts = cidrs.length > 0 ? cidrs : used;
  return [...new Set(texts.map(familyOfText).filter((family) => family !== null))];
}

/** Those of these ranges that are of one family. */
export function rangesOf(cidrs: readonly string[], family: Family): string[] {
  return cidrs.filter((cidr) => familyOfText(cidr) === family);
}

/**
 * How many Services may still get an address of one family.
 *
 * The API server does not give out the first address of a range, and of IPv4 not the last either (NewIPAllocator in
 * pkg/registry/core/service/ipallocator/ipallocator.go of Kubernetes 1.35).
 *
 * @param cidrs of the cluster's ServiceCIDR objects, each address of which counts once
 * @param used addresses of Services
 */
export function countFreeAddresses(
  cidrs: readonly string[],
  used: readonly string[],
  family: Family,
): number {
  const parse = (text: string) => (family === 6 ? parseIpv6(text) : parseAddress(text));
  const taken = [...new Set(used.map(parse).filter((address) => address !== undefined))].map(BigInt);
  const usable = cidrs
    .map(parseRange)
    .filter((range) => range !== null)
    .filter((range) => range.family === family)
    .map(({ first, size }) => ({ first: first + 1n, end: first + size - (family === 4 ? 1n : 0n) }));
  let free = 0n;
  for (const { first, end } of joined(usable)) {
    const inside = taken.filter((address) => address >= first && address < end).length;
    free += end - first - BigInt(inside);
  }
  return Number(free);
}

interface Interval {
  readonly first: bigint;
  readonly end: bigint;
}

/** Intervals without what two of them hold: ranges of ServiceCIDR objects may overlap. */
function joined(intervals: readonly Interval[]): Interval[] {
  const kept: { first: bigint; end: bigint }[] = [];
  const inOrder = intervals
    .filter(({ first, end }) => first < end)
    .sort((a, b) => (a.first < b.first ? -1 : 1));
  for (const { first, end } of inOrder) {
    const before = kept.at(-1);
    if (before === undefined || first > before.end) kept.push({ first, end });
    else if (end > before.end) before.end = end;
  }
  return kept;
}
