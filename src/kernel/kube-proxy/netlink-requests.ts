/**
 * Requests by netlink (linux/netlink.h) in the words of the tools that make the same: ipvsadm -R for IPVS's (linux/ip_vs.h), ip
 * -batch for addresses (linux/if_addr.h). Numbers are in the order of the machine, those of user-mode Linux little-endian; ports
 * are in the network's.
 */

import { SCTP, TCP } from "../../cluster/cluster.js";
import { formatIpv6 } from "../../cluster/ipv6.js";
import { KernelError } from "../testbed/tools.js";
import type { Command, Reads } from "./protocol.js";

/** Protocol of `socket(AF_NETLINK, …)`; the other one kept is NETLINK_ROUTE. */
export const NETLINK_GENERIC = 16;

/** A message as it was sent. */
export interface NetlinkRequest {
  /** Whether it went to generic netlink, and there to IPVS; or else to routing. */
  readonly isGeneric: boolean;
  readonly message: Buffer;
}

const HEADER_BYTES = 16;
const GENERIC_HEADER_BYTES = 4;
const ADDRESS_HEADER_BYTES = 8;
const FLAGS_AT = 6;
/** NLM_F_DUMP. */
const ALL = 0x300;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const IFA_LOCAL = 2;

/** Commands of IPVS, by their letter in ipvsadm. */
const WRITES: Readonly<Record<number, string>> = { 1: "-A", 2: "-E", 3: "-D", 5: "-a", 6: "-e", 7: "-d" };
const GET_SERVICE = 4;
const GET_DEST = 8;
/** Of the table as a whole, as ipvsadm asks before it lists: GET_DAEMON, SET_CONFIG, GET_CONFIG, GET_INFO. */
const OF_THE_TABLE: ReadonlySet<number> = new Set([11, 12, 13, 15]);

/** Attributes of a command. */
const SERVICE = 1;
const DESTINATION = 2;
/** Of a virtual service. */
const [FAMILY, PROTOCOL, ADDRESS, PORT, SCHEDULER, FLAGS, TIMEOUT] = [1, 2, 3, 4, 6, 7, 8];
const AF_INET = 2;
const PERSISTENT = 0x1;
/** IP_VS_SVC_F_SCHED_MH_PORT. */
const MH_PORT = 0x10;
/** Of a destination. */
const [DEST_ADDRESS, DEST_PORT, FORWARDING, WEIGHT] = [1, 2, 3, 4];
const FORWARDING_OPTIONS = ["-m", undefined, "-i", "-g"];

/** What was read and written, of either family. */
export interface Requests {
  readonly commands: readonly Command[];
  readonly reads: Reads;
}

/**
 * Puts requests into words.
 * @param devices Names of interfaces by number.
 * @throws KernelError for one that no kube-proxy makes.
 */
export function wordsOf(requests: readonly NetlinkRequest[], devices: ReadonlyMap<number, string>): Requests {
  const commands: Command[] = [];
  const reads = { lists: 0, services: { 4: 0, 6: 0 }, destinations: { 4: 0, 6: 0 } };
  for (const { isGeneric, message } of requests) {
    const bytes = message.length;
    if (!isGeneric) {
      commands.push({ line: addressWords(message, devices), bytes });
      continue;
    }
    const command = message[HEADER_BYTES]!;
    const attributes = attributesOf(message.subarray(HEADER_BYTES + GENERIC_HEADER_BYTES));
    const verb = WRITES[command];
    const isList = command === GET_SERVICE && (message.readUInt16LE(FLAGS_AT) & ALL) === ALL;
    if (isList) reads.lists++;
    else if (command === GET_SERVICE) reads.services[familyOf(attributes)]++;
    else if (command === GET_DEST) reads.destinations[familyOf(attributes)]++;
    else if (verb !== undefined) commands.push({ line: `${verb} ${serverWords(verb, attributes)}`, bytes });
    else if (!OF_THE_TABLE.has(command)) throw new KernelError(`IPVS got the command ${command} by netlink`);
  }
  return { commands, reads };
}

type Attributes = ReadonlyMap<number, Buffer>;

/** Type and contents of each: 4 bytes of header, and the next begins at a multiple of 4. */
function attributesOf(bytes: Buffer): Attributes {
  const attributes = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 4) break;
    // Upper bits: nested, or in the network's order.
    attributes.set(bytes.readUInt16LE(at + 2) & 0x3fff, bytes.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return attributes;
}

function familyOf(command: Attributes): 4 | 6 {
  return attributesOf(command.get(SERVICE)!).get(FAMILY)!.readUInt16LE() === AF_INET ? 4 : 6;
}

function serverWords(verb: string, command: Attributes): string {
  const service = attributesOf(command.get(SERVICE)!);
  const protocol = service.get(PROTOCOL)!.readUInt16LE();
  const option = protocol === TCP ? "-t" : protocol === SCTP ? "--sctp-service" : "-u";
  const frontend = `${option} ${socketWords(service.get(ADDRESS)!, service.get(PORT)!)}`;
  if (verb === "-D") return frontend;
  if (verb === "-A" || verb === "-E") return `${frontend} ${serviceOptions(service)}`;
  const destination = attributesOf(command.get(DESTINATION)!);
  const server = `${frontend} -r ${socketWords(destination.get(DEST_ADDRESS)!, destination.get(DEST_PORT)!)}`;
  if (verb === "-d") return server;
  const forwarding = FORWARDING_OPTIONS[destination.get(FORWARDING)!.readUInt32LE()] ?? "?";
  return `${server} ${forwarding} -w ${destination.get(WEIGHT)!.readUInt32LE()}`;
}

function serviceOptions(service: Attributes): string {
  const flags = service.get(FLAGS)!.readUInt32LE();
  const scheduler = service.get(SCHEDULER)!.toString("latin1").split("\0", 1)[0];
  const port = (flags & MH_PORT) === 0 ? "" : " -b mh-port";
  const affinity = (flags & PERSISTENT) === 0 ? "" : ` -p ${service.get(TIMEOUT)!.readUInt32LE()}`;
  return `-s ${scheduler}${port}${affinity}`;
}

function addressWords(message: Buffer, devices: ReadonlyMap<number, string>): string {
  const type = message.readUInt16LE(4);
  if (type !== RTM_NEWADDR && type !== RTM_DELADDR) throw new KernelError(`routing got a request ${type}`);
  const body = message.subarray(HEADER_BYTES);
  const address = attributesOf(body.subarray(ADDRESS_HEADER_BYTES)).get(IFA_LOCAL)!;
  const number = body.readUInt32LE(4);
  return `addr ${type === RTM_NEWADDR ? "add" : "del"} ${addressText(address)}/${body[1]} dev ${devices.get(number) ?? number}`;
}

function socketWords(address: Buffer, port: Buffer): string {
  const text = addressText(address);
  return `${address.length === 4 ? text : `[${text}]`}:${port.readUInt16BE()}`;
}

function addressText(address: Buffer): string {
  return address.length === 4 ? address.join(".") : formatIpv6(BigInt(`0x${address.toString("hex")}`));
}
