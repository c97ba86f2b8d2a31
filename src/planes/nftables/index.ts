import type { Plane } from "../plane.js";
import { NFTABLES } from "./descriptor.js";
import { NftablesProgram } from "./program.js";

/** kube-proxy's nftables mode: verdict maps. */
export const nftables: Plane = {
  id: NFTABLES.id,
  label: NFTABLES.name,
  descriptor: NFTABLES,
  compile: (cluster, options) => new NftablesProgram(cluster, options),
};
