/** Options of kube-proxy in the numbers of a cluster. */

import type { Cluster } from "../../cluster/cluster.js";
import { familyOf } from "../../cluster/family.js";
import type { PlaneOptions } from "../plane.js";
import { nodePortAddresses } from "../shared/kube-proxy.js";

/** The same options in the numbers of a cluster, as the contract reads them: NodePorts of IPv6 never answer at ::1. */
export function optionsIn({ network }: Cluster, options: PlaneOptions): PlaneOptions {
  if (familyOf(network) === 4) return options;
  const { nodePortAddresses: chosen, ...rest } = options;
  const addresses = chosen === "primary" ? null : nodePortAddresses(network, chosen);
  return {
    ...rest,
    localhostNodePorts: false,
    ...(chosen === "primary" && { nodePortAddresses: chosen }),
    ...(addresses && { nodePortAddresses: addresses.map((base) => ({ base, prefixLength: 32 })) }),
  };
}
