/** What every cluster from outside must satisfy, whatever its format: names, and one owner for each frontend. */

import type { z } from "zod";
import { InvalidClusterError } from "../errors.js";
import type { ServiceRecord } from "./build.js";
import { type Network, protocolName } from "./cluster.js";
import { addressText } from "./family.js";

/** Bounds on what one service may hold, from whatever format: far above any cluster, far below what fills the memory. */
export const MAX_PORTS_OF_SERVICE = 10_000;
export const MAX_ENDPOINTS_OF_PORT = 100_000;
export const MAX_ADDRESSES_OF_SERVICE = 1_000;
/** The API server's bound of `sessionAffinityConfig.clientIP.timeoutSeconds`. */
export const MAX_AFFINITY_SECONDS = 86_400;

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** RFC 1123 label, at most 63 characters: namespaces, and names of service-ports (`ServicePort.name`: "a DNS_LABEL"). */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && DNS_LABEL.test(text);
}

/** `namespace/name`: a label and an RFC 1123 subdomain. Names end up in rules and reports, so nothing else gets in. */
export function isServiceName(text: string): boolean {
  if (text.length > 63 + 1 + 253) return false;
  const [namespace, name, ...rest] = text.split("/");
  return (
    rest.length === 0 &&
    isDnsLabel(namespace!) &&
    name !== undefined &&
    name.length <= 253 &&
    name.split(".").every((label) => DNS_LABEL.test(label))
  );
}

/** Text from outside, fit for a message: one line, no control or bidirectional characters, not endless. */
export function oneLine(text: string, maxLength = 160): string {
  const plain = text.slice(0, 2 * maxLength).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "?");
  // By characters: half of one that takes two words of UTF-16 is not a character.
  const characters = [...plain];
  return characters.length > maxLength ? `${characters.slice(0, maxLength).join("")}…` : plain;
}

/** The first thing that a schema found, as `spec.ports[0].port: what is wrong`. */
export function describeIssue(error: z.ZodError, skip = 0): string {
  const { path, message } = error.issues[0]!;
  const field = path
    .slice(skip)
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`))
    .join("")
    .replace(/^\./, "");
  return oneLine(field === "" ? message : `${field}: ${message}`);
}

/** What to do about two owners of one thing. */
const REMEDY = {
  name: "give one cluster's objects, each once",
  clusterIp: "a cluster gives each Service its own, so give one cluster's Services, once",
  nodePort: "a cluster gives each to one Service, so give one cluster's Services, or change one of the two",
  portName: "give each port a name of its own",
  /** The API server takes it. kube-proxy reads Services in Go's random order of a map: the last it writes wins in nftables
   * and IPVS, the first in iptables, and at its next full sync perhaps the other. */
  shared: "kube-proxy sends connections to one of the two, by chance: take the address or the port from one",
} as const;

/**
 * Refuses two owners of one thing: what the API server refuses (a name, a cluster IP, a NodePort with protocol, a port name
 * within a Service), and an address with protocol and port, which kube-proxy gives to any of its owners.
 */
export function refuseConflicts(records: readonly ServiceRecord[], network: Pick<Network, "ipv6">): void {
  const owners = new Map<string, string>();
  const claim = (key: string, owner: string, what: string, remedy: string): void => {
    const other = owners.get(key);
    if (other !== undefined) {
      const whose = other === owner ? "is given twice" : `belongs to Service ${other} already`;
      const todo = other === owner && remedy === REMEDY.shared ? "remove one" : remedy;
      throw new InvalidClusterError(`Service ${owner}: ${what} ${whose}: ${todo}`);
    }
    owners.set(key, owner);
  };
  for (const { name, clusterIp, externalIps = [], ingressIps = [], ports } of records) {
    const external = new Set(externalIps);
    // One address may be in both lists of a Service.
    const addresses = [clusterIp, ...externalIps, ...ingressIps.filter((address) => !external.has(address))];
    claim(`service ${name}`, name, "the name", REMEDY.name);
    claim(`ip ${clusterIp}`, name, `clusterIP ${addressText(network, clusterIp)}`, REMEDY.clusterIp);
    for (const [i, { name: portName = "", protocol, port, nodePort }] of ports.entries()) {
      const text = `${protocolName(protocol)} port ${port}`;
      for (const address of addresses) {
        const what = `ports[${i}]: ${text} at ${addressText(network, address)}`;
        claim(`${address} ${protocol} ${port}`, name, what, REMEDY.shared);
      }
      if (nodePort) {
        const what = `ports[${i}].nodePort: ${nodePort} (${protocolName(protocol)})`;
        claim(`node ${protocol} ${nodePort}`, name, what, REMEDY.nodePort);
      }
      claim(`port ${name}:${portName}`, name, `ports[${i}].name: "${portName}"`, REMEDY.portName);
    }
  }
}
