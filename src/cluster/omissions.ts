/**
 * What an import left out because it did not understand it, and which packets it could decide about: the answers about
 * these alone are unknown. Kept in the cluster's source, so that its file says the same.
 */

import { z } from "zod";
import { InvalidClusterError } from "../errors.js";
import { type Cluster, inCidr } from "./cluster.js";
import { assumesNodeAddress } from "./infer-network.js";
import { blockOf, parseRawAddress, parseRawCidr, type RawCidr } from "./raw-addresses.js";

/** Its place among the parameters of a cluster's source. */
const PARAMETER = "leftOver";
/** Parameters of a source are short (json.ts): what is more than this could be met by any packet. */
const MAX_LENGTH = 6000;
const MAX_WORDS = 200;

const packetTestSchema = z.object({
  /** Sent by this node, or not. */
  from: z.enum(["node", "elsewhere"]).optional(),
  to: z.enum(["node", "elsewhere"]).optional(),
  /** Ranges and addresses as they are written. */
  src: z.string().optional(),
  notSrc: z.string().optional(),
  dst: z.string().optional(),
  notDst: z.string().optional(),
  protocol: z.number().optional(),
  dport: z.number().optional(),
  /** Met behind DNAT: the destination may be an endpoint's by then. */
  translated: z.literal(true).optional(),
});

/** A row each, words first: a source's parameters may not be deep. */
const omissionsSchema = z.array(z.tuple([z.string().max(MAX_WORDS)], packetTestSchema));

/** Conditions of a packet, all of which hold; a packet that fits none of a rule's tests never meets the rule. */
export type PacketTest = Readonly<z.infer<typeof packetTestSchema>>;

/** A rule or an entry that was left out. */
export interface Omission {
  /** In the words of the report. */
  readonly what: string;
  /** Packets that may meet it: those that fit one of these. */
  readonly packets: readonly PacketTest[];
}

/** The first packet of a connection; addresses in numbers of the cluster. */
interface Packet {
  readonly src: number;
  readonly dst: number;
  readonly dport: number;
  readonly protocol: number;
}

/** Any packet. */
export const ANY: readonly PacketTest[] = [{}];

/** What was left out, as a parameter of a source; nothing where all was understood. */
export function omissionParameters(omissions: readonly Omission[]): Record<string, unknown> {
  const byWords = new Map<string, PacketTest[]>();
  for (const { what, packets } of omissions) {
    const words = what.slice(0, MAX_WORDS);
    const known = byWords.get(words) ?? [];
    for (const test of packets) known.push(test);
    byWords.set(words, known);
  }
  const rows: unknown[] = [];
  let length = 0;
  for (const [words, packets] of byWords) {
    const row = [words, ...withoutDoubles(packets)];
    length += JSON.stringify(row).length;
    if (length > MAX_LENGTH) break;
    rows.push(row);
  }
  const more = byWords.size - rows.length;
  if (more > 0) rows.push([`${more} kinds more`, ...ANY]);
  return rows.length === 0 ? {} : { [PARAMETER]: rows };
}

/** Tests that say more than another are left out, and of two that differ by who sent the packet one without that remains. */
export function withoutDoubles(packets: readonly PacketTest[]): readonly PacketTest[] {
  const byRest = new Map<string, PacketTest>();
  for (const test of packets) {
    const { from, ...rest } = test;
    if (from === undefined && Object.keys(rest).length === 0) return ANY;
    const key = JSON.stringify(rest, Object.keys(rest).sort());
    const known = byRest.get(key);
    byRest.set(key, known !== undefined && known.from !== from ? rest : test);
  }
  return [...byRest.values()];
}

/**
 * What a packet may meet of all that the import left out, in words.
 *
 * @param packet The first of its connection.
 * @returns Nothing: the answer rests on none of it. Undefined where the source does not say which packets meet what.
 * @throws InvalidClusterError where the source was changed by hand.
 */
export function omissionsFor(cluster: Cluster, packet: Packet): string[] | undefined {
  const kept = cluster.source.parameters[PARAMETER];
  if (kept === undefined) return undefined;
  const { success, data } = omissionsSchema.safeParse(kept);
  if (!success)
    throw new InvalidClusterError(
      `source.parameters.${PARAMETER} of the cluster is no list of what was left out: import it again`,
    );
  const meets = packetTester(cluster, packet);
  return data.filter(([, ...packets]) => packets.some(meets)).map(([what]) => what);
}

function packetTester(cluster: Cluster, packet: Packet): (test: PacketTest) => boolean {
  const { network } = cluster;
  const src = packet.src >>> 0;
  const untranslated = [{ address: packet.dst >>> 0, port: packet.dport }];
  let translated: { address: number; port: number }[] | undefined;
  // An assumed address says nothing of who the node is.
  const knowsNode = !assumesNodeAddress(cluster);
  const isNode = (address: number): boolean =>
    (network.ipv6 === undefined && address >>> 24 === 127) || network.nodeAddresses.includes(address);
  const isAt = (place: "node" | "elsewhere" | undefined, address: number): boolean =>
    place === undefined || !knowsNode || isNode(address) === (place === "node");
  const fits = (range: string | undefined, address: number, wanted: boolean): boolean => {
    if (range === undefined) return true;
    const block = rangeOf(range, cluster);
    return block === undefined || inCidr(block, address) === wanted;
  };
  return (test) => {
    if (test.protocol !== undefined && test.protocol !== packet.protocol) return false;
    if (!isAt(test.from, src) || !fits(test.src, src, true) || !fits(test.notSrc, src, false)) return false;
    if (test.translated) translated ??= [...untranslated, ...endpointsOf(cluster, packet)];
    return (test.translated ? translated! : untranslated).some(
      ({ address, port }) =>
        isAt(test.to, address) &&
        (test.dport === undefined || test.dport === port) &&
        fits(test.dst, address, true) &&
        fits(test.notDst, address, false),
    );
  };
}

/** A range or an address; undefined for what the cluster's network has no numbers for, which then excludes nothing. */
function rangeOf(text: string, { network }: Cluster) {
  const address = parseRawAddress(text);
  const range: RawCidr | undefined =
    address === undefined
      ? parseRawCidr(text)
      : { base: address, prefixLength: typeof address === "number" ? 32 : 128 };
  return range && blockOf(range, network);
}

/** Where a packet may be sent to: endpoints of service ports that have its destination, or its port as a NodePort. */
function endpointsOf(
  cluster: Cluster,
  { dst, dport, protocol }: Packet,
): { address: number; port: number }[] {
  const found: { address: number; port: number }[] = [];
  const isOf = (service: number): boolean =>
    cluster.clusterIp[service] === dst >>> 0 ||
    cluster.externalAddress
      .subarray(cluster.externalStart[service], cluster.externalStart[service + 1])
      .includes(dst >>> 0);
  for (let p = 0; p < cluster.servicePorts; p++) {
    if (cluster.protocol[p] !== protocol) continue;
    if (cluster.nodePort[p] !== dport && !(cluster.port[p] === dport && isOf(cluster.service[p]!))) continue;
    for (let e = cluster.endpointStart[p]!; e < cluster.endpointStart[p + 1]!; e++)
      found.push({ address: cluster.endpointAddress[e]!, port: cluster.endpointPort[e]! });
  }
  return found;
}
