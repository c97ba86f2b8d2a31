/** Which numbers stand for the IPv6 addresses of a cluster: the same for the same ranges. */

import { InvalidClusterError } from "../errors.js";
import { AddressPlan, REST } from "./address-plan.js";
import type { Region } from "./address-words.js";
import { parseAddress } from "./cluster.js";
import { type Cidr6, formatCidr6, holdsCidr6, IPV6_BITS, maskIpv6, parseCidr6 } from "./ipv6.js";

/**
 * What synthetic clusters of IPv6 consist of: the same numbers as those of IPv4 (network.ts), in ranges of the same kinds. Load
 * balancers have RFC 5180's benchmark range; who lives outside has parts of RFC 9637's
 * documentation range, which names examples less often than RFC 3849's.
 */
const USUAL: readonly Region[] = [
  usual("fd00:10:96::/108", "10.96.0.0"),
  usual("fd00:10:128::/105", "10.128.0.0"),
  usual("2001:2::/111", "198.18.0.0"),
  usual("3fff:172::/112", "172.16.0.0"),
  usual("3fff:198::/120", "198.51.100.0"),
  usual("3fff:203::/120", "203.0.113.0"),
  usual("3fff:100::/112", "100.127.0.0"),
  usual("::1/128", "127.0.0.1"),
];

function usual(range: string, first: string): Region {
  const cidr = parseCidr6(range)!;
  return { range: cidr, first: parseAddress(first)!, bits: IPV6_BITS - cidr.prefixLength };
}

/** A range that a cluster names; `bits`: how many numbers it is to have at least, where it has as many addresses. */
export interface PlannedRange extends Cidr6 {
  readonly bits?: number;
}

/** Ranges of at most so many bits have a number for each address. */
const DIRECT_BITS = 22;
const LEAST_BITS = 12;
/** Blocks lie where the usual ranges do not. */
const POOLS: readonly (readonly [first: number, end: number])[] = [
  [0x1000_0000, 0x6000_0000],
  [0x8000_0000, 0xa000_0000],
];

interface Node {
  readonly range: Cidr6;
  readonly wanted: number;
  readonly children: Node[];
  bits: number;
}

/**
 * The plan of a cluster.
 *
 * @param ranges The ranges it names: of services, pods, clients, sources that balancers let in.
 * @param members How many addresses a region will have to hold that do not stand at its base: all, to be safe.
 * @throws InvalidClusterError where there are more ranges than numbers.
 */
export function planAddresses(ranges: readonly PlannedRange[], members = 0): AddressPlan {
  const named = distinct(ranges.filter(({ prefixLength }) => prefixLength > 0));
  for (const range of named) {
    if (holdsCidr6(range, REST) || holdsCidr6(REST, range))
      throw new InvalidClusterError(
        `${formatCidr6(range)}: addresses of ${formatCidr6(REST)} (NAT64) are translated before they reach a Service: leave the range out`,
      );
  }
  const kept = USUAL.filter(
    (one) =>
      !named.some((range) => range.prefixLength < one.range.prefixLength && holdsCidr6(range, one.range)),
  );
  const own = named.filter((range) => !kept.some((one) => holdsCidr6(one.range, range)));
  const roots = treeOf(own);
  for (const root of roots) measure(root, members);
  const regions: Region[] = [...kept];
  const pools = POOLS.map(([first, end]) => ({ next: first, end }));
  // The largest first: each then begins at a multiple of its size.
  for (const root of roots.sort((a, b) => b.bits - a.bits)) {
    const size = 2 ** root.bits;
    const pool = pools.find(({ next, end }) => next + size <= end);
    if (!pool)
      throw new InvalidClusterError(
        `${own.length} ranges of IPv6 are more than lbscale keeps: import fewer Services with source ranges`,
      );
    place(root, pool.next, regions);
    pool.next += size;
  }
  return new AddressPlan(regions);
}

/** The plan of synthetic clusters. */
export function usualPlan(): AddressPlan {
  return planAddresses([]);
}

function distinct(ranges: readonly PlannedRange[]): PlannedRange[] {
  const seen = new Map<string, PlannedRange>();
  for (const range of ranges) {
    const key = formatCidr6(range);
    const other = seen.get(key);
    if (!other || (other.bits ?? 0) < (range.bits ?? 0)) seen.set(key, range);
  }
  return [...seen.values()].sort(
    (a, b) => a.prefixLength - b.prefixLength || (a.base < b.base ? -1 : Number(a.base > b.base)),
  );
}

/** Ranges, wider ones first, as trees: what lies in a range that has a number for each address needs no block of its own. */
function treeOf(ranges: readonly PlannedRange[]): Node[] {
  const roots: Node[] = [];
  const byRange = new Map<string, Node>();
  const lengths = [...new Set(ranges.map(({ prefixLength }) => prefixLength))].sort((a, b) => b - a);
  for (const range of ranges) {
    const parent = lengths
      .filter((length) => length < range.prefixLength)
      .map((length) => byRange.get(`${maskIpv6(range.base, length)}/${length}`))
      .find((node) => node !== undefined);
    if (parent && isDirect(parent.range)) continue;
    // A single address is a number among its parent's.
    if (range.prefixLength === IPV6_BITS) continue;
    const node: Node = { range, wanted: range.bits ?? LEAST_BITS, children: [], bits: 0 };
    byRange.set(`${range.base}/${range.prefixLength}`, node);
    (parent?.children ?? roots).push(node);
  }
  return roots;
}

function isDirect({ prefixLength }: Cidr6): boolean {
  return IPV6_BITS - prefixLength <= DIRECT_BITS;
}

function measure(node: Node, members: number): void {
  const host = IPV6_BITS - node.range.prefixLength;
  if (isDirect(node.range)) {
    node.bits = host;
    return;
  }
  let children = 0;
  for (const child of node.children) {
    measure(child, members);
    children += 2 ** child.bits;
  }
  const needed = 2 * children + 2 ** node.wanted + (node.wanted > LEAST_BITS ? 4 * members : 0);
  node.bits = Math.min(host, Math.ceil(Math.log2(needed)));
}

function place(node: Node, first: number, regions: Region[]): void {
  const { range, bits } = node;
  regions.push({ range, first, bits });
  let end = first + 2 ** bits;
  for (const child of node.children.sort((a, b) => b.bits - a.bits)) {
    end -= 2 ** child.bits;
    place(child, end, regions);
  }
}
