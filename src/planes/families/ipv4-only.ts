/** Which planes know IPv6. */

import type { Cluster } from "../../cluster/cluster.js";
import { familyOf } from "../../cluster/family.js";
import { PlaneLimitError } from "../../errors.js";

/** Throws PlaneLimitError for a cluster of IPv6. `who`: the plane, format or command that knows IPv4 only. */
export function requireIpv4(cluster: Cluster, who: string): void {
  if (familyOf(cluster.network) === 4) return;
  throw new PlaneLimitError(`${who} knows IPv4 only, and these Services are of IPv6: use --family 4`);
}
