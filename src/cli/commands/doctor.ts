import type { CommandModule } from "yargs";
import { BATCH_SOURCE } from "../../measure/batch.js";
import { readEnvironment } from "../../measure/environment.js";
import { pinnableCpu } from "../../measure/spawn.js";
import type { Environment } from "../../results/schema.js";
import { print, printJson } from "../output.js";

interface Arguments {
  json: boolean;
}

export const doctor: CommandModule<object, Arguments> = {
  command: "doctor",
  describe: "What this machine can measure, what makes it noisy, and what to do about it",
  builder: (yargs) => yargs.option("json", { type: "boolean", default: false, describe: "As JSON" }),
  handler: async ({ json }) => {
    const environment = readEnvironment(pinnableCpu());
    const advice = adviceFor(environment);
    if (json) return printJson({ environment, advice });
    const caches = Object.entries(environment.caches).map(([name, bytes]) => `${name} ${bytes / 1024} KiB`);
    await print(
      [
        `${environment.cpu}, ${environment.cores} cores, ${caches.join(", ") || "caches unknown"}`,
        `${environment.os} ${environment.kernel} ${environment.architecture}, Node ${environment.node}`,
        `model lane: ready${environment.pinnedCpu === null ? "" : `, timed processes pinned to CPU ${environment.pinnedCpu}`}`,
        ...(advice.length > 0
          ? advice.map((line) => `- ${line}`)
          : ["nothing stands in the way of a quiet measurement"]),
        "",
        "The timed loop, compiled afresh for each model:",
        BATCH_SOURCE.trim(),
        "",
      ].join("\n"),
    );
  },
};

/** What makes this machine's numbers noisier, and what would help, in words. */
export function adviceFor(environment: Environment): string[] {
  const load = environment.loadBefore[0] ?? 0;
  return [
    environment.pinnedCpu === null &&
      "timed processes can't be pinned: install taskset (util-linux) and use a machine with two cores or more",
    environment.cores < 2 && "one core: the parent and the system share it with what is timed",
    environment.virtualisation === "virtual machine" &&
      "a virtual machine: neighbours share its caches; compare planes within a run, not runs with each other",
    load > 0.5 * environment.cores &&
      `load ${load.toFixed(1)}: stop other work first, intervals will be wide otherwise`,
    !["performance", "unknown"].includes(environment.governor) &&
      `frequency governor ${environment.governor}: set it to performance (cpupower frequency-set -g performance)`,
    environment.architecture !== "x64" &&
      "structure sizes are those of x86-64, as every plane is laid out here",
  ].filter((line) => line !== false);
}
