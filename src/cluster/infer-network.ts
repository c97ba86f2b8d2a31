/** The ranges around imported services. kube-proxy is configured with them; no object holds them, so they are inferred. */

import { InvalidClusterError } from "../errors.js";
import type { AddressPlan } from "./address-plan.js";
import type { ServiceRecord } from "./build.js";
import {
  type Cidr,
  type Cluster,
  cidrSize,
  formatCidr,
  inCidr,
  maskTo,
  type Network,
  parseAddress,
} from "./cluster.js";
import { addressText, rangeText } from "./family.js";
import { DEFAULT_NETWORK } from "./network.js";
import { serviceCidrsOf, serviceRangesText } from "./service-ranges.js";

/** The narrowest and widest range that is inferred: a /16 has room to grow, a /8 is the largest private range. */
const NARROWEST = 16;
const WIDEST = 8;
/** No service range is narrower in practice. */
const NARROWEST_CLEAR = 28;

/** This node's address where the usual one is in use: TEST-NET-1 (RFC 5737), which no host has. */
const OTHER_NODE_ADDRESS = parseAddress("192.0.2.1")!;

/**
 * Where policy Local leaves a node no endpoint, its tables hold none of the others, but what happens to packets depends on
 * there being some. One stands for them: in TEST-NET-3 (RFC 5737), an address that nobody has.
 */
export const STAND_IN = 0xcb007101;

/** What a node's tables say about the network. */
export interface KnownNetwork {
  readonly serviceCidr?: Cidr | undefined;
  readonly moreServiceCidrs?: readonly Cidr[];
  readonly podCidr?: Cidr | undefined;
  /** Of a cluster of IPv6, with both ranges: what its numbers stand for, and where its clients live. */
  readonly ipv6?: { readonly plan: AddressPlan; readonly clientCidr: Cidr } | undefined;
  readonly nodeAddresses?: readonly number[];
}

/** What of the network a node's tables say, and what is assumed because they do not: lines of a report. */
export function describeNetwork(network: Network, known: KnownNetwork): string[] {
  const { nodeAddresses = [] } = known;
  const facts: readonly (readonly [what: string, value: string, isKnown: boolean])[] = [
    ["pod range", rangeText(network, network.podCidr), known.podCidr !== undefined],
    [
      serviceCidrsOf(network).length === 1 ? "Service range" : "Service ranges",
      serviceRangesText(network),
      known.serviceCidr !== undefined,
    ],
    [
      network.nodeAddresses.length === 1 ? "node address" : "node addresses",
      network.nodeAddresses
        .slice(0, MAX_SHOWN_ADDRESSES)
        .map((one) => addressText(network, one))
        .join(", "),
      nodeAddresses.length > 0,
    ],
  ];
  const list = (isKnown: boolean) =>
    facts
      .filter((fact) => fact[2] === isKnown)
      .map(([what, value]) => `${what} ${value}`)
      .join("; ");
  return [
    ...(list(true) ? [`network, as the input says: ${list(true)}`] : []),
    ...(list(false) ? [`${ASSUMED}${list(false)}`] : []),
  ];
}

const ASSUMED = "assumed, because the input does not say: ";

/** Whether the import of a cluster assumed the node's address, as its notes say. */
export function assumesNodeAddress({ source }: Cluster): boolean {
  const notes = source.kind === "imported" ? (source.notes ?? []) : [];
  return notes.some((line) => line.includes(ASSUMED) && line.includes("node address"));
}

const MAX_SHOWN_ADDRESSES = 5;

/** Which traffic to cluster IPs the rules masquerade: by its source, all (`--masquerade-all`), none (no `--cluster-cidr`). */
export type MasqueradeOfClusterIps = "by source" | "all" | "none";

/** How a node tells pods from others, where that is not what the model does. */
export function describePodTest(podTest: string | undefined): string[] {
  if (podTest === undefined) return [];
  return [`pods are recognized by ${podTest} here: the model takes sources in the pod range instead`];
}

/**
 * Infers service and pod ranges where they aren't known, reserves a part of the pod range for clients, and
 * gives the node an address.
 */
export function inferNetwork(records: readonly ServiceRecord[], known: KnownNetwork = {}): Network {
  const vips = records.map(({ clusterIp }) => clusterIp);
  const pods = records.flatMap(({ ports }) =>
    ports
      .flatMap(({ endpoints }) => endpoints.map(({ address }) => address))
      .filter((address) => address !== STAND_IN),
  );
  const externals = records.flatMap(({ externalIps = [], ingressIps = [] }) => [
    ...externalIps,
    ...ingressIps,
  ]);
  const serviceCidr =
    known.serviceCidr ?? clearOf(externals, inferRange(vips, DEFAULT_NETWORK.serviceCidr), vips);
  const { moreServiceCidrs, nodeAddresses = [] } = known;
  const ranges = { serviceCidr, ...(moreServiceCidrs && { moreServiceCidrs }) };
  const serviceCidrs = serviceCidrsOf(ranges);
  const podCidr = known.podCidr ?? inferRange(pods, DEFAULT_NETWORK.podCidr, serviceCidrs);
  return {
    ...ranges,
    podCidr,
    clientCidr: known.ipv6?.clientCidr ?? reserveClients(podCidr, [...vips, ...pods]),
    ...(known.ipv6 && { ipv6: known.ipv6.plan }),
    nodeAddresses:
      nodeAddresses.length > 0
        ? nodeAddresses
        : [
            chooseNodeAddress(
              [...vips, ...pods, ...externals],
              [...serviceCidrs, podCidr],
              // kube-proxy writes other rules where they hold the node's address: those that were read have them, or not.
              records.flatMap(({ sourceRanges = [] }) => sourceRanges),
            ),
          ],
  };
}

/**
 * The usual range if it holds most addresses; else the smallest range around their densest /16 that holds as many as
 * its /8 does, clear of `others`. Pods on the host's network lie outside, as they do in a real cluster.
 */
function inferRange(addresses: readonly number[], usual: Cidr, others: readonly Cidr[] = []): Cidr {
  if (2 * count(addresses, usual) >= addresses.length) return usual;
  let best = densest(addresses);
  let most = count(addresses, best);
  for (let prefixLength = NARROWEST - 1; prefixLength >= WIDEST; prefixLength--) {
    const wider = { base: maskTo(best.base, prefixLength), prefixLength };
    if (others.some((other) => overlap(wider, other))) break;
    const members = count(addresses, wider);
    if (members > most) [best, most] = [wider, members];
  }
  return best;
}

/**
 * The widest part of an inferred range that holds most cluster IPs and none of `others`: the API server gives addresses of
 * its range to cluster IPs alone, so those of load balancers and external IPs lie outside. The range itself where none does.
 */
function clearOf(others: readonly number[], range: Cidr, vips: readonly number[]): Cidr {
  let part = range;
  while (count(others, part) > 0) {
    const prefixLength = part.prefixLength + 1;
    if (prefixLength > NARROWEST_CLEAR) return range;
    const upper = { base: part.base + 2 ** (32 - prefixLength), prefixLength };
    const lower = { base: part.base, prefixLength };
    part = count(vips, upper) > count(vips, lower) ? upper : lower;
  }
  return part;
}

function count(addresses: readonly number[], cidr: Cidr): number {
  let members = 0;
  for (const address of addresses) if (inCidr(cidr, address)) members++;
  return members;
}

function densest(addresses: readonly number[]): Cidr {
  const members = new Map<number, number>();
  let best = maskTo(addresses[0]!, NARROWEST);
  for (const address of addresses) {
    const base = maskTo(address, NARROWEST);
    const seen = (members.get(base) ?? 0) + 1;
    members.set(base, seen);
    if (seen > members.get(best)!) best = base;
  }
  return { base: best, prefixLength: NARROWEST };
}

function overlap(a: Cidr, b: Cidr): boolean {
  const prefixLength = Math.min(a.prefixLength, b.prefixLength);
  return maskTo(a.base, prefixLength) === maskTo(b.base, prefixLength);
}

/** The usual client range where it fits, else the last free part of the pod range: no client may be a pod. */
export function reserveClients(podCidr: Cidr, used: readonly number[]): Cidr {
  const { clientCidr } = DEFAULT_NETWORK;
  if (formatCidr(podCidr) === formatCidr(DEFAULT_NETWORK.podCidr) && count(used, clientCidr) === 0)
    return clientCidr;
  for (const prefixLength of [20, 24, 28].filter((length) => length > podCidr.prefixLength)) {
    const taken = new Set(used.map((address) => maskTo(address, prefixLength)));
    const size = 2 ** (32 - prefixLength);
    for (let base = podCidr.base + cidrSize(podCidr) - size; base > podCidr.base; base -= size) {
      if (!taken.has(base)) return { base, prefixLength };
    }
  }
  throw new InvalidClusterError(
    `${formatCidr(podCidr)} is full: no addresses are left for clients on this node`,
  );
}

function chooseNodeAddress(
  used: readonly number[],
  ranges: readonly Cidr[],
  sourceRanges: readonly Cidr[],
): number {
  const free = [DEFAULT_NETWORK.nodeAddresses[0]!, OTHER_NODE_ADDRESS].filter(
    (address) => !used.includes(address) && !ranges.some((range) => inCidr(range, address)),
  );
  const outside = free.find((address) => !sourceRanges.some((range) => inCidr(range, address)));
  return outside ?? free[0] ?? OTHER_NODE_ADDRESS;
}
