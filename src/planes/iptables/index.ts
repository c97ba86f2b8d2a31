import type { Plane } from "../plane.js";
import { changedService } from "../shared/changed-services.js";
import { IPTABLES } from "./descriptor.js";
import { IptablesProgram } from "./program.js";
import { iptablesHandedText } from "./ruleset.js";

/** kube-proxy's iptables mode: rules tried one after another. */
export const iptables: Plane = {
  id: IPTABLES.id,
  label: IPTABLES.name,
  descriptor: IPTABLES,
  compile: (cluster, options) => new IptablesProgram(cluster, options),
  updateText: (program, change, mode) => {
    if (!(program instanceof IptablesProgram)) throw new TypeError("not an iptables program");
    const services = changedService(program.cluster.service[change.servicePort]!);
    return iptablesHandedText({ before: program, after: program.changed(change), services }, mode);
  },
};
