/** All planes: to add one, add its folder and a line here. */

import { UsageError } from "../errors.js";
import { ebpf, ebpfMaglev } from "./ebpf/index.js";
import { iptables } from "./iptables/index.js";
import { ipvs } from "./ipvs/index.js";
import { nftables } from "./nftables/index.js";
import type { Plane } from "./plane.js";

export const PLANES: readonly Plane[] = [iptables, ipvs, nftables, ebpf, ebpfMaglev];

/** The plane of an id. Throws UsageError naming the planes there are. */
export function planeById(id: string): Plane {
  const plane = PLANES.find((candidate) => candidate.id === id);
  if (!plane) {
    throw new UsageError(`unknown plane "${id}": choose from ${PLANES.map((known) => known.id).join(", ")}`);
  }
  return plane;
}
