/** What makes a machine's numbers noisier than they need to be, and what would help. Nothing here refuses to run. */

import type { Environment } from "../results/schema.js";

const MAX_LOAD_SHARE = 0.5;
const MAX_STEAL_SHARE = 0.01;

/** Reasons in words that say what to do; empty on a machine made for measuring. */
export function environmentWarnings(environment: Omit<Environment, "unfit">): string[] {
  const { pinnedCpu, cores, virtualisation, governor, turbo, smt, stealShare, architecture } = environment;
  const load = environment.loadBefore[0] ?? 0;
  return [
    pinnedCpu === null &&
      "timed processes can't be pinned: install taskset (util-linux) and use a machine with two cores or more",
    cores < 2 && "one core: the parent and the system share it with what is timed; use a machine with more",
    virtualisation === "virtual machine" &&
      "a virtual machine: neighbours share its caches; compare planes within a run, not runs with each other",
    load > MAX_LOAD_SHARE * cores &&
      `load ${load.toFixed(1)} at the start: stop other work first, intervals will be wide otherwise`,
    stealShare !== null &&
      stealShare > MAX_STEAL_SHARE &&
      `the hypervisor gave ${(100 * stealShare).toFixed(1)} % of the processors' time to other tenants: choose a host with dedicated cores`,
    !["performance", "unknown"].includes(governor) &&
      `frequency governor ${governor}: set it to performance (cpupower frequency-set -g performance)`,
    turbo === "on" &&
      "turbo is on: clock rates follow temperature and neighbours; switch it off for the run (…/intel_pstate/no_turbo or …/cpufreq/boost)",
    smt === "on" &&
      "SMT is on: the sibling thread shares the core's caches; leave it idle or switch it off (…/cpu/smt/control)",
    architecture !== "x64" && "structure sizes are those of x86-64, as every plane is laid out here",
  ].filter((line) => line !== false);
}
