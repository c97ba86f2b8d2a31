/** Arguments as users write them. Each refusal is one line that says what would do. */

import { oneLine } from "../../cluster/checks.js";
import { type Cluster, parseAddress, SCTP, TCP, UDP } from "../../cluster/cluster.js";
import { type Family, familyOf } from "../../cluster/family.js";
import { parseIpv6 } from "../../cluster/ipv6.js";
import { parseRawAddress, parseRawCidr, type RawAddress, type RawCidr } from "../../cluster/raw-addresses.js";
import { UsageError } from "../../errors.js";
import type { PlaneDescriptor } from "../../planes/descriptor.js";
import type { Flow, PlaneId } from "../../planes/plane.js";
import { choosePlanes, PLANE_ENTRIES, planeChoices } from "../../planes/registry-loader.js";
import { note } from "../output.js";

export const MAX_SERVICES = 1_000_000;

/** A whole number within bounds. */
export function parseInteger(text: string, option: string, min: number, max: number): number {
  const value = /^-?\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new UsageError(`--${option} "${text}": give a whole number from ${min} to ${max}`);
  }
  return value;
}

/** A number; NaN for any other text. */
export function parseNumber(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}

/** A number between 0 and 1. */
export function parseShare(text: string, option: string): number {
  const value = parseNumber(text);
  if (!(value >= 0 && value <= 1)) throw new UsageError(`--${option} "${text}": give a share from 0 to 1`);
  return value;
}

/** `1,100,1000` as distinct whole numbers in ascending order. */
export function parseIntegers(text: string, option: string, min: number, max: number): number[] {
  const values = parseList(text, option).map((part) => parseInteger(part, option, min, max));
  return [...new Set(values)].sort((a, b) => a - b);
}

/** `iptables,ebpf` or `nftables@1.35,nftables@1.37` as plane ids in the order of the registry. */
export function parsePlanes(text: string): PlaneId[] {
  const wanted = parseList(text, "planes");
  const { known, unknown } = choosePlanes(wanted);
  if (unknown !== undefined) {
    throw new UsageError(`--planes "${unknown}" is unknown: choose from ${planeChoices()}`);
  }
  return known;
}

/** Planes that were asked for, or all that know the cluster's family, and who does not is said. */
export function planesFor(text: string | undefined, { network }: Cluster): PlaneId[] {
  if (text !== undefined) return parsePlanes(text);
  const knows = ({ can }: PlaneDescriptor) => can.families.includes(familyOf(network));
  const descriptors = PLANE_ENTRIES.map(({ descriptor }) => descriptor);
  const left = descriptors.filter((descriptor) => !knows(descriptor)).map(({ id }) => id);
  if (left.length > 0) note(`${left.join(", ")}: left out, because they are modelled for IPv4 only`);
  return descriptors.filter(knows).map(({ id }) => id);
}

/** A comma-separated list whose parts are all among `known`. */
export function parseChoices<T extends string>(text: string, option: string, known: readonly T[]): T[] {
  const wanted = parseList(text, option);
  const unknown = wanted.find((part) => !(known as readonly string[]).includes(part));
  if (unknown !== undefined) {
    throw new UsageError(`--${option} "${unknown}" is unknown: choose from ${known.join(", ")}`);
  }
  return known.filter((part) => wanted.includes(part));
}

/** Parts of a comma-separated list, of which there must be one. */
export function parseList(text: string, option: string): string[] {
  const parts = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (parts.length === 0)
    throw new UsageError(`--${option} is empty: give at least one, separated by commas`);
  return parts;
}

/** `192.0.2.10,2001:db8::10` as addresses of either family; none where it is not given. */
export function parseNodeAddresses(text: string | undefined): RawAddress[] {
  return (text?.split(",") ?? []).map((part) => {
    const address = parseRawAddress(part.trim());
    if (address === undefined)
      throw new UsageError(
        `--node-address needs IPv4 or IPv6 addresses with commas between, not "${oneLine(part, 40)}"`,
      );
    return address;
  });
}

/** `10.244.0.0/16`, or a range of each family with a comma between; none where it is not given. */
export function parsePodRanges(text: string | undefined, words = ""): RawCidr[] {
  return (text?.split(",") ?? []).map((part) => {
    const range = parseRawCidr(part.trim());
    if (range === undefined)
      throw new UsageError(
        `--pod-range "${oneLine(part.trim(), 40)}": give a range such as 10.244.0.0/16 or fd00:10:244::/56${words}`,
      );
    return range;
  });
}

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: TCP, udp: UDP, sctp: SCTP };
const FLOW =
  /^\s*(tcp|udp|sctp)\s+(?:\[([^\]]*)\]|([\d.]+)):(\d+)\s*>\s*(?:\[([^\]]*)\]|([\d.]+)):(\d+)\s*$/i;

/** A flow as it was written. */
export interface RawFlow {
  readonly src: RawAddress;
  readonly dst: RawAddress;
  readonly sport: number;
  readonly dport: number;
  readonly protocol: number;
}

/** `tcp 10.255.0.5:40000 > 10.96.0.10:80`, or `tcp [fd00::5]:40000 > [fd00:10:96::1]:80`. */
export function parseFlow(text: string): RawFlow {
  const match = FLOW.exec(text);
  const addressOf = (ipv6: string | undefined, ipv4: string | undefined) =>
    ipv6 === undefined ? parseAddress(ipv4 ?? "") : parseIpv6(ipv6);
  const src = addressOf(match?.[2], match?.[3]);
  const dst = addressOf(match?.[5], match?.[6]);
  const sport = Number(match?.[4]);
  const dport = Number(match?.[7]);
  const valid = (port: number) => port >= 1 && port <= 65535;
  const isOneFamily = typeof src === typeof dst;
  if (!match || src === undefined || dst === undefined || !isOneFamily || !valid(sport) || !valid(dport)) {
    throw new UsageError(
      `--flow "${text}" is invalid: expected "tcp 10.255.0.5:40000 > 10.96.0.10:80" or "tcp [fd00::5]:40000 > [fd00:10:96::1]:80", and ports from 1 to 65535`,
    );
  }
  return { src, sport, dst, dport, protocol: PROTOCOLS[match[1]!.toLowerCase()]! };
}

/** The family that a flow is of. */
export function familyOfFlow({ dst }: RawFlow): Family {
  return typeof dst === "bigint" ? 6 : 4;
}

/** The flow in the numbers of a cluster of its family. Throws UsageError where it is of the other. */
export function flowIn({ network: { ipv6 } }: Cluster, { src, dst, ...rest }: RawFlow): Flow {
  if (typeof src === "number" && typeof dst === "number" && ipv6 === undefined) return { src, dst, ...rest };
  if (typeof src === "bigint" && typeof dst === "bigint" && ipv6 !== undefined)
    return { src: ipv6.number(src), dst: ipv6.number(dst), ...rest };
  const [own, other] = ipv6 === undefined ? [4, 6] : [6, 4];
  throw new UsageError(
    `the cluster's Services are of IPv${own}, the flow of IPv${other}: give one of IPv${own}`,
  );
}
