/** Finds a service-port by the name a person types. */

import { type Cluster, protocolName, servicePortName } from "../cluster/cluster.js";
import { UnknownNameError } from "../errors.js";

/** Names proposed for one that does not exist. */
const PROPOSALS = 3;
/** A namespace, a slash and a name have at most 127 characters. */
const MAX_COMPARED = 127;
/** Edits of a typing mistake, as a share of the name: more make it another word. */
const MAX_EDITS_SHARE = 0.4;

/**
 * The service-port of `namespace/name`, `namespace/name:port` or `name` alone where one namespace has it; the port by name
 * or number, with `/udp` where two protocols share it. Without a port: the service's first.
 *
 * @param cluster The cluster to search.
 * @param name Such as `default/web:http` or `web:53/udp`.
 * @returns The number of the service port: an index into the cluster's columns.
 * @throws UnknownNameError with close matches where no service or port has the name.
 * @example
 * ```ts
 * import { readFileSync } from "node:fs";
 * import { findServicePort, importCluster } from "lbscale";
 *
 * const { cluster } = importCluster(readFileSync("test/data/online-boutique.yaml", "utf8"));
 * console.log(findServicePort(cluster, "default/frontend:80/tcp"));
 * ```
 */
export function findServicePort(cluster: Cluster, name: string): number {
  const [wanted = "", port] = splitPort(name);
  const services = servicesCalled(cluster, wanted);
  if (services.length > 1) {
    throw new UnknownNameError(
      `"${wanted}" is in several namespaces: choose from ${services.slice(0, PROPOSALS).map(cluster.serviceName).join(", ")}`,
    );
  }
  const [service] = services;
  if (service === undefined) {
    const names = Array.from({ length: cluster.services }, (_, s) => cluster.serviceName(s));
    throw new UnknownNameError(`no Service "${wanted}" in this cluster: ${proposal(wanted, names)}`);
  }
  const first = cluster.portStart[service]!;
  const end = cluster.portStart[service + 1]!;
  if (first === end)
    throw new UnknownNameError(`${cluster.serviceName(service)} has no port that could be entered`);
  if (port === undefined) return first;
  for (let p = first; p < end; p++) if (isCalled(cluster, p, port)) return p;
  const ports = Array.from({ length: end - first }, (_, i) => describePort(cluster, first + i));
  throw new UnknownNameError(
    `${cluster.serviceName(service)} has no port "${port}": choose from ${ports.join(", ")}`,
  );
}

/** The other ports of a service-port's service, as `findServicePort` takes them. */
export function otherPorts(cluster: Cluster, servicePort: number): string[] {
  const service = cluster.service[servicePort]!;
  const others: string[] = [];
  for (let p = cluster.portStart[service]!; p < cluster.portStart[service + 1]!; p++) {
    if (p !== servicePort) others.push(describePort(cluster, p));
  }
  return others;
}

function splitPort(name: string): string[] {
  const colon = name.indexOf(":");
  return colon < 0 ? [name] : [name.slice(0, colon), name.slice(colon + 1)];
}

function servicesCalled(cluster: Cluster, wanted: string): number[] {
  const found: number[] = [];
  const qualified = wanted.includes("/");
  for (let s = 0; s < cluster.services; s++) {
    const name = cluster.serviceName(s);
    if (name === wanted || (!qualified && name.slice(name.indexOf("/") + 1) === wanted)) found.push(s);
  }
  return found;
}

function isCalled(cluster: Cluster, p: number, port: string): boolean {
  const number = String(cluster.port[p]);
  return [cluster.portName(p), number, `${number}/${protocolName(cluster.protocol[p]!)}`].includes(
    port.toLowerCase(),
  );
}

function describePort(cluster: Cluster, p: number): string {
  const number = `${cluster.port[p]}/${protocolName(cluster.protocol[p]!)}`;
  return cluster.portName(p) === "" ? number : `${servicePortName(cluster, p).split(":")[1]} (${number})`;
}

/** The few names with the least edits, in the name alone or with its namespace; any few where none is close. */
function proposal(typed: string, names: readonly string[]): string {
  const wanted = typed.slice(0, MAX_COMPARED);
  const bare = (name: string) => name.slice(name.indexOf("/") + 1);
  const distance = (name: string) =>
    Math.min(editDistance(wanted, name), editDistance(bare(wanted), bare(name)));
  const close = names
    .map((name) => ({ name, distance: distance(name) }))
    .filter((candidate) => candidate.distance <= Math.max(1, bare(wanted).length * MAX_EDITS_SHARE))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, PROPOSALS)
    .map(({ name }) => name);
  return close.length > 0
    ? `did you mean ${close.join(", ")}?`
    : `it has ${names.length}, such as ${names.slice(0, PROPOSALS).join(", ")}`;
}

/** Insertions, deletions and substitutions between two texts (Levenshtein 1966). O(a · b). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = previous[j - 1]! + Number(a[i - 1] !== b[j - 1]);
      current.push(Math.min(substituted, previous[j]! + 1, current[j - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
