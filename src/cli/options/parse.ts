/** Arguments as users write them. Each refusal is one line that says what would do. */

import { oneLine } from "../../cluster/checks.js";
import { parseAddress, SCTP, TCP, UDP } from "../../cluster/cluster.js";
import { UsageError } from "../../errors.js";
import type { Flow, PlaneId } from "../../planes/plane.js";
import { choosePlanes, planeChoices } from "../../planes/registry-loader.js";

export const MAX_SERVICES = 1_000_000;

/** A whole number within bounds. */
export function parseInteger(text: string, option: string, min: number, max: number): number {
  const value = /^-?\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new UsageError(`--${option} "${text}": give a whole number from ${min} to ${max}`);
  }
  return value;
}

/** A number; NaN where the text is none. */
export function parseNumber(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}

/** A number between 0 and 1. */
export function parseShare(text: string, option: string): number {
  const value = parseNumber(text);
  if (!(value >= 0 && value <= 1)) throw new UsageError(`--${option} "${text}": give a share from 0 to 1`);
  return value;
}

/** `1,100,1000` as distinct numbers of services in ascending order. */
export function parseServices(text: string): number[] {
  const values = parseList(text, "services").map((part) => parseInteger(part, "services", 1, MAX_SERVICES));
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

/** `192.0.2.10,192.0.2.11` as addresses; none where it is not given. */
export function parseNodeAddresses(text: string | undefined): number[] {
  return (text?.split(",") ?? []).map((part) => {
    const address = parseAddress(part.trim());
    if (address === undefined)
      throw new UsageError(
        `--node-address needs IPv4 addresses with commas between, not "${oneLine(part, 40)}"`,
      );
    return address;
  });
}

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: TCP, udp: UDP, sctp: SCTP };

/** `tcp 10.255.0.5:40000 > 10.96.0.10:80` as a flow. */
export function parseFlow(text: string): Flow {
  const match = /^\s*(tcp|udp|sctp)\s+([\d.]+):(\d+)\s*>\s*([\d.]+):(\d+)\s*$/i.exec(text);
  const src = match && parseAddress(match[2]!);
  const dst = match && parseAddress(match[4]!);
  const sport = Number(match?.[3]);
  const dport = Number(match?.[5]);
  const valid = (port: number) => port >= 1 && port <= 65535;
  if (!match || src === undefined || dst === undefined || !valid(sport) || !valid(dport)) {
    throw new UsageError(
      `--flow "${text}" is invalid: expected "tcp 10.255.0.5:40000 > 10.96.0.10:80", IPv4 and ports from 1 to 65535`,
    );
  }
  return { src: src!, sport, dst: dst!, dport, protocol: PROTOCOLS[match[1]!.toLowerCase()]! };
}
