import type { CommandModule } from "yargs";
import { explainService } from "../../advice/explain.js";
import { explanationHeading, formatPlane, predictionSource } from "../../advice/explain-text.js";
import { findServicePort } from "../../advice/find-service.js";
import { FAMILY_NAMES, familyOf } from "../../cluster/family.js";
import { planeChoices } from "../../planes/registry-loader.js";
import { readImport } from "../input.js";
import { parseSeed, refuseDual } from "../options/cluster.js";
import {
  type KubeProxyChoice,
  kubeProxyOptions,
  kubeProxyOptionsFor,
  onChosenNode,
  withKubeProxy,
} from "../options/kube-proxy.js";
import { familyOption, type NodeName, withNodeName } from "../options/node.js";
import { parsePlanes, planesFor } from "../options/parse.js";
import { refuseForeignOptions } from "../options/plane-option.js";
import { alignColumns, print, printJson } from "../output.js";
import { runOrPublished } from "../published-run.js";

interface Arguments extends KubeProxyChoice, NodeName {
  cluster: string;
  service: string;
  planes: string | undefined;
  run: string | undefined;
  seed: string;
  json: boolean;
}

export const explainCommand: CommandModule<object, Arguments> = {
  command: "explain <cluster> <service>",
  describe:
    "One Service's first packet on every plane, rule by rule, and its cost at 2 and 10 times the cluster",
  builder: (yargs) =>
    withKubeProxy(withNodeName(yargs))
      .positional("cluster", {
        type: "string",
        demandOption: true,
        describe: "A cluster file, or - for standard input",
      })
      .positional("service", {
        type: "string",
        demandOption: true,
        describe: "namespace/name, or namespace/name:port",
      })
      .option("planes", { type: "string", requiresArg: true, describe: `Planes: ${planeChoices()}` })
      .option("run", {
        type: "string",
        requiresArg: true,
        describe: "The run to predict times from; the published default run unless given",
      })
      .option("seed", {
        type: "string",
        default: "1",
        requiresArg: true,
        describe: "Random seed",
      })
      .option("json", { type: "boolean", default: false, describe: "As JSON" }),
  handler: async (args) => {
    refuseDual(args);
    if (args.planes !== undefined) refuseForeignOptions(args, parsePlanes(args.planes));
    const seed = parseSeed(args.seed);
    const { name, results } = runOrPublished(args.run);
    // What was asked for is what kube-proxy would write, not what the node has.
    const isAsked = Object.keys(kubeProxyOptions(args)).length > 0;
    const { cluster: read, nodeList } = readImport(args.cluster, {
      node: args.node,
      family: familyOption(args.family),
    });
    const cluster = onChosenNode(read, args);
    const options = kubeProxyOptionsFor(cluster, args);
    const planes = planesFor(args.planes, cluster);
    // Without a run of that family there are exact counts, and no times.
    const isFamilyOfRun = familyOf(cluster.network) === (results.run.settings.family ?? 4);
    const servicePort = findServicePort(cluster, args.service);
    const explanation = explainService(cluster, servicePort, {
      planes,
      seed,
      ...(isFamilyOfRun && { run: results }),
      ...(nodeList && !isAsked && { nodeList }),
      options,
    });
    if (args.json) {
      const { cpu } = results.environment;
      return printJson({
        ...explanation,
        predictedFrom: isFamilyOfRun ? { run: results.run.id, cpu } : null,
      });
    }
    const parts = explanation.planes.map((plane) => {
      const { heading, steps, place, table, notes } = formatPlane(plane);
      return [
        heading,
        ...steps.map((step, i) => `${String(i + 1).padStart(3)}  ${step}`),
        ...(place === "" ? [] : [place]),
        ...(table.length > 1 ? [alignColumns(table)] : []),
        ...notes,
      ].join("\n");
    });
    await print(
      `${[
        explanationHeading(explanation).join("\n"),
        ...parts,
        isFamilyOfRun
          ? predictionSource(results, name)
          : `No times: the run has none of ${FAMILY_NAMES[familyOf(cluster.network)]}; measure some with lbscale run --family ${familyOf(cluster.network)}, and give them with --run.`,
      ].join("\n\n")}\n`,
    );
  },
};
