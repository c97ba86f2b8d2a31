import { InvalidOptionError } from "../../errors.js";
import type { Plane } from "../plane.js";
import { IpvsFamilies } from "./both.js";
import { IPVS } from "./descriptor.js";
import { IpvsProgram } from "./program.js";
import { ipvsHandedText } from "./ruleset-delta.js";
import { isIpvsScheduler } from "./schedulers/names.js";

/** kube-proxy's IPVS mode: virtual services in a hash table, and a constant number of rules that match ipsets. */
export const ipvs: Plane = {
  id: IPVS.id,
  label: IPVS.name,
  descriptor: IPVS,
  scheduledBy: (scheduler) => {
    if (!isIpvsScheduler(scheduler)) throw new InvalidOptionError(`unknown IPVS scheduler "${scheduler}"`);
    return { ipvsScheduler: scheduler };
  },
  compile: (cluster, options) => new IpvsProgram(cluster, options),
  compileBoth: (clusters, options) => new IpvsFamilies(clusters, options),
  updateText: (program, change) => {
    if (!(program instanceof IpvsProgram)) throw new TypeError("not an IPVS program");
    return [ipvsHandedText(program.changed(change))];
  },
};
