import type { Plane } from "../plane.js";
import { IPTABLES } from "./descriptor.js";
import { IptablesProgram } from "./program.js";

/** kube-proxy's iptables mode: rules tried one after another. */
export const iptables: Plane = {
  id: IPTABLES.id,
  label: IPTABLES.name,
  descriptor: IPTABLES,
  compile: (cluster, options) => new IptablesProgram(cluster, options),
};
