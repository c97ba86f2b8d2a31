/** Keys, names and kinds in kube-proxy's nftables table. */

import type { AddressPlan } from "../../cluster/address-plan.js";
import { SCTP, TCP, UDP } from "../../cluster/cluster.js";
import { parsePortName } from "../assemble.js";
import { readAddress } from "../families.js";

/** Protocols by name, and by number as nft -n prints them. */
export const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ["tcp", TCP],
  ["udp", UDP],
  ["sctp", SCTP],
  // nft -n
  [String(TCP), TCP],
  [String(UDP), UDP],
  [String(SCTP), SCTP],
]);

export interface Endpoint {
  readonly address: number;
  readonly port: number;
}

/** Until 1.35 in an endpoint chain, since 1.37 in the chain of a service with one. */
export const SINGLE =
  /^meta l4proto \w+ dnat (?:ip6? )?(?:addr \. port )?to (?=[\d[])\[?([\d.]+|[\da-f:]+(?=\]))\]?:(\d+)$/;

/** What makes an endpoint the same. */
export function endpointKey({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}

/** A rule without its values, so that a hundred of them are one line of a report. */
export function kindOfRule(rule: string): string {
  return rule
    .split(" ")
    .filter((word) => /^[a-z][a-z0-9_]*$/.test(word))
    .join(" ");
}

/** `ns1/svc1/tcp/p80`; undefined when it is cut off or no name that Kubernetes allows. */
export function nameOf(text: string): { service: string; portName: string } | undefined {
  const [namespace, service, , portName = ""] = text.split("/");
  return text.endsWith("...")
    ? undefined
    : parsePortName(`${namespace}/${service}${portName === "" ? "" : `:${portName}`}`);
}

/** Address, protocol and port of a map's key; undefined for any other key. */
export function frontendOf(
  key: readonly string[],
  plan: AddressPlan | undefined,
): { address: number; protocol: number; port: number } | undefined {
  const address = readAddress(key[0] ?? "", plan);
  const protocol = PROTOCOLS.get(key[1] ?? "");
  const port = portOf(key[2]);
  return address === undefined || protocol === undefined || !port ? undefined : { address, protocol, port };
}

/** What makes a frontend the same. */
export function frontendKey(address: number, { protocol, port }: { protocol: number; port: number }): string {
  return `${address} ${protocol} ${port}`;
}

/** A port, or 0 for any other text. */
export function portOf(text: string | undefined): number {
  const port = /^\d{1,5}$/.test(text ?? "") ? Number(text) : 0;
  return port <= 65_535 ? port : 0;
}
