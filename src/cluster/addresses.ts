/** Unique addresses out of a range. What doesn't fit is refused, never wrapped. */

import { InvalidClusterError } from "../errors.js";
import type { Random } from "../random.js";
import { type Cidr, cidrSize, type Network } from "./cluster.js";
import { rangeText } from "./family.js";

/** Addresses base+1, base+2, … below the range's end, or below `reserved` when that part is someone else's. */
export function sequentialAddresses(
  range: Cidr,
  count: number,
  what: string,
  network: Pick<Network, "ipv6">,
  reserved?: Cidr,
): Uint32Array {
  const end = reserved ? reserved.base : range.base + cidrSize(range) - 1;
  requireRoom(rangeText(network, range), count, end - range.base - 1, what);
  const addresses = new Uint32Array(count);
  for (let i = 0; i < count; i++) addresses[i] = range.base + 1 + i;
  return addresses;
}

/**
 * Distinct addresses drawn uniformly from the range, without its network and broadcast addresses. Rejection over a
 * bitmap: even a range that is full to the last address costs about `size · ln(size)` draws.
 */
export function uniqueRandomAddresses(
  range: Cidr,
  count: number,
  what: string,
  network: Pick<Network, "ipv6">,
  random: Random,
): Uint32Array {
  const usable = cidrSize(range) - 2;
  requireRoom(rangeText(network, range), count, usable, what);
  const taken = new Uint8Array(Math.ceil(cidrSize(range) / 8));
  const addresses = new Uint32Array(count);
  for (let i = 0; i < count; ) {
    const offset = 1 + random.below(usable);
    const bit = 1 << (offset & 7);
    if (taken[offset >>> 3]! & bit) continue;
    taken[offset >>> 3]! |= bit;
    addresses[i++] = range.base + offset;
  }
  return addresses;
}

function requireRoom(range: string, count: number, room: number, what: string): void {
  if (count <= room) return;
  throw new InvalidClusterError(
    `${count} ${what} need ${count} addresses, but ${range} has room for ${room}: ask for fewer ${what}`,
  );
}
