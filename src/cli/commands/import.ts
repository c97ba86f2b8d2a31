import type { CommandModule } from "yargs";
import { type EntryCost, entryCost } from "../../advice/entry-cost.js";
import { predictedInterval } from "../../advice/explain-words.js";
import { type Cluster, formatAddress, protocolName, servicePortName } from "../../cluster/cluster.js";
import { writeCluster } from "../../cluster/json.js";
import { UsageError } from "../../errors.js";
import { nodeCosts } from "../../planes/iptables/node-costs.js";
import { compileNodeList } from "../../planes/iptables/node-list.js";
import type { NodeList } from "../../planes/iptables/saved-rules.js";
import { formatCount, formatNs } from "../../text.js";
import { readImport } from "../input.js";
import { alignColumns, note, print, printJson } from "../output.js";

interface Arguments {
  file: string;
  positions: boolean;
  run: string | undefined;
  "ns-per-entry": string | undefined;
  json: boolean;
}

export const importCommand: CommandModule<object, Arguments> = {
  command: "import <file>",
  describe:
    "Turn Kubernetes objects, iptables-save, nft list ruleset, ipvsadm -Sn or Cilium's lists (- for standard input) into a cluster as JSON",
  builder: (yargs) =>
    yargs
      .positional("file", { type: "string", demandOption: true })
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
    const imported = readImport(args.file);
    if (args.positions && !imported.nodeList) {
      throw new UsageError("--positions needs the output of iptables-save: only a rule list has places");
    }
    const { cluster, nodeList } = imported;
    const cost = args.positions ? entryCost(args["ns-per-entry"], args.run, cluster.servicePorts) : undefined;
    for (const line of imported.report) note(line);
    if (cost && nodeList) return printPositions(cluster, nodeList, cost, args.json);
    for (const chunk of writeCluster(cluster)) await print(chunk);
  },
};

async function printPositions(
  cluster: Cluster,
  nodeList: NodeList,
  { nsPerEntry, source, of }: EntryCost,
  json: boolean,
): Promise<void> {
  const program = compileNodeList(cluster, nodeList);
  const services = nodeCosts(cluster, nodeList, program).map(
    ({ servicePort: p, position, entries, filterEntries }) => ({
      service: servicePortName(cluster, p),
      address: `${formatAddress(cluster.clusterIp[cluster.service[p]!]!)}:${cluster.port[p]}/${protocolName(cluster.protocol[p]!)}`,
      endpoints: cluster.endpointStart[p + 1]! - cluster.endpointStart[p]!,
      position,
      entries,
      filterEntries,
      predicted: of(entries + filterEntries),
    }),
  );
  const strange = program.unsupported.map(([condition, rules]) => ({ condition, rules }));
  if (json) {
    const rows = services.map(({ predicted: { medianNs, intervalNs, kind }, ...row }) => ({
      ...row,
      predictedNs: medianNs,
      ...(intervalNs && { intervalNs, intervalKind: kind }),
    }));
    return printJson({ nsPerEntry, source, services: rows, notUnderstood: strange });
  }
  const hasInterval = services.some(({ predicted }) => predicted.intervalNs !== undefined);
  await print(
    `${alignColumns([
      [
        "service",
        "address",
        "endpoints",
        "position",
        "entries",
        "predicted",
        ...(hasInterval ? ["95 % interval"] : []),
      ],
      ...services.map((row) => [
        row.service,
        row.address,
        formatCount(row.endpoints),
        row.position === null ? "refused" : formatCount(row.position),
        String(row.entries + row.filterEntries),
        formatNs(row.predicted.medianNs),
        ...(hasInterval ? [predictedInterval(row.predicted)] : []),
      ]),
    ])}\n`,
  );
  note(`predicted: ${Number(nsPerEntry.toPrecision(3))} ns an entry (${source})`);
  if (strange.length > 0) {
    const list = strange.slice(0, 8).map(({ condition, rules }) => `${condition}: ${rules}`);
    note(
      `rules with a condition that is not understood, counted in the walk and taken as not matching: ${list.join(", ")}${strange.length > 8 ? ", …" : ""}`,
    );
  }
}
