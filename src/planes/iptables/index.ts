import type { Plane } from "../plane.js";
import { IptablesProgram } from "./program.js";

/** kube-proxy's iptables mode: rules tried one after another. */
export const iptables: Plane = {
  id: "iptables",
  label: "iptables",
  compile: (cluster, options) => new IptablesProgram(cluster, options),
};
