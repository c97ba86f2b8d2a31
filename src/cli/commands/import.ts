import type { CommandModule } from "yargs";
import { oneLine } from "../../cluster/checks.js";
import { type Cidr, parseAddress, parseCidr } from "../../cluster/cluster.js";
import { writeCluster } from "../../cluster/json.js";
import { UsageError } from "../../errors.js";
import { noteImport, parseImport } from "../input.js";
import { print } from "../output.js";

interface Arguments {
  file: string[];
  "node-address": string | undefined;
  node: string | undefined;
  "pod-range": string | undefined;
  positions: boolean;
  run: string | undefined;
  "ns-per-entry": string | undefined;
  json: boolean;
}

export const importCommand: CommandModule<object, Arguments> = {
  command: "import <file..>",
  describe:
    "Turn Kubernetes objects, iptables-save, nft list ruleset, ipvsadm -Sn or Cilium's lists (- for standard input; several files of one node) into a cluster as JSON",
  builder: (yargs) =>
    yargs
      // Of several files all count; of an option that is given twice still the last.
      .parserConfiguration({ "duplicate-arguments-array": true })
      .coerce(
        ["node-address", "node", "pod-range", "run", "ns-per-entry"],
        (given: string | string[] | undefined) => (Array.isArray(given) ? given.at(-1) : given),
      )
      .positional("file", { type: "string", array: true, demandOption: true })
      .option("node-address", {
        type: "string",
        requiresArg: true,
        describe:
          "The node's addresses, its InternalIP first, with commas between: NodePorts are served there",
      })
      .option("node", {
        type: "string",
        requiresArg: true,
        describe:
          "Of Kubernetes objects: the node whose endpoints are local; by default the first that one names",
      })
      .option("pod-range", {
        type: "string",
        requiresArg: true,
        describe:
          "kube-proxy's --cluster-cidr, such as 10.244.0.0/16; by default what the input shows, else inferred",
      })
      .option("positions", {
        type: "boolean",
        default: false,
        describe:
          "Of iptables-save, instead: each service's place in the node's own list, entries visited, predicted cost",
      })
      .option("run", {
        type: "string",
        requiresArg: true,
        describe: "With --positions: a run whose iptables lookups say what an entry costs",
      })
      .option("ns-per-entry", {
        type: "string",
        requiresArg: true,
        describe: "With --positions: or say it yourself, in nanoseconds",
      })
      .option("json", { type: "boolean", default: false, describe: "Positions as JSON" }),
  handler: async (args) => {
    const imported = parseImport(args.file, {
      nodeAddresses: parseNodeAddresses(args["node-address"]),
      node: args.node,
      podRange: parsePodRange(args["pod-range"]),
    });
    if (args.positions && !imported.nodeList) {
      throw new UsageError("--positions needs the output of iptables-save: only a rule list has places");
    }
    const { cluster, nodeList } = imported;
    if (args.positions && nodeList) {
      // Loaded for this option only: it brings the planes, results and statistics with it.
      const { entryCost, printPositions } = await import("../positions.js");
      const cost = entryCost(args["ns-per-entry"], args.run, cluster.servicePorts);
      noteImport(imported);
      return printPositions(cluster, nodeList, cost, args.json);
    }
    noteImport(imported);
    for (const chunk of writeCluster(cluster)) await print(chunk);
  },
};

function parseNodeAddresses(text: string | undefined): number[] {
  return (text?.split(",") ?? []).map((part) => {
    const address = parseAddress(part.trim());
    if (address === undefined)
      throw new UsageError(
        `--node-address needs IPv4 addresses with commas between, not "${oneLine(part, 40)}"`,
      );
    return address;
  });
}

function parsePodRange(text: string | undefined): Cidr | undefined {
  if (text === undefined) return undefined;
  const range = parseCidr(text.trim());
  if (range === undefined)
    throw new UsageError(`--pod-range needs an IPv4 range such as 10.244.0.0/16, not "${oneLine(text, 40)}"`);
  return range;
}
