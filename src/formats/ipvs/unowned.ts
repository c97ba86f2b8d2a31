/** What IPVS holds of Services without saying whose it is: each is given to a Service that it fits, which is said. */

import { isIngressIp } from "../../cluster/cluster.js";
import type { FoundPort } from "../assemble.js";
import type { VirtualService } from "./ipvsadm.js";
import type { SavedKubeSets } from "./sets.js";

/**
 * NodePorts without servers to cluster IPs without servers: every packet to one of them is refused, whoever's it is.
 * Returns how many.
 */
export function giveNodePorts(
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
 * Health-check ports to load balancers of policy Local. Returns how many may be another's, and for how many there is no
 * load balancer.
 */
export function giveHealthChecks(
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
