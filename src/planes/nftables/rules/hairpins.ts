/** How a change of one service-port changes the set hairpin-connections (since 1.36): addresses of this node's endpoints. */

import { type Cluster, servesPolicyLocal } from "../../../cluster/cluster.js";
import type { NftLayout } from "../version.js";
import { chainsOf, isReached } from "./frontends.js";

/** An element, in words. */
export interface Hairpin {
  readonly address: number;
  readonly protocol: number;
  readonly port: number;
}

/** Elements that a change adds and deletes. Two service-ports may share an endpoint, and the set holds it once. */
export function hairpinChanges(
  before: Cluster,
  after: Cluster,
  servicePort: number,
  { hasEndpointChains }: NftLayout,
): { added: readonly Hairpin[]; deleted: readonly Hairpin[] } {
  if (hasEndpointChains) return { added: [], deleted: [] };
  const [was, is] = [localEndpoints(before, servicePort), localEndpoints(after, servicePort)];
  const added = [...is].filter(([key]) => !was.has(key));
  const deleted = [...was].filter(([key]) => !is.has(key));
  if (added.length + deleted.length === 0) return { added: [], deleted: [] };
  const others = new Set<string>();
  for (let p = 0; p < after.servicePorts; p++) {
    if (p === servicePort) continue;
    for (const key of localEndpoints(after, p).keys()) others.add(key);
  }
  const alone = (entries: readonly (readonly [string, Hairpin])[]) =>
    entries.filter(([key]) => !others.has(key)).map(([, hairpin]) => hairpin);
  return { added: alone(added), deleted: alone(deleted) };
}

function localEndpoints(cluster: Cluster, p: number): Map<string, Hairpin> {
  const found = new Map<string, Hairpin>();
  const [first, end] = [cluster.endpointStart[p]!, cluster.endpointStart[p + 1]!];
  let isAnyLocal = false;
  for (let e = first; e < end; e++) isAnyLocal ||= servesPolicyLocal(cluster.endpointLocal[e]!);
  if (!isAnyLocal) return found;
  const chains = chainsOf(cluster, p);
  for (let e = first; e < end; e++) {
    if (!servesPolicyLocal(cluster.endpointLocal[e]!) || !isReached(cluster, e, chains)) continue;
    const hairpin = {
      address: cluster.endpointAddress[e]! | 0,
      protocol: cluster.protocol[p]!,
      port: cluster.endpointPort[e]!,
    };
    found.set(`${hairpin.address} ${hairpin.protocol} ${hairpin.port}`, hairpin);
  }
  return found;
}
