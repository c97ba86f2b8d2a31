import type { CommandModule } from "yargs";
import { describeCertainty, omissionsMet, unknownNodeOf } from "../../advice/certainty.js";
import { CALICO_MAGLEV } from "../../planes/calico-ebpf/options.js";
import { iptables } from "../../planes/iptables/index.js";
import { compileNodeList } from "../../planes/iptables/rules/node-list.js";
import { unknownConditions } from "../../planes/iptables/rules/unknown-conditions.js";
import { PASS } from "../../planes/plane.js";
import { planeById } from "../../planes/registry.js";
import { planeChoices } from "../../planes/registry-loader.js";
import { describeDecision } from "../../planes/verify.js";
import { nftVersionOf, releaseOf } from "../../planes/versioned.js";
import { plainText } from "../../text.js";
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
import { familyOfFlow, flowIn, parseFlow } from "../options/parse.js";
import { planeDeclaration, refuseForeignOptions } from "../options/plane-option.js";
import { print, printJson } from "../output.js";

interface Arguments extends KubeProxyChoice, NodeName {
  cluster: string;
  plane: string;
  flow: string;
  seed: string;
  "calico-maglev": boolean | undefined;
  json: boolean;
}

export const lookupCommand: CommandModule<object, Arguments> = {
  command: "lookup <cluster>",
  describe: "Show one decision: the path through a plane's rules or maps, and its exact work",
  builder: (yargs) =>
    withKubeProxy(withNodeName(yargs))
      .positional("cluster", {
        type: "string",
        demandOption: true,
        describe: "A cluster file, or - for standard input",
      })
      .option("plane", {
        type: "string",
        demandOption: true,
        requiresArg: true,
        describe: `The data plane: ${planeChoices()}`,
      })
      .option("flow", {
        type: "string",
        demandOption: true,
        requiresArg: true,
        describe: '"tcp 10.255.0.5:40000 > 10.96.0.10:80", or "tcp [fd00::5]:40000 > [fd00:10:96::1]:80"',
      })
      .option("seed", {
        type: "string",
        default: "1",
        requiresArg: true,
        describe: "Random seed",
      })
      .option("calico-maglev", { ...planeDeclaration(CALICO_MAGLEV), type: "boolean" })
      .option("json", { type: "boolean", default: false, describe: "As JSON" }),
  handler: async (args) => {
    const plane = planeById(args.plane);
    const calicoMaglev = args["calico-maglev"];
    refuseForeignOptions(args, [plane.id]);
    refuseDual(args);
    const asked = parseFlow(args.flow);
    const seed = parseSeed(args.seed);
    const given = kubeProxyOptions(args);
    const { cluster: read, nodeList } = readImport(args.cluster, {
      node: args.node,
      family: familyOption(args.family) ?? familyOfFlow(asked),
    });
    const cluster = onChosenNode(read, args);
    const flow = flowIn(cluster, asked);
    const options = {
      ...kubeProxyOptionsFor(cluster, args),
      ...(calicoMaglev !== undefined && { calicoMaglev }),
    };
    const path: string[] = [];
    // A node's iptables-save is walked as it is, others' rules included, unless a kube-proxy's rules are asked for.
    const own = plane === iptables && Object.keys(given).length === 0 ? nodeList : undefined;
    const program = own ? compileNodeList(cluster, own) : plane.compile(cluster, { seed, ...options });
    const { decision, work } = program
      .model(seed)
      .explain({ ...flow, src: flow.src | 0, dst: flow.dst | 0 }, 0, path);
    const unknown = own ? unknownConditions(cluster, own, flow) : omissionsMet(cluster, flow);
    const said = describeDecision(cluster, decision);
    const unknownNode =
      decision === PASS && args["node-address"] === undefined ? unknownNodeOf(cluster, flow) : undefined;
    const isUnknown = unknown.length > 0 || unknownNode !== undefined;
    const answer =
      unknownNode === undefined
        ? describeCertainty(said, unknown)
        : `unknown: ${said}, unless ${unknownNode}: give it with --node-address`;
    const version = own ? undefined : releaseOf(plane.descriptor, options.kubeProxy);
    const nft = own ? undefined : nftVersionOf(plane.descriptor, options);
    const release =
      (version === undefined ? "" : `, kube-proxy ${version}`) + (nft === undefined ? "" : `, nft ${nft}`);
    if (args.json)
      return printJson({
        plane: plane.id,
        ...(version !== undefined && { kubeProxy: version }),
        ...(nft !== undefined && { nft }),
        flow: args.flow,
        decision: isUnknown ? `unknown: ${said}` : said,
        unknown: [...unknown, ...(unknownNode === undefined ? [] : [unknownNode])],
        work,
        path,
      });
    const { rulesVisited, filterRulesVisited, mapLookups, hashProbes, routingNodes } = work;
    const routed = routingNodes === undefined ? "" : `, ${routingNodes} routing nodes`;
    await print(
      [
        ...path.map((step, i) => `${String(i + 1).padStart(3)}  ${plainText(step, 300)}`),
        `${plane.label}${release}: ${answer}`,
        `work: ${rulesVisited} rules, ${filterRulesVisited} filter rules, ${mapLookups} map lookups, ${hashProbes} hash probes${routed}`,
        "",
      ].join("\n"),
    );
  },
};
