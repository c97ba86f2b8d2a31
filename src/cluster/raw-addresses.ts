/** Addresses of either family as they are read, before it is known which ranges a cluster has. */

import { InvalidClusterError } from "../errors.js";
import type { AddressPlan } from "./address-plan.js";
import { type Cidr, formatCidr, type Network, parseAddress, parseCidr } from "./cluster.js";
import type { Family } from "./family.js";
import { type Cidr6, formatCidr6, formatIpv6, maskIpv6, parseCidr6, parseIpv6 } from "./ipv6.js";
import { planAddresses } from "./plan-addresses.js";

/** IPv4: its number; IPv6: its 128 bits. */
export type RawAddress = number | bigint;

/** A range of either family. */
export interface RawCidr {
  readonly base: RawAddress;
  readonly prefixLength: number;
}

/** An address of either family; undefined for any other text. */
export function parseRawAddress(text: string): RawAddress | undefined {
  return parseAddress(text) ?? parseIpv6(text);
}

/** An address as programs print it, IPv6 as RFC 5952 writes it: objects may hold `fd00::0:1`. Any other text is left as it is. */
export function canonicalAddress(text: string): string {
  const address = parseIpv6(text);
  return address === undefined ? text : formatIpv6(address);
}

/** CIDR notation; IPv6 as RFC 5952 writes it. */
export function rawRangeText({ base, prefixLength }: RawCidr): string {
  return typeof base === "number" ? formatCidr({ base, prefixLength }) : formatCidr6({ base, prefixLength });
}

/** A range of either family in CIDR notation; undefined for any other text. */
export function parseRawCidr(text: string): RawCidr | undefined {
  return parseCidr(text) ?? parseCidr6(text);
}

/** What a cluster that is read says of its network. */
export interface RawNetwork {
  readonly serviceCidr: RawCidr;
  readonly moreServiceCidrs?: readonly RawCidr[];
  readonly podCidr: RawCidr;
  readonly clientCidr: RawCidr;
}

/** Numbers of one cluster's addresses. `where` is named when an address is of the other family. */
export interface AddressNumbers {
  readonly family: Family;
  /** Of a cluster of IPv6. */
  readonly ipv6: AddressPlan | undefined;
  address(raw: RawAddress, where: () => string): number;
  cidr(raw: RawCidr, where: () => string): Cidr;
}

/** Pods come and go: numbers for all, and as many again. */
const POD_BITS = 24;
/** As many cluster IPs as the API server gives at most (`--service-cluster-ip-range`). */
const SERVICE_BITS = 20;
const CLIENT_BITS = 16;

/** Numbers for a cluster of this network, in which sources of `ranges` are let in; `members`: endpoints that it holds. */
export function numberAddresses(
  { serviceCidr, moreServiceCidrs = [], podCidr, clientCidr }: RawNetwork,
  ranges: readonly RawCidr[],
  members: number,
): AddressNumbers {
  const family = typeof serviceCidr.base === "number" ? 4 : 6;
  const refuse = (where: () => string): never => {
    throw new InvalidClusterError(
      `${where()}: expected an IPv${family} address, as the cluster's Service range is of IPv${family}`,
    );
  };
  if (family === 4) {
    return {
      family,
      ipv6: undefined,
      address: (raw, where) => (typeof raw === "number" ? raw : refuse(where)),
      cidr: ({ base, prefixLength }, where) =>
        typeof base === "number" ? { base, prefixLength } : refuse(where),
    };
  }
  const ofIpv6 = ({ base, prefixLength }: RawCidr): Cidr6[] =>
    typeof base === "bigint" ? [{ base, prefixLength }] : [];
  const withBits = (range: RawCidr, bits: number) => ofIpv6(range).map((one) => ({ ...one, bits }));
  const ipv6 = planAddresses(
    [
      ...[serviceCidr, ...moreServiceCidrs].flatMap((range) => withBits(range, SERVICE_BITS)),
      ...withBits(podCidr, POD_BITS),
      ...withBits(clientCidr, CLIENT_BITS),
      ...ranges.flatMap(ofIpv6),
    ],
    members,
  );
  return {
    family,
    ipv6,
    address: (raw, where) => (typeof raw === "bigint" ? ipv6.number(raw) : refuse(where)),
    cidr: ({ base, prefixLength }, where) => {
      if (typeof base === "number") return refuse(where);
      return ipv6.cidr({ base: maskIpv6(base, prefixLength), prefixLength }) ?? refuse(where);
    },
  };
}

/** The numbers of those addresses that are of a network's family. */
export function numbersOf(addresses: readonly RawAddress[], { ipv6 }: Pick<Network, "ipv6">): number[] {
  return addresses.flatMap((address) => {
    if (ipv6 === undefined) return typeof address === "number" ? [address] : [];
    return typeof address === "bigint" ? [ipv6.number(address)] : [];
  });
}

/** A range as the block of a network's numbers; undefined where it is of the other family, or the plan has none for it. */
export function blockOf({ base, prefixLength }: RawCidr, { ipv6 }: Pick<Network, "ipv6">): Cidr | undefined {
  if (ipv6 === undefined) return typeof base === "number" ? { base, prefixLength } : undefined;
  return typeof base === "bigint" ? ipv6.cidr({ base, prefixLength }) : undefined;
}

/** The ranges that were given: none, one, or one of a family. */
export function rangesOf(given: RawCidr | readonly RawCidr[] | undefined): readonly RawCidr[] {
  if (given === undefined) return [];
  return "base" in given ? [given] : given;
}
