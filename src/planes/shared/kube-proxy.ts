/** What kube-proxy does alike in all its modes (pkg/proxy): versions, options, order of endpoints, source ranges. */

import { type Cidr, type Cluster, inCidr, isIngressIp, type Network } from "../../cluster/cluster.js";
import { familyOf } from "../../cluster/family.js";
import { inCidr6 } from "../../cluster/ipv6.js";
import type { RawCidr } from "../../cluster/raw-addresses.js";
import { type KubeProxyVersion, NEWEST_KUBE_PROXY } from "../kube-proxy-versions.js";
import { KUBE_PROXY_NFT } from "../nft-versions.js";
import type { PlaneOptions } from "../plane.js";

export { KUBE_PROXY_RELEASES } from "../kube-proxy-versions.js";

/** Options of kube-proxy, and facts of its node, that decide which rules it writes. */
export interface KubeProxySettings {
  readonly version: KubeProxyVersion;
  readonly nfacct: boolean;
  readonly masqueradeAll: boolean;
  /** Whether it knows a pod when it sees one (LocalTrafficDetector.IsImplemented). */
  readonly podDetector: boolean;
  readonly nodePortAddresses: "primary" | readonly RawCidr[] | undefined;
  readonly localhostNodePorts: boolean;
  /** Version of the nft that loads the rules of nftables mode. */
  readonly nft: string;
}

/** The settings that a plane's options stand for, of IPv4 or in a network of its own family. */
export function kubeProxySettings(
  options: PlaneOptions = {},
  network: Pick<Network, "ipv6"> = {},
): KubeProxySettings {
  const version = options.kubeProxy ?? NEWEST_KUBE_PROXY;
  return {
    version,
    nfacct: options.nfacct ?? true,
    masqueradeAll: options.masqueradeAll ?? false,
    podDetector: options.podDetector ?? true,
    nodePortAddresses: options.nodePortAddresses,
    // Linux routes no packet to ::1 out of the node (proxier.go: localhost NodePorts are of IPv4 only).
    localhostNodePorts: familyOf(network) === 4 && (options.localhostNodePorts ?? true),
    nft: options.nftVersion ?? KUBE_PROXY_NFT[version],
  };
}

/** Whether what comes to a cluster IP is tested for masquerading: of nobody, where kube-proxy knows no pods. */
export function masqueradesClusterIps({
  masqueradeAll,
  podDetector,
}: Pick<KubeProxySettings, "masqueradeAll" | "podDetector">): boolean {
  return masqueradeAll || podDetector;
}

/** What is modelled by default. */
export const DEFAULT_SETTINGS: KubeProxySettings = kubeProxySettings();

/** Node addresses at which NodePorts answer; null: at every local address, whichever there are (NodePortAddresses.MatchAll). */
export function nodePortAddresses(
  network: Network,
  choice: KubeProxySettings["nodePortAddresses"],
): readonly number[] | null {
  if (choice === undefined) return null;
  if (choice === "primary") return network.nodeAddresses.slice(0, 1);
  const { ipv6 } = network;
  // Where none is of the family, all addresses are meant (NewNodePortAddresses).
  const own = choice.filter(({ base }) => (typeof base === "bigint") === (ipv6 !== undefined));
  if (own.length === 0 || own.some(({ prefixLength }) => prefixLength === 0)) return null;
  return network.nodeAddresses.filter((address) => own.some((range) => holds(range, address, ipv6)));
}

function holds({ base, prefixLength }: RawCidr, address: number, ipv6: Network["ipv6"]): boolean {
  if (typeof base === "number") return inCidr({ base, prefixLength }, address);
  return ipv6 !== undefined && inCidr6({ base, prefixLength }, ipv6.address(address));
}

/** The same as a list: every address of the node where kube-proxy asks for none in particular. */
export function nodePortNodes({ network }: Cluster, settings: KubeProxySettings): readonly number[] {
  return nodePortAddresses(network, settings.nodePortAddresses) ?? network.nodeAddresses;
}

/** A service's source ranges. None where one holds every address (serviceport.go: it means "allow any"). */
export function sourceRangesOf(cluster: Cluster, service: number): Cidr[] {
  const ranges: Cidr[] = [];
  for (let r = cluster.rangeStart[service]!; r < cluster.rangeStart[service + 1]!; r++) {
    if (cluster.rangePrefixLength[r] === 0) return [];
    ranges.push({ base: cluster.rangeBase[r]!, prefixLength: cluster.rangePrefixLength[r]! });
  }
  return ranges;
}

/** Whether a service has source ranges that close it to anyone. */
export function hasSourceRanges(cluster: Cluster, service: number): boolean {
  const [first, end] = [cluster.rangeStart[service]!, cluster.rangeStart[service + 1]!];
  for (let r = first; r < end; r++) if (cluster.rangePrefixLength[r] === 0) return false;
  return end > first;
}

/**
 * Load-balancer addresses that are let in as sources: those of the service, where its ranges hold this node. Its own
 * packets to such an address, where that is a local one, come back with it as their source.
 */
export function ingressSources(cluster: Cluster, service: number): number[] {
  const node = cluster.network.nodeAddresses[0];
  if (node === undefined || !sourceRangesOf(cluster, service).some((range) => inCidr(range, node))) return [];
  return ingressAddresses(cluster, service);
}

/** Load-balancer addresses of a service. */
export function ingressAddresses(cluster: Cluster, service: number): number[] {
  const addresses: number[] = [];
  for (let x = cluster.externalStart[service]!; x < cluster.externalStart[service + 1]!; x++) {
    if (isIngressIp(cluster.externalKind[x]!)) addresses.push(cluster.externalAddress[x]!);
  }
  return addresses;
}

/**
 * Rows of a service-port's endpoints as kube-proxy has them: sorted by `address:port` as text (endpointslicecache.go,
 * byEndpoint), so that 10.0.0.10 comes before 10.0.0.2.
 */
export function endpointRows(cluster: Cluster, servicePort: number): readonly number[] {
  const first = cluster.endpointStart[servicePort]!;
  const rows = Array.from({ length: cluster.endpointStart[servicePort + 1]! - first }, (_, i) => first + i);
  const compare = (a: number, b: number) => compareEndpoints(cluster, a, b);
  return rows.some((row, i) => i > 0 && compare(rows[i - 1]!, row) > 0) ? rows.sort(compare) : rows;
}

/** Ranks of the texts `0.` to `255.`, and of `0:` to `255:`: in ASCII a point comes before the digits, a colon behind. */
const POINT_RANKS = textRanks(".");
const COLON_RANKS = textRanks(":");

function compareEndpoints({ endpointAddress, endpointPort, network }: Cluster, a: number, b: number): number {
  const [left, right] = [endpointAddress[a]!, endpointAddress[b]!];
  const difference = network.ipv6 ? network.ipv6.compareTexts(left, right) : compareIpv4(left, right);
  if (difference !== 0) return difference;
  const [one, other] = [String(endpointPort[a]), String(endpointPort[b])];
  return one < other ? -1 : Number(one > other);
}

function compareIpv4(left: number, right: number): number {
  for (let shift = 24; shift > 0; shift -= 8) {
    const difference = POINT_RANKS[(left >>> shift) & 255]! - POINT_RANKS[(right >>> shift) & 255]!;
    if (difference !== 0) return difference;
  }
  return COLON_RANKS[left & 255]! - COLON_RANKS[right & 255]!;
}

function textRanks(end: string): Uint8Array {
  const ranks = new Uint8Array(256);
  const texts = Array.from(ranks, (_, octet) => ({ octet, text: `${octet}${end}` }));
  texts.sort((a, b) => (a.text < b.text ? -1 : 1));
  for (const [rank, { octet }] of texts.entries()) ranks[octet] = rank;
  return ranks;
}
