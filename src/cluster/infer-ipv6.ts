/** The ranges around imported Services of IPv6, and the plan of their numbers: infer-network.ts does the same for IPv4. */

import { InvalidClusterError } from "../errors.js";
import type { AddressPlan } from "./address-plan.js";
import type { Cidr } from "./cluster.js";
import { type Cidr6, formatCidr6, holdsCidr6, inCidr6, maskIpv6, parseCidr6 } from "./ipv6.js";
import { numberAddresses, type RawCidr } from "./raw-addresses.js";

/** What is read of a cluster's addresses. Those of the other family do not count. */
export interface Ipv6Addresses {
  readonly clusterIps: readonly bigint[];
  readonly pods: readonly bigint[];
  /** Ranges that Services let in. */
  readonly sourceRanges: readonly RawCidr[];
  /** kube-apiserver's and kube-proxy's ranges, where they are known. */
  readonly serviceCidr?: Cidr6 | undefined;
  readonly moreServiceCidrs?: readonly Cidr6[];
  readonly podCidr?: Cidr6 | undefined;
}

/** The ranges in numbers of their plan. */
export interface Ipv6Network {
  readonly plan: AddressPlan;
  readonly serviceCidr: Cidr;
  readonly moreServiceCidrs?: readonly Cidr[];
  readonly podCidr: Cidr;
  readonly clientCidr: Cidr;
}

/** The usual largest range of cluster IPs; with ServiceCIDRs (KEP-1880, Kubernetes 1.33) kube-apiserver takes up to a /64. */
const SERVICE_PREFIX = 108;
const WIDEST_SERVICES = 64;
/** Pod ranges: kube-controller-manager gives a node a /64 of a range that is at most a /48. */
const WIDEST_PODS = 48;
const NARROWEST_PODS = 64;
const CLIENT_PREFIX = 112;
const USUAL_SERVICES = parseCidr6("fd00:10:96::/108")!;
const USUAL_PODS = parseCidr6("fd00:10:128::/105")!;
/** The last part of the usual pods, as in IPv4. */
const USUAL_CLIENTS = parseCidr6("fd00:10:128::7f:0/112")!;

/** Ranges and numbers for what was read. Throws InvalidClusterError where no address of the pod range is left for clients. */
export function inferIpv6({
  clusterIps,
  pods,
  sourceRanges,
  serviceCidr = usualOr(clusterIps, USUAL_SERVICES, () => inferServices(clusterIps, pods)),
  moreServiceCidrs = [],
  podCidr = usualOr(pods, USUAL_PODS, () => inferPods(pods, [serviceCidr, ...moreServiceCidrs])),
}: Ipv6Addresses): Ipv6Network {
  const clientCidr = reserveIpv6Clients(podCidr, [...clusterIps, ...pods]);
  const ranges = { serviceCidr, moreServiceCidrs, podCidr, clientCidr };
  const numbers = numberAddresses(ranges, sourceRanges, pods.length);
  const where = () => "the ranges that were read";
  return {
    plan: numbers.ipv6!,
    serviceCidr: numbers.cidr(serviceCidr, where),
    ...(moreServiceCidrs.length > 0 && {
      moreServiceCidrs: moreServiceCidrs.map((range) => numbers.cidr(range, where)),
    }),
    podCidr: numbers.cidr(podCidr, where),
    clientCidr: numbers.cidr(clientCidr, where),
  };
}

function usualOr(addresses: readonly bigint[], usual: Cidr6, infer: () => Cidr6): Cidr6 {
  const members = addresses.filter((address) => inCidr6(usual, address)).length;
  return 2 * members >= addresses.length ? usual : infer();
}

/** The densest /108, or the narrowest range around it that holds as many cluster IPs as its /64 does, and no pod. */
function inferServices(clusterIps: readonly bigint[], pods: readonly bigint[]): Cidr6 {
  const best = densest(clusterIps, SERVICE_PREFIX);
  if (clusterIps.every((address) => inCidr6(best, address))) return best;
  const wider = lengths(SERVICE_PREFIX, WIDEST_SERVICES, -4)
    .map((prefixLength) => ({ base: maskIpv6(best.base, prefixLength), prefixLength }))
    .filter((range) => !pods.some((pod) => inCidr6(range, pod)));
  const members = wider.map((range) => clusterIps.filter((address) => inCidr6(range, address)).length);
  return wider[members.indexOf(members.at(-1) ?? 0)] ?? best;
}

/** What the members of the densest /48 share, in whole bytes; where cluster IPs lie in it too, their densest narrower part. */
function inferPods(pods: readonly bigint[], serviceCidrs: readonly Cidr6[]): Cidr6 {
  const widest = densest(pods, WIDEST_PODS);
  const members = pods.filter((address) => inCidr6(widest, address));
  const isClear = (range: Cidr6) =>
    !serviceCidrs.some((services) => holdsCidr6(range, services) || holdsCidr6(services, range));
  const shared = lengths(NARROWEST_PODS, WIDEST_PODS, -8)
    .map((prefixLength) => ({ base: maskIpv6(members[0]!, prefixLength), prefixLength }))
    .find((range) => members.every((address) => inCidr6(range, address)));
  const narrower = lengths(NARROWEST_PODS + 8, CLIENT_PREFIX, 8).map((length) => densest(members, length));
  return [shared ?? widest, ...narrower].find(isClear) ?? widest;
}

function lengths(from: number, to: number, step: number): number[] {
  return Array.from({ length: (to - from) / step + 1 }, (_, i) => from + i * step);
}

function densest(addresses: readonly bigint[], prefixLength: number): Cidr6 {
  const members = new Map<bigint, number>();
  let best = maskIpv6(addresses[0]!, prefixLength);
  for (const address of addresses) {
    const base = maskIpv6(address, prefixLength);
    members.set(base, (members.get(base) ?? 0) + 1);
    if (members.get(base)! > members.get(best)!) best = base;
  }
  return { base: best, prefixLength };
}

/** The usual client range where it fits, else the last free part of the pod range: no client may be a pod. */
export function reserveIpv6Clients(podCidr: Cidr6, used: Iterable<bigint>): Cidr6 {
  const taken = [...used];
  if (
    formatCidr6(podCidr) === formatCidr6(USUAL_PODS) &&
    !taken.some((address) => inCidr6(USUAL_CLIENTS, address))
  )
    return USUAL_CLIENTS;
  for (const prefixLength of [CLIENT_PREFIX, 120, 124].filter((length) => length > podCidr.prefixLength)) {
    const size = 1n << BigInt(128 - prefixLength);
    const blocks = new Set(taken.map((address) => maskIpv6(address, prefixLength)));
    const end = podCidr.base + (1n << BigInt(128 - podCidr.prefixLength));
    for (let base = end - size; base > podCidr.base; base -= size) {
      if (!blocks.has(base)) return { base, prefixLength };
    }
  }
  throw new InvalidClusterError(
    `${formatCidr6(podCidr)} is full: no addresses are left for clients on this node`,
  );
}
