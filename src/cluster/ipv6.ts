/** IPv6 addresses as 128-bit numbers, and their text (RFC 4291, RFC 5952). */

/** A range of IPv6: every address whose upper `prefixLength` bits equal those of `base`. */
export interface Cidr6 {
  readonly base: bigint;
  readonly prefixLength: number;
}

export const IPV6_BITS = 128;
const GROUPS = 8;
/** `::ffff:0:0/96`: an IPv4 address in other words, which Kubernetes takes for IPv4. */
const MAPPED_IPV4 = 0xffffn;

/** The number of an address, or undefined for any other text: zones (`%eth0`), embedded IPv4 and mapped IPv4 are refused. */
export function parseIpv6(text: string): bigint | undefined {
  if (text.length < 2 || text.length > 39) return undefined;
  const [head, tail, ...rest] = text.split("::");
  if (rest.length > 0) return undefined;
  const front = groupsOf(head!);
  const back = tail === undefined ? [] : groupsOf(tail);
  if (!front || !back) return undefined;
  const missing = GROUPS - front.length - back.length;
  // "::" stands for at least one group of zeros.
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  let address = 0n;
  for (const group of front) address = (address << 16n) | BigInt(group);
  address <<= BigInt(16 * missing);
  for (const group of back) address = (address << 16n) | BigInt(group);
  return address >> 32n === MAPPED_IPV4 ? undefined : address;
}

function groupsOf(text: string): number[] | undefined {
  if (text === "") return [];
  const groups = text.split(":");
  if (groups.length > GROUPS || !groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  return groups.map((group) => Number.parseInt(group, 16));
}

/** Text of an address as RFC 5952 wants it: the longest run of two or more zero groups, the first of equals, is `::`. */
export function formatIpv6(address: bigint): string {
  const groups: number[] = [];
  for (let shift = 96n; shift >= 0n; shift -= 32n) {
    const word = Number((address >> shift) & 0xffff_ffffn);
    groups.push(word >>> 16, word & 0xffff);
  }
  let [start, length] = [-1, 1];
  for (let first = 0; first < GROUPS; first++) {
    let end = first;
    while (end < GROUPS && groups[end] === 0) end++;
    if (end - first > length) [start, length] = [first, end - first];
    if (end > first) first = end;
  }
  const words = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (start < 0) return words(groups);
  return `${words(groups.slice(0, start))}::${words(groups.slice(start + length))}`;
}

/** The network part of an address. */
export function maskIpv6(address: bigint, prefixLength: number): bigint {
  const hostBits = BigInt(IPV6_BITS - prefixLength);
  return (address >> hostBits) << hostBits;
}

/** Whether an address lies in a range. */
export function inCidr6({ base, prefixLength }: Cidr6, address: bigint): boolean {
  return maskIpv6(address, prefixLength) === base;
}

/** Whether a range holds the whole of another. */
export function holdsCidr6(outer: Cidr6, inner: Cidr6): boolean {
  return outer.prefixLength <= inner.prefixLength && inCidr6(outer, inner.base);
}

/** `fd00:10:96::/108` as a range, or undefined for any other text. Host bits are cleared. */
export function parseCidr6(text: string): Cidr6 | undefined {
  const match = /^([\da-f:]{2,39})\/(\d{1,3})$/i.exec(text);
  const address = match ? parseIpv6(match[1]!) : undefined;
  const prefixLength = Number(match?.[2]);
  if (address === undefined || !(prefixLength <= IPV6_BITS)) return undefined;
  return { base: maskIpv6(address, prefixLength), prefixLength };
}

/** Text of a range. */
export function formatCidr6({ base, prefixLength }: Cidr6): string {
  return `${formatIpv6(base)}/${prefixLength}`;
}
