/** Addresses and ports that IPVS mode does not assign to a Service: each is assigned to one that fits, and reported. */

import { isIngressIp } from "../../cluster/cluster.js";
import type { FoundPort } from "../assemble.js";
import { attach, type CiliumFrontend } from "../cilium/frontends.js";
import type { VirtualService } from "./ipvsadm.js";
import { type SavedKubeSets, setEntryKey } from "./sets.js";

/**
 * NodePorts without servers to cluster IPs without servers: every packet to one of them is refused, whoever's it is.
 * Returns how many.
 */
export function assignNodePorts(
  ports: readonly FoundPort[],
  services: readonly VirtualService[],
  sets: SavedKubeSets,
): number {
  const taken = new Set(ports.map(({ protocol, nodePort }) => `${protocol} ${nodePort}`));
  const empty = ports.filter(({ endpoints, nodePort }) => endpoints.length === 0 && nodePort === 0);
  let given = 0;
  for (const { protocol, port: nodePort, affinitySeconds, servers } of services) {
    const key = `${protocol} ${nodePort}`;
    if (servers.length > 0 || taken.has(key) || !sets.nodePorts.has(key)) continue;
    const isLocal = sets.nodePortsLocal.has(key);
    const at = empty.findIndex(
      (port) =>
        port.protocol === protocol &&
        port.affinitySeconds === affinitySeconds &&
        (port.externalLocal === isLocal || port.externals.size === 0),
    );
    if (at < 0) continue;
    const [owner] = empty.splice(at, 1);
    owner!.nodePort = nodePort;
    owner!.externalLocal ||= isLocal;
    taken.add(key);
    given++;
  }
  return given;
}

/**
 * External addresses without servers to cluster IPs without servers that have the same ports: every packet to one of them
 * is refused, whoever's it is. Returns how many addresses, and the frontends that fit no cluster IP.
 */
export function assignExternals(
  ports: readonly FoundPort[],
  frontends: readonly CiliumFrontend[],
): { readonly given: number; readonly left: readonly CiliumFrontend[] } {
  const byClusterIp = groupBy(ports, ({ clusterIp }) => clusterIp ?? 0);
  const empty = [...byClusterIp.values()].filter((own) => own.every((port) => port.endpoints.length === 0));
  const left: CiliumFrontend[] = [];
  let given = 0;
  for (const own of groupBy(frontends, ({ address }) => address).values()) {
    const at = empty.findIndex((service) => hasPortsOf(service, own));
    if (at < 0) {
      left.push(...own);
      continue;
    }
    const [service] = empty.splice(at, 1);
    for (const frontend of own) {
      const port = service!.find((one) => keyOf(one) === keyOf(frontend));
      if (port) attach(port, frontend);
    }
    given++;
  }
  return { given, left };
}

function groupBy<T>(all: readonly T[], keyOfOne: (one: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const one of all) {
    const group = groups.get(keyOfOne(one));
    if (group) group.push(one);
    else groups.set(keyOfOne(one), [one]);
  }
  return groups;
}

function hasPortsOf(service: readonly FoundPort[], frontends: readonly CiliumFrontend[]): boolean {
  const [wanted, found] = [new Set(frontends.map(keyOf)), new Set(service.map(keyOf))];
  return wanted.size === found.size && [...wanted].every((key) => found.has(key));
}

function keyOf({ protocol, port, affinitySeconds }: FoundPort | CiliumFrontend): string {
  return `${protocol} ${port} ${affinitySeconds}`;
}

/**
 * Health-check ports to load balancers of policy Local. Returns how many may be another's, and for how many there is no
 * load balancer.
 */
export function assignHealthChecks(
  ports: readonly FoundPort[],
  { healthCheckPorts }: SavedKubeSets,
): { readonly given: number; readonly lost: number } {
  const balancers = ports.filter(
    ({ externalLocal, externals }) => externalLocal && [...externals.values()].some(isIngressIp),
  );
  const given = Math.min(balancers.length, healthCheckPorts.length);
  for (let i = 0; i < given; i++) balancers[i]!.healthCheckNodePort = healthCheckPorts[i]!;
  return { given: balancers.length > 1 ? given : 0, lost: healthCheckPorts.length - given };
}

/** A cluster IP that leads to this node's endpoints alone, of a Service that has others too: internal policy Local. */
export function noteInternalPolicies(ports: readonly FoundPort[], services: readonly VirtualService[]): void {
  const servers = new Map(
    services.map((service) => [
      setEntryKey(service.address, service.protocol, service.port),
      service.servers,
    ]),
  );
  for (const port of ports) {
    const own = servers.get(setEntryKey(port.clusterIp ?? 0, port.protocol, port.port))?.length ?? 0;
    const local = port.endpoints.filter((endpoint) => endpoint.local).length;
    port.internalLocal = own > 0 && own === local && own < port.endpoints.length;
  }
}
