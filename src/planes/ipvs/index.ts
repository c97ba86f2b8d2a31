import type { Plane } from "../plane.js";
import { IpvsProgram } from "./program.js";

/** kube-proxy's IPVS mode: virtual services in a hash table, and a constant number of rules that match ipsets. */
export const ipvs: Plane = {
  id: "ipvs",
  label: "IPVS",
  compile: (cluster, options) => new IpvsProgram(cluster, options),
};
