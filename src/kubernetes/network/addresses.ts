/** One family's addresses in objects: a Service of both families is read twice, once for each. */

import { type Cidr, type Network, parseAddress, parseCidr } from "../../cluster/cluster.js";
import type { Family } from "../../cluster/family.js";
import { type Ipv6Network, inferIpv6 } from "../../cluster/infer-ipv6.js";
import { type Cidr6, parseCidr6, parseIpv6 } from "../../cluster/ipv6.js";
import { DEFAULT_NETWORK } from "../../cluster/network.js";
import type { EndpointSlice, Pod, Service, ServiceCidr } from "../schema.js";
import { rangesOfObjects } from "./service-cidrs.js";

/** Reads addresses of one family. */
export interface AddressReader {
  readonly family: Family;
  readonly name: "IPv4" | "IPv6";
  readonly network: Pick<Network, "ipv6">;
  /** From which cluster IPs and pods' addresses are made up. */
  readonly services: Cidr;
  readonly pods: Cidr;
  readonly clients: Cidr;
  /** Whether a text is meant to be of this family. */
  isOurs(text: string): boolean;
  address(text: string): number | undefined;
  range(text: string): Cidr | undefined;
}

export const IPV4: AddressReader = {
  family: 4,
  name: "IPv4",
  network: {},
  services: DEFAULT_NETWORK.serviceCidr,
  pods: DEFAULT_NETWORK.podCidr,
  clients: DEFAULT_NETWORK.clientCidr,
  isOurs: (text) => !text.includes(":"),
  address: parseAddress,
  range: parseCidr,
};

/** What names IPv6 addresses. */
export interface Ipv6Objects {
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
  readonly pods: readonly Pod[];
  readonly serviceCidrs: readonly ServiceCidr[];
  readonly podCidr: Cidr6 | undefined;
}

/** Reads IPv6 addresses as numbers of a plan that fits the objects. */
export function ipv6Reader(objects: Ipv6Objects): AddressReader & { readonly ranges: Ipv6Network } {
  const { services, slices, pods, serviceCidrs, podCidr } = objects;
  const addresses = (texts: readonly (string | undefined)[]): bigint[] =>
    texts.flatMap((text) => parseIpv6(text ?? "") ?? []);
  const [serviceCidr, ...moreServiceCidrs] = rangesOfObjects(serviceCidrs).flatMap(
    (text) => parseCidr6(text) ?? [],
  );
  const ranges = inferIpv6({
    clusterIps: addresses(services.flatMap(({ spec }) => clusterIpsOf(spec))),
    pods: addresses([
      ...slices.flatMap(({ endpoints }) => (endpoints ?? []).map((one) => one.addresses?.[0])),
      ...pods.flatMap(({ status }) => [status?.podIP, ...(status?.podIPs ?? []).map(({ ip }) => ip)]),
    ]),
    sourceRanges: services
      .flatMap(({ spec }) => spec.loadBalancerSourceRanges ?? [])
      .flatMap((text) => parseCidr6(text.trim()) ?? []),
    serviceCidr,
    moreServiceCidrs,
    podCidr,
  });
  const { plan } = ranges;
  return {
    family: 6,
    name: "IPv6",
    network: { ipv6: plan },
    services: ranges.serviceCidr,
    pods: ranges.podCidr,
    clients: ranges.clientCidr,
    ranges,
    isOurs: (text) => text.includes(":"),
    address: (text) => plan.parse(text),
    range: (text) => {
      const range = parseCidr6(text);
      return range === undefined ? undefined : plan.cidr(range);
    },
  };
}

/** A service's cluster IPs, the first its own. */
export function clusterIpsOf({ clusterIP, clusterIPs = [] }: Service["spec"]): string[] {
  return [...new Set([clusterIP ?? "", ...clusterIPs].filter((ip) => ip !== ""))];
}
