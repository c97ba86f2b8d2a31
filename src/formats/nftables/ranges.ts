/** Members of a set of source ranges. */

import { type Cidr, parseAddress, parseCidr } from "../../cluster/cluster.js";

/** `a/24`, an address, or `a-b`, as nft prints neighbours that it joined; undefined for anything else. */
export function rangesOf(text: string): Cidr[] | undefined {
  const cidr = parseCidr(text.includes("/") ? text : `${text}/32`);
  if (cidr) return [cidr];
  const [first, last] = text.split("-").map((part) => parseAddress(part.trim()));
  return first === undefined || last === undefined || last < first ? undefined : rangesBetween(first, last);
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
