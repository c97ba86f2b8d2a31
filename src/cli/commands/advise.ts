import { join } from "node:path";
import type { CommandModule } from "yargs";
import { adviseCluster, adviseSizes } from "../../advice/advise.js";
import { adviceAssumptions, adviceHeading, adviceTable, formatAdvice } from "../../advice/advise-text.js";
import { CATALOG } from "../../catalog.js";
import type { Cluster } from "../../cluster/cluster.js";
import { growCluster } from "../../cluster/grow.js";
import { InputError, UsageError } from "../../errors.js";
import type { KubeProxyVersion } from "../../planes/kube-proxy-versions.js";
import { PLANE_IDS, planeChoices } from "../../planes/registry-loader.js";
import { readResults } from "../../results/files.js";
import type { Results } from "../../results/schema.js";
import type { RunEvent } from "../../run/events.js";
import { parseRunSpec } from "../../run/spec.js";
import { formatCount } from "../../text.js";
import { readCluster } from "../input.js";
import { InterruptedError } from "../interrupted.js";
import { measureForTerminal } from "../measure.js";
import { type KubeProxyChoice, withKubeProxy } from "../options/kube-proxy.js";
import { parsePlanes } from "../options/parse.js";
import { readRunSpec, writeCommand } from "../options/run.js";
import { alignColumns, note, print, printJson } from "../output.js";

interface Arguments extends KubeProxyChoice {
  cluster: string;
  profile: string;
  planes: string | undefined;
  replicates: string | undefined;
  run: string | undefined;
  seed: string;
  out: string | undefined;
  json: boolean;
}

/** An interval and a crossover need six; one more costs little. */
const QUICK_REPLICATES = "7";

export const advise: CommandModule<object, Arguments> = {
  command: "advise <cluster>",
  describe:
    "What each plane costs this cluster: measures lookups on this machine (about a minute; Ctrl-C stops), counts updates and memory, finds crossovers",
  builder: (yargs) =>
    withKubeProxy(yargs)
      .positional("cluster", {
        type: "string",
        demandOption: true,
        describe: "A cluster file, or - for standard input",
      })
      .option("profile", {
        type: "string",
        default: "quick",
        requiresArg: true,
        describe: `How long to measure: ${CATALOG.profiles.map(({ id }) => id).join(", ")}`,
      })
      .option("planes", { type: "string", requiresArg: true, describe: `Planes: ${planeChoices()}` })
      .option("replicates", {
        type: "string",
        requiresArg: true,
        describe: `Fresh processes per cell; ${QUICK_REPLICATES} with the quick profile`,
      })
      .option("run", {
        type: "string",
        requiresArg: true,
        describe: "Take the times of this run instead of measuring",
      })
      .option("seed", {
        type: "string",
        default: "1",
        requiresArg: true,
        describe: "Random seed",
      })
      .option("out", {
        type: "string",
        requiresArg: true,
        describe: "Folder of the run that is measured; results/runs/<id> by default",
      })
      .option("json", { type: "boolean", default: false, describe: "As JSON" }),
  handler: async (args) => {
    const planes = args.planes === undefined ? PLANE_IDS : parsePlanes(args.planes);
    const cluster = readCluster(args.cluster);
    if (cluster.servicePorts === 0) throw new UsageError("this cluster has no service-port to advise on");
    const run =
      args.run === undefined ? await measureHere(args, cluster) : storedRun(args.run, args["kube-proxy"]);
    const advice = adviseCluster(cluster, run, planes, args["kube-proxy"]);
    const assumptions = adviceAssumptions(advice, run);
    const findings = formatAdvice(advice);
    if (args.json) return printJson({ ...advice, findings, assumptions });
    await print(
      [
        ...adviceHeading(advice),
        "",
        alignColumns(adviceTable(advice)),
        "",
        ...findings,
        "",
        "This assumes:",
        ...assumptions.map((assumption) => `- ${assumption}`),
        "",
      ].join("\n"),
    );
  },
};

/** Measures lookups at the cluster's size, at fewer services and at more, into a run's folder of its own. */
async function measureHere(args: Arguments, cluster: Cluster): Promise<Results> {
  const sizes = adviseSizes(cluster.services).filter((size) => canGrow(cluster, size));
  const replicates = args.replicates ?? (args.profile === "quick" ? QUICK_REPLICATES : undefined);
  const { profile, planes, seed } = args;
  const spec = readRunSpec({
    profile,
    planes,
    seed,
    replicates,
    "kube-proxy": args["kube-proxy"],
    services: sizes.join(","),
    scenarios: "lookup",
  });
  const announce = (event: RunEvent): void => {
    if (event.kind !== "planned") return;
    note(
      `measuring lookups at ${sizes.map(formatCount).join(", ")} services, in ${formatCount(event.cells * event.leastReplicates)} short processes: Ctrl-C stops, and what was measured stays in ${event.out}`,
    );
  };
  let folder = args.out;
  try {
    const { results, out } = await measureForTerminal({
      spec,
      command: writeCommand(parseRunSpec(spec), true),
      cluster,
      out: (runId) => (folder ??= join("results", "runs", runId)),
      onEvent: announce,
    });
    note(`the run is in ${out}: lbscale report ${out} draws it`);
    return results;
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    throw new InterruptedError(
      `${error.message}; what is there advises too: lbscale advise CLUSTER --run ${folder}`,
    );
  }
}

/** A run to advise from. Throws UsageError where its times are of another kube-proxy than the one asked for. */
function storedRun(folder: string, asked: KubeProxyVersion | undefined): Results {
  const results = readResults(folder);
  const modelled = results.run.settings.planes.kubeProxy;
  if (asked !== undefined && modelled !== undefined && modelled !== asked) {
    throw new UsageError(
      `--kube-proxy ${asked}: the run in ${folder} modelled ${modelled}; leave out --run to measure ${asked}, or leave out --kube-proxy`,
    );
  }
  return results;
}

function canGrow(cluster: Cluster, services: number): boolean {
  try {
    growCluster(cluster, services);
    return true;
  } catch (error) {
    if (!(error instanceof InputError) || services <= cluster.services) throw error;
    note(`not measured at ${services} services: ${error.message}`);
    return false;
  }
}
