import { join } from "node:path";
import type { CommandModule } from "yargs";
import type { Cluster } from "../../cluster/cluster.js";
import { UsageError } from "../../errors.js";
import { parseRunSpec } from "../../run/spec.js";
import { readCluster } from "../input.js";
import { measureForTerminal } from "../measure.js";
import {
  type GivenOptions,
  readRunSpec,
  refuseWithResume,
  withRunOptions,
  writeCommand,
} from "../options/run.js";
import { reportRun } from "../report-run.js";

interface Arguments {
  out: string | undefined;
  resume: boolean;
  json: boolean;
}

export const run: CommandModule<object, Arguments> = {
  command: "run",
  describe: "Measure: every plane at every number of services, then charts and a table",
  builder: (yargs) =>
    withRunOptions(yargs)
      .option("out", {
        type: "string",
        requiresArg: true,
        describe: "Folder of the run; results/runs/<id> by default",
      })
      .option("resume", { type: "boolean", default: false, describe: "Finish the interrupted run in --out" })
      .option("json", {
        type: "boolean",
        default: false,
        describe: "Print the results as JSON instead of the table",
      }),
  handler: async (args) => {
    const { out, json } = args;
    const finish = (results: Parameters<typeof reportRun>[0], folder: string) =>
      reportRun(results, folder, json);
    if (args.resume) {
      if (out === undefined) throw new UsageError("--resume needs --out: the folder of the run to finish");
      refuseWithResume(args);
      await measureForTerminal({ resume: out, cluster: clusterOf(args), finish });
      return;
    }
    const spec = readRunSpec(args);
    const cluster = clusterOf(args);
    await measureForTerminal({
      spec,
      command: writeCommand(parseRunSpec(spec), cluster !== undefined),
      cluster,
      out: (runId) => out ?? join("results", "runs", runId),
      finish,
    });
  },
};

function clusterOf({ cluster }: GivenOptions): Cluster | undefined {
  return typeof cluster === "string" ? readCluster(cluster) : undefined;
}
