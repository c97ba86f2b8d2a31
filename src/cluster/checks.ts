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
  return plain.length > maxLength ? `${plain.slice(0, maxLength)}…` : plain;
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

/**
 * Refuses two owners of one thing, as the API server does: a name, a cluster IP, an address with protocol and port, a
 * NodePort with protocol, a port name within a service.
 */
export function refuseConflicts(records: readonly ServiceRecord[], network: Pick<Network, "ipv6">): void {
  const owners = new Map<string, string>();
  const claim = (key: string, owner: string, what: string): void => {
    const other = owners.get(key);
    if (other !== undefined) {
      const whose = other === owner ? "is given twice" : `belongs to Service ${other} already`;
      throw new InvalidClusterError(`Service ${owner}: ${what} ${whose}`);
    }
    owners.set(key, owner);
  };
  for (const { name, clusterIp, externalIps = [], ingressIps = [], ports } of records) {
    claim(`service ${name}`, name, "the name");
    claim(`ip ${clusterIp}`, name, `clusterIP ${addressText(network, clusterIp)}`);
    for (const [i, { name: portName = "", protocol, port, nodePort }] of ports.entries()) {
      const text = `${protocolName(protocol)} port ${port}`;
      for (const address of [clusterIp, ...externalIps, ...ingressIps]) {
        claim(
          `${address} ${protocol} ${port}`,
          name,
          `ports[${i}]: ${text} at ${addressText(network, address)}`,
        );
      }
      if (nodePort) {
        const what = `ports[${i}].nodePort: ${nodePort} (${protocolName(protocol)})`;
        claim(`node ${protocol} ${nodePort}`, name, what);
      }
      claim(`port ${name}:${portName}`, name, `ports[${i}].name: "${portName}"`);
    }
  }
}
