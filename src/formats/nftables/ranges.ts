/** Members of a set of source ranges. */

import type { AddressPlan } from "../../cluster/address-plan.js";
import { type Cidr, parseAddress } from "../../cluster/cluster.js";
import { type Cidr6, IPV6_BITS, parseCidr6, parseIpv6 } from "../../cluster/ipv6.js";
import { readRange } from "../families.js";

/** `a/24`, an address, or `a-b`, as nft prints neighbours that it joined; undefined for anything else. */
export function rangesOf(text: string, plan: AddressPlan | undefined): Cidr[] | undefined {
  if (!text.includes("-")) {
    const cidr = readRange(text, plan);
    return cidr && [cidr];
  }
  if (plan) {
    const cidrs = ranges6Of(text)?.map((range) => plan.cidr(range));
    return cidrs?.every((cidr) => cidr !== undefined) ? cidrs : undefined;
  }
  const [first, last] = text.split("-").map((part) => parseAddress(part.trim()));
  return first === undefined || last === undefined || last < first ? undefined : rangesBetween(first, last);
}

/** The same of IPv6, as ranges that nobody has numbers for yet. */
export function ranges6Of(text: string): Cidr6[] | undefined {
  if (!text.includes("-")) {
    const cidr = parseCidr6(text.includes("/") ? text : `${text}/${IPV6_BITS}`);
    return cidr && [cidr];
  }
  const [first, last] = text.split("-").map((part) => parseIpv6(part.trim()));
  return first === undefined || last === undefined || last < first ? undefined : ranges6Between(first, last);
}

/** The fewest CIDRs that are an interval. */
function rangesBetween(first: number, last: number): Cidr[] {
  const ranges: Cidr[] = [];
  for (let base = first; base <= last; ) {
    let prefixLength = 32;
    while (prefixLength > 0) {
      const size = 2 ** (33 - prefixLength);
      if (base % size !== 0 || base + size - 1 > last) break;
      prefixLength--;
    }
    ranges.push({ base, prefixLength });
    base += 2 ** (32 - prefixLength);
  }
  return ranges;
}

function ranges6Between(first: bigint, last: bigint): Cidr6[] {
  const ranges: Cidr6[] = [];
  for (let base = first; base <= last; ) {
    let prefixLength = IPV6_BITS;
    while (prefixLength > 0) {
      const size = 1n << BigInt(IPV6_BITS + 1 - prefixLength);
      if (base % size !== 0n || base + size - 1n > last) break;
      prefixLength--;
    }
    ranges.push({ base, prefixLength });
    base += 1n << BigInt(IPV6_BITS - prefixLength);
  }
  return ranges;
}
