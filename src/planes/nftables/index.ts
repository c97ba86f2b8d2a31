import type { Plane } from "../plane.js";
import { NftablesProgram } from "./program.js";

/** kube-proxy's nftables mode: verdict maps. */
export const nftables: Plane = {
  id: "nftables",
  label: "nftables",
  compile: (cluster) => new NftablesProgram(cluster),
};
