import type { CommandModule } from "yargs";
import { batchSource } from "../../measure/batch.js";
import { readEnvironment } from "../../measure/environment.js";
import { pinnableCpu } from "../../measure/spawn.js";
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
    const advice = environment.unfit;
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
        batchSource("lookup").trim(),
        "",
      ].join("\n"),
    );
  },
};
