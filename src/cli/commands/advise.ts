import { join } from "node:path";
import type { CommandModule } from "yargs";
import { type Advice, adviseCluster, adviseSizes } from "../../advice/advise.js";
import { adviceAssumptions, adviceHeading, adviceTable, formatAdvice } from "../../advice/advise-text.js";
import { adviseDualStack, type DualStackAdvice, dualStackTable } from "../../advice/families.js";
import { programmingTable, withoutTimes } from "../../advice/programming.js";
import { CATALOG } from "../../catalog.js";
import type { Cluster } from "../../cluster/cluster.js";
import { FAMILY_NAMES, familiesOf, familyOf } from "../../cluster/family.js";
import { growCluster } from "../../cluster/grow.js";
import { InputError, UsageError } from "../../errors.js";
import { importedSettings } from "../../planes/imported-options.js";
import { KUBE_PROXY_OPTIONS } from "../../planes/kube-proxy-options.js";
import { type PlaneSettings, planeOptionsFrom } from "../../planes/options.js";
import type { PlaneOptions } from "../../planes/plane.js";
import { PLANE_IDS, planeChoices } from "../../planes/registry-loader.js";
import { kubeProxySettings } from "../../planes/shared/kube-proxy.js";
import { readResults } from "../../results/files.js";
import type { Results } from "../../results/schema.js";
import type { RunEvent } from "../../run/events.js";
import { parseRunSpec } from "../../run/index.js";
import { countOf, formatCount } from "../../text.js";
import { readFamilies } from "../input.js";
import { InterruptedError } from "../interruption.js";
import { measureForTerminal } from "../measure.js";
import {
  type KubeProxyChoice,
  kubeProxyOptions,
  kubeProxyOptionsFor,
  onChosenNode,
  podRangesOf,
  withKubeProxy,
} from "../options/kube-proxy.js";
import { familyOption, type NodeName, withNodeName } from "../options/node.js";
import { parsePlanes } from "../options/parse.js";
import { readRunSpec, writeCommand } from "../options/run.js";
import { alignColumns, note, print, printJson } from "../output.js";

interface Arguments extends KubeProxyChoice, NodeName {
  cluster: string;
  profile: string | undefined;
  planes: string | undefined;
  replicates: string | undefined;
  run: string | undefined;
  seed: string | undefined;
  out: string | undefined;
  json: boolean;
}

/** An interval and a crossover need six; one more costs little. */
const QUICK_REPLICATES = "7";
const QUICK = "quick";

export const advise: CommandModule<object, Arguments> = {
  command: "advise <cluster>",
  describe:
    "What each plane costs this cluster: measures lookups on this machine (about a minute; Ctrl-C stops), counts updates and memory, finds crossovers",
  builder: (yargs) =>
    withKubeProxy(withNodeName(yargs))
      .positional("cluster", {
        type: "string",
        demandOption: true,
        describe: "A cluster file, or - for standard input",
      })
      .option("profile", {
        type: "string",
        requiresArg: true,
        describe: `How long to measure: ${CATALOG.profiles.map(({ id }) => id).join(", ")}; ${QUICK} by default`,
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
        requiresArg: true,
        describe: "Random seed of the measurement; 1 by default",
      })
      .option("out", {
        type: "string",
        requiresArg: true,
        describe: "Folder of the run that is measured; results/runs/<id> by default",
      })
      .option("json", { type: "boolean", default: false, describe: "As JSON" }),
  handler: async (args) => {
    if (args.run !== undefined) refuseMeasuring(args);
    const planes = args.planes === undefined ? PLANE_IDS : parsePlanes(args.planes);
    const given = readFamilies(args.cluster, { node: args.node, family: familyOption(args.family) });
    const [cluster, ipv6] = familiesOf(given).map((part) => part && onChosenNode(part, args)) as [
      Cluster,
      Cluster?,
    ];
    if (args.family === "dual" && !ipv6)
      throw new UsageError("--family dual: this cluster has one family only: leave it out");
    if (ipv6)
      note(
        "lookups are those of IPv4; memory and writes are counted for both families too: --family 6 measures IPv6",
      );
    const options = kubeProxyOptionsFor(cluster, args);
    if (cluster.servicePorts === 0) throw new UsageError("this cluster has no service port to advise on");
    const run =
      args.run === undefined
        ? await measureHere(args, cluster)
        : storedRun(args.run, cluster, kubeProxyOptions(args), options);
    const advice = adviseCluster(cluster, run, planes, options);
    const assumptions = adviceAssumptions(advice, run);
    const findings = formatAdvice(advice);
    const both = ipv6 && adviseDualStack({ ipv4: cluster, ipv6 }, run, planes, options);
    if (args.json) return printJson({ ...advice, ...(both && { dualStack: both }), findings, assumptions });
    await print(
      [
        ...adviceHeading(advice),
        "",
        alignColumns(adviceTable(advice)),
        "",
        ...findings,
        "",
        ...(both ? dualStack(both) : []),
        ...programming(advice),
        "This assumes:",
        ...assumptions.map((assumption) => `- ${assumption}`),
        "",
      ].join("\n"),
    );
  },
};

/** What both families take together, as a table of their own. */
function dualStack(advice: DualStackAdvice): string[] {
  const { lead, rows, notes } = dualStackTable(advice);
  return [`${lead}:`, alignColumns(rows), ...notes, ""];
}

/** Predicted times of programming, as a table of their own. */
function programming(advice: Advice): string[] {
  const table = programmingTable(advice.programming, advice.cluster.servicePorts);
  const missing = withoutTimes(advice.planes.map(({ plane }) => plane));
  const lines = [
    ...(table === null ? [] : [`${table.lead}:`, alignColumns(table.rows), `(${table.basis}.)`]),
    ...(missing === undefined ? [] : [missing]),
  ];
  return lines.length === 0 ? [] : [...lines, ""];
}

/** Measures lookups at the cluster's size, at fewer services and at more, into a run's folder of its own. */
async function measureHere(args: Arguments, cluster: Cluster): Promise<Results> {
  const sizes = adviseSizes(cluster.services).filter((size) => canGrow(cluster, size));
  const replicates = args.replicates ?? ((args.profile ?? QUICK) === QUICK ? QUICK_REPLICATES : undefined);
  const { profile = QUICK, planes, seed = "1" } = args;
  const spec = readRunSpec({
    profile,
    planes,
    seed,
    replicates,
    ...planeOptionsGiven(args),
    services: sizes.join(","),
    scenarios: "lookup",
  });
  // What was given wins over what the rules show.
  spec.planeOptions = { ...importedFor(cluster, args), ...spec.planeOptions };
  const announce = (event: RunEvent): void => {
    if (event.kind !== "planned") return;
    note(
      `measuring lookups at ${sizes.map(formatCount).join(", ")} Services, in ${formatCount(event.cells * event.leastReplicates)} short processes: Ctrl-C stops, and what was measured stays in ${event.out}`,
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
      `${error.message}; lbscale advise CLUSTER --run ${folder} uses what was measured`,
    );
  }
}

/** With a run's times nothing is measured: what says how would be ignored. */
function refuseMeasuring(args: Arguments): void {
  const given = (["profile", "replicates", "seed", "out"] as const).find((name) => args[name] !== undefined);
  if (given !== undefined)
    throw new UsageError(`--${given} is for measuring: leave it out with --run, which has its times`);
}

/**
 * A run to advise from.
 * @param asked What was given: the run's times must be of it.
 * @param counted That, and the flags of the cluster's import, whose updates and memory are counted.
 * @throws UsageError where its times are of another kube-proxy than the one asked for.
 */
function storedRun(
  folder: string,
  { network }: Cluster,
  asked: PlaneOptions,
  counted: PlaneOptions,
): Results {
  const results = readResults(folder);
  const measured = results.run.settings.family ?? 4;
  const own = FAMILY_NAMES[familyOf(network)];
  if (measured !== familyOf(network))
    throw new UsageError(
      measured === "dual"
        ? `the run in ${folder} measured both families at once, and lookups are compared in one: give a run of ${own}, or leave out --run to measure`
        : `the run in ${folder} measured ${FAMILY_NAMES[measured]}, and this cluster is ${own}: give a run of that family, or leave out --run to measure`,
    );
  const { planes } = results.run.settings;
  const modelled = planeOptionsFrom(planes);
  const others = KUBE_PROXY_OPTIONS.filter(
    ({ key }) =>
      counted[key] !== undefined &&
      !(modelled[key] === undefined && key === "kubeProxy") &&
      settingOf(counted, key) !== settingOf(modelled, key),
  );
  const refused = others.find(({ key }) => asked[key] !== undefined);
  if (refused !== undefined)
    throw new UsageError(
      `--${refused.name}: the run in ${folder} modelled ${planes[refused.key] ?? "the default"}; leave out --run to measure what you ask for, or leave out --${refused.name}`,
    );
  if (others.length > 0)
    note(
      `updates and memory are counted with the flags that the rules show; the run in ${folder} has times without ${others.map(({ name }) => `--${name}`).join(", ")}: leave out --run to measure with them`,
    );
  return results;
}

/** What a plane makes of an option, given or not. */
function settingOf(options: PlaneOptions, key: keyof PlaneOptions): string | undefined {
  const { version, nft, ...rest } = kubeProxySettings(options);
  const settings: Partial<Record<keyof PlaneOptions, unknown>> = {
    ...rest,
    kubeProxy: version,
    nftVersion: nft,
  };
  return JSON.stringify(settings[key]);
}

/** The flags that the cluster's import read off, but for those that `--pod-range` overrules. */
function importedFor(cluster: Cluster, args: Arguments): PlaneSettings {
  const { podDetector, ...found } = importedSettings(cluster);
  return podDetector === undefined || podRangesOf(args).length > 0 ? found : { ...found, podDetector };
}

/** The options of planes as `run` takes them. A pod range of one's own is the cluster's by then. */
function planeOptionsGiven(args: Arguments): Record<string, unknown> {
  return Object.fromEntries(
    KUBE_PROXY_OPTIONS.flatMap(({ name, key }) => {
      const given =
        key === "podDetector" && podRangesOf(args).length > 0 ? undefined : args[name as keyof Arguments];
      return given === undefined ? [] : [[name, given]];
    }),
  );
}

function canGrow(cluster: Cluster, services: number): boolean {
  try {
    growCluster(cluster, services);
    return true;
  } catch (error) {
    if (!(error instanceof InputError) || services <= cluster.services) throw error;
    note(`not measured at ${countOf(services, "Service")}: ${error.message}`);
    return false;
  }
}
