/** Where Cilium enters a service-port: its cluster IP, its external addresses, and its NodePort at every address of the node. */

import { type Cluster, isExternalIp, isIngressIp } from "../../../cluster/cluster.js";
import {
  EXTERNAL_IP,
  EXTERNAL_LOCAL,
  ROUTABLE,
  SCOPE_EXTERNAL,
  SCOPE_INTERNAL,
  SOURCE_RANGE,
  TWO_SCOPES,
} from "../layout.js";

/** Where a service-port is entered: an address, a port and a scope. */
export interface Frontend {
  readonly address: number;
  readonly port: number;
  readonly scope: number;
  /** Only endpoints of this node are its backends. */
  readonly localOnly: boolean;
  readonly flags: number;
}

/** The frontends of a service-port: its cluster IP, external addresses, and its NodePort at every address of the node. */
export function frontendsOf(cluster: Cluster, p: number): Frontend[] {
  const s = cluster.service[p]!;
  const port = cluster.port[p]!;
  const internalLocal = cluster.internalLocal[s] === 1;
  const externalLocal = cluster.externalLocal[s] === 1;
  const hasRanges = cluster.rangeStart[s] !== cluster.rangeStart[s + 1];
  const frontends: Frontend[] = [
    {
      address: cluster.clusterIp[s]!,
      port,
      scope: SCOPE_EXTERNAL,
      localOnly: internalLocal,
      flags: externalLocal ? EXTERNAL_LOCAL : 0,
    },
  ];
  const addExternal = (address: number, externalPort: number, more: number, hasInside = true): void => {
    // Inside the cluster the external address follows the internal policy: where the two differ, so do the entries.
    const twoScopes = externalLocal !== internalLocal;
    const flags = more | (externalLocal ? EXTERNAL_LOCAL : 0) | (twoScopes ? TWO_SCOPES : 0);
    const frontend = { address, port: externalPort };
    frontends.push({ ...frontend, flags, scope: SCOPE_EXTERNAL, localOnly: externalLocal });
    if (twoScopes && hasInside) {
      // An address that is also an ingress IP gets its internal-scope entry from the LoadBalancer frontend, which lacks
      // SVC_FLAG_EXTERNAL_IP.
      const inside = { flags: flags & ~EXTERNAL_IP, scope: SCOPE_INTERNAL, localOnly: internalLocal };
      frontends.push({ ...frontend, ...inside });
    }
  };
  for (let x = cluster.externalStart[s]!; x < cluster.externalStart[s + 1]!; x++) {
    const kind = cluster.externalKind[x]!;
    // An external IP has no entry for the inside, even where its flags say so (reflectors/conversions.go).
    const more = ROUTABLE | (hasRanges ? SOURCE_RANGE : 0) | (isExternalIp(kind) ? EXTERNAL_IP : 0);
    addExternal(cluster.externalAddress[x]!, port, more, isIngressIp(kind));
  }
  const nodePort = cluster.nodePort[p]!;
  if (nodePort !== 0) {
    for (const address of cluster.network.nodeAddresses) addExternal(address, nodePort, ROUTABLE);
    // For the addresses of other nodes, which the datapath asks for with address 0 again; nobody outside is sent there.
    addExternal(0, nodePort, 0);
  }
  return frontends;
}
