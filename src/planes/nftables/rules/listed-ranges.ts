/** Ranges in a rule, as nft lists them. */

import { type Cidr, formatAddress, type Network } from "../../../cluster/cluster.js";
import { formatIpv6, IPV6_BITS } from "../../../cluster/ipv6.js";
import { withoutHeld } from "../../../cluster/service-ranges.js";

/** Sorted as nft prints them, without those that others hold: nft joins or refuses overlaps. */
export function disjointRanges(ranges: readonly Cidr[], { ipv6 }: Pick<Network, "ipv6">): Cidr[] {
  const kept = withoutHeld(ranges);
  if (ipv6 === undefined) return kept.sort((a, b) => a.base - b.base);
  const baseOf = (range: Cidr) => ipv6.cidr6(range).base;
  return kept.sort((a, b) => (baseOf(a) < baseOf(b) ? -1 : 1));
}

/**
 * A range, or a set of them in braces: sorted and joined. nft turns a set of one into a comparison, but not one that was given
 * more and joined them.
 *
 * @param given How many ranges kube-proxy writes.
 */
export function listedRanges(ranges: readonly Cidr[], given: number, network: Pick<Network, "ipv6">): string {
  const listed = joinedRanges(disjointRanges(ranges, network), network);
  const [only] = listed;
  if (listed.length === 1 && given > 1) listed.push(only!);
  return listed.length === 1 ? only! : `{ ${listed.join(", ")} }`;
}

/** Ranges in order as nft prints them in a set: neighbours as one, with a prefix where one says it. */
function joinedRanges(ranges: readonly Cidr[], { ipv6 }: Pick<Network, "ipv6">): string[] {
  const width = ipv6 ? IPV6_BITS : 32;
  const text = (address: bigint) => (ipv6 ? formatIpv6(address) : formatAddress(Number(address)));
  const joined: { first: bigint; last: bigint }[] = [];
  for (const range of ranges) {
    const { base, prefixLength } = ipv6 ? ipv6.cidr6(range) : { ...range, base: BigInt(range.base) };
    const last = base + (1n << BigInt(width - prefixLength)) - 1n;
    const before = joined.at(-1);
    if (before !== undefined && before.last + 1n === base) before.last = last;
    else joined.push({ first: base, last });
  }
  return joined.map(({ first, last }) => {
    if (first === last) return text(first);
    const size = last - first + 1n;
    const isPrefix = (size & (size - 1n)) === 0n && first % size === 0n;
    return isPrefix
      ? `${text(first)}/${width - size.toString(2).length + 1}`
      : `${text(first)}-${text(last)}`;
  });
}
