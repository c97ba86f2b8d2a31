import type { CommandModule } from "yargs";
import { familyOf } from "../../cluster/family.js";
import { writeCluster } from "../../cluster/json.js";
import { UsageError } from "../../errors.js";
import { noteImport, noteOtherFamily, parseImport } from "../input.js";
import { type NodeArguments, nodeOptions, withNodeOptions } from "../options/node.js";
import { parseNumber } from "../options/parse.js";
import { print } from "../output.js";

interface Arguments extends NodeArguments {
  file: string[];
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
    withNodeOptions(yargs)
      // Of several files all count; of an option that is given twice still the last.
      .parserConfiguration({ "duplicate-arguments-array": true })
      .coerce(
        ["node-address", "node", "pod-range", "family", "run", "ns-per-entry"],
        (given: string | string[] | undefined) => (Array.isArray(given) ? given.at(-1) : given),
      )
      .positional("file", { type: "string", array: true, demandOption: true })
      .option("positions", {
        type: "boolean",
        default: false,
        describe:
          "Of iptables-save, instead: each Service's place in the node's own list, entries visited, predicted cost",
      })
      .option("run", {
        type: "string",
        requiresArg: true,
        describe: "With --positions: a run whose iptables lookups give the cost of an entry",
      })
      .option("ns-per-entry", {
        type: "string",
        requiresArg: true,
        describe: "With --positions: or the cost of an entry, in nanoseconds",
      })
      .option("json", { type: "boolean", default: false, describe: "Positions as JSON" }),
  handler: async (args) => {
    const forPositions = (["run", "ns-per-entry", "json"] as const).find((name) => args[name]);
    if (!args.positions && forPositions !== undefined)
      throw new UsageError(`--${forPositions} is for --positions: add it, or leave this out`);
    const imported = parseImport(args.file, nodeOptions(args));
    if (args.positions && !imported.nodeList) {
      throw new UsageError("--positions needs the output of iptables-save: only a rule list has places");
    }
    const { cluster, ipv6, nodeList } = imported;
    if (args.positions && nodeList) {
      // Loaded for this option only: it brings the planes, results and statistics with it.
      const { entryCost, printPositions } = await import("../positions.js");
      const given = args["ns-per-entry"];
      // Runs measured entries of IPv4, which are a third smaller.
      if (familyOf(cluster.network) === 6 && given === undefined)
        throw new UsageError("--positions of IPv6 needs --ns-per-entry: what runs measured is IPv4");
      if (ipv6) noteOtherFamily(ipv6);
      const cost = entryCost(
        given === undefined ? undefined : parseNumber(given),
        args.run,
        cluster.servicePorts,
      );
      noteImport(imported);
      return printPositions(cluster, nodeList, cost, args.json);
    }
    noteImport(imported);
    for (const chunk of writeCluster(ipv6 ? { ipv4: cluster, ipv6 } : cluster)) await print(chunk);
  },
};
