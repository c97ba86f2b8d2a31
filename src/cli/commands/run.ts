import { join } from "node:path";
import type { CommandModule } from "yargs";
import type { Cluster } from "../../cluster/cluster.js";
import { type DualStack, familiesOf } from "../../cluster/family.js";
import { UsageError } from "../../errors.js";
import { FILE_FORMATS, type ReportFormat } from "../../output/formats.js";
import type { Results } from "../../results/schema.js";
import { LANES } from "../../run/lanes/index.js";
import { DEFAULT_LANE } from "../../run/options.js";
import type { RunSpecInput } from "../../run/spec.js";
import type { CatalogNames } from "../options/catalog-names.js";
import { clusterLaneOptions } from "../options/cluster-lane.js";
import { type NodeArguments, nodeOptions, refuseNodeOptions, withNodeFacts } from "../options/node.js";
import { parseChoices } from "../options/parse.js";
import { refuseForeignOptions } from "../options/plane-option.js";
import {
  type GivenOptions,
  readRunSpec,
  refuseWithResume,
  withRunOptions,
  writeCommand,
} from "../options/run.js";

/** The family is among the run's own options. */
interface Arguments extends Omit<NodeArguments, "family"> {
  out: string | undefined;
  resume: boolean;
  formats: string | undefined;
  json: boolean;
  yes: boolean;
  "dry-run": boolean;
  verbose: boolean;
}

/** `none` goes alone: results.json and nothing drawn. */
const RUN_FORMATS = [...FILE_FORMATS, "none"] as const;

/** Options that belong to no plan: what they do with --resume. `test/cli/resume-options.test.ts` asks it of each. */
export const WITH_RESUME = {
  out: "used",
  resume: "used",
  formats: "used",
  json: "used",
  verbose: "used",
  // Of the cluster that is given again with --cluster; refused without it.
  node: "with --cluster",
  "node-address": "with --cluster",
  "pod-range": "with --cluster",
  yes: "used",
  // Of new runs in a cluster.
  "dry-run": "refused",
} as const;

/** The command; with names of the catalog, help lists them. */
export const runCommand = (names?: CatalogNames): CommandModule<object, Arguments> => ({
  command: "run",
  describe: "Measure: every plane at every number of Services, then charts and a table",
  builder: (yargs) =>
    withNodeFacts(withRunOptions(yargs, names))
      .option("out", {
        type: "string",
        requiresArg: true,
        describe: "Folder of the run; results/runs/<id> by default",
      })
      .option("resume", { type: "boolean", default: false, describe: "Finish the interrupted run in --out" })
      .option("formats", {
        type: "string",
        requiresArg: true,
        describe: `What is drawn: ${FILE_FORMATS.join(", ")}; none: results.json alone; by default the profile's pictures, html, md, csv`,
      })
      .option("json", {
        type: "boolean",
        default: false,
        describe: "Print the results as JSON instead of the table",
      })
      .option("yes", { type: "boolean", default: false, describe: "Lane cluster: begin without asking" })
      .option("dry-run", {
        type: "boolean",
        default: false,
        describe: "Lane cluster: print every object that would be made, and make none",
      })
      .option("verbose", {
        type: "boolean",
        default: false,
        describe: "List every file that was written, and why charts are missing",
      }),
  handler: async (args) => {
    const { out, json } = args;
    if (out === "") throw new UsageError("--out needs a folder");
    const formats = args.formats === undefined ? undefined : parseFormats(args.formats);
    const finish = async (results: Results, folder: string) => {
      const { reportRun } = await import("../report-run.js");
      await reportRun(results, folder, { formats, json, verbose: args.verbose });
    };
    if (args.resume) {
      if (out === undefined) throw new UsageError("--resume needs --out: the folder of the run to finish");
      refuseWithResume(args);
      if (args["dry-run"]) throw new UsageError("--dry-run shows what a new run would make: leave it out");
      const { clusterLane } = readRunSpec({ ...clusterLaneOptions(args), lane: "cluster" });
      const cluster = await clusterOf(args);
      const { agreeOnResumed } = await import("../cluster-plan.js");
      if (!(await agreeOnResumed(out, clusterLane, args.yes))) return;
      const { measureForTerminal } = await import("../measure.js");
      await measureForTerminal({ resume: out, clusterLane, cluster, finish });
      return;
    }
    const asked = readRunSpec(args);
    if (asked.planes !== undefined && (asked.lane ?? DEFAULT_LANE) === "model")
      refuseForeignOptions(args, asked.planes);
    if (asked.endpoints !== undefined && typeof (args as GivenOptions).cluster === "string") {
      throw new UsageError("--endpoints is for generated clusters: leave it out with --cluster");
    }
    const cluster = await clusterOf(args);
    const spec = cluster === undefined ? asked : await withImportedFlags(asked, cluster);
    // Only here: a usage error needs neither zod nor the engine.
    const { checkRunSpec } = await import("../../run/spec.js");
    const parsed = checkRunSpec(spec, LANES);
    if (parsed.lane === "cluster") {
      const { agreeOnCluster } = await import("../cluster-plan.js");
      if (!(await agreeOnCluster(parsed, { dryRun: args["dry-run"], yes: args.yes }))) return;
    } else if (args.yes || args["dry-run"]) {
      throw new UsageError(
        "--yes and --dry-run are for the cluster lane: leave them out, or add --lane cluster",
      );
    }
    const { measureForTerminal } = await import("../measure.js");
    await measureForTerminal({
      spec,
      command: writeCommand(parsed, cluster !== undefined),
      cluster,
      out: out ?? ((runId) => join("results", "runs", runId)),
      finish,
    });
  },
});

/** Measures rules as the node had them that the cluster was read from. */
async function withImportedFlags(spec: RunSpecInput, cluster: Cluster | DualStack): Promise<RunSpecInput> {
  const { importedSettings } = await import("../../planes/imported-options.js");
  const found = importedSettings(familiesOf(cluster)[0]);
  if (Object.keys(found).length === 0) return spec;
  if ((spec.lane ?? DEFAULT_LANE) !== "model") {
    const { note } = await import("../output.js");
    note(`the ${spec.lane} lane does not use the flags that the rules show: its planes have their own`);
    return spec;
  }
  return { ...spec, planeOptions: { ...found, ...spec.planeOptions } };
}

function parseFormats(text: string): ReportFormat[] {
  const asked = parseChoices(text, "formats", RUN_FORMATS);
  const drawn = asked.filter((format): format is ReportFormat => format !== "none");
  if (drawn.length > 0 && drawn.length < asked.length) {
    throw new UsageError("--formats none draws nothing: give it alone, or leave it out");
  }
  return drawn;
}

async function clusterOf(
  args: GivenOptions & Partial<NodeArguments>,
): Promise<Cluster | DualStack | undefined> {
  const { cluster } = args;
  if (typeof cluster !== "string") {
    // Clusters are generated with any family; a run that is resumed has its own.
    refuseNodeOptions(args.resume === true ? args : { ...args, family: undefined });
    return undefined;
  }
  const { readFamilies } = await import("../input.js");
  const chosen = readFamilies(cluster, nodeOptions(args));
  if ("ipv4" in chosen && args.family === undefined) {
    const { note } = await import("../output.js");
    note("both families are measured: --family 4 or 6 measures one");
  }
  return chosen;
}
