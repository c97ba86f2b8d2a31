/** `import --positions`: where each service is in a node's own rule list, and what that is predicted to cost. */

import { type EntryCost, entryCost } from "../advice/entry-cost.js";
import { predictedInterval } from "../advice/explain-text.js";
import { type Cluster, protocolName, servicePortName } from "../cluster/cluster.js";
import { socketText } from "../cluster/family.js";
import { nodeCosts } from "../planes/iptables/rules/node-costs.js";
import { compileNodeList } from "../planes/iptables/rules/node-list.js";
import type { NodeList } from "../planes/iptables/rules/saved-rules.js";
import { formatCount, formatNs } from "../text.js";
import { alignColumns, note, print, printJson } from "./output.js";

export { entryCost };

/** Prints one line per service port: its position, the entries visited on the way, and the predicted cost. */
export async function printPositions(
  cluster: Cluster,
  nodeList: NodeList,
  { nsPerEntry, source, predict }: EntryCost,
  json: boolean,
): Promise<void> {
  const program = compileNodeList(cluster, nodeList);
  const services = nodeCosts(cluster, nodeList, program).map(
    ({ servicePort: p, position, entries, filterEntries }) => ({
      service: servicePortName(cluster, p),
      address: `${socketText(cluster.network, cluster.clusterIp[cluster.service[p]!]!, cluster.port[p]!)}/${protocolName(cluster.protocol[p]!)}`,
      endpoints: cluster.endpointStart[p + 1]! - cluster.endpointStart[p]!,
      position,
      entries,
      filterEntries,
      predicted: predict(entries + filterEntries),
    }),
  );
  const unsupported = program.unsupported.map(([condition, rules]) => ({ condition, rules }));
  if (json) {
    const rows = services.map(({ predicted: { medianNs, intervalNs, kind }, ...row }) => ({
      ...row,
      predictedNs: medianNs,
      ...(intervalNs && { intervalNs, intervalKind: kind }),
    }));
    return printJson({ nsPerEntry, source, services: rows, notUnderstood: unsupported });
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
  note(`predicted: ${Number(nsPerEntry.toPrecision(3))} ns per entry (${source})`);
  if (unsupported.length > 0) {
    const list = unsupported.slice(0, 8).map(({ condition, rules }) => `${condition}: ${rules}`);
    note(
      `rules with an unsupported match, counted in the walk, which goes on behind them (what they decide is unknown): ${list.join(", ")}${unsupported.length > 8 ? ", …" : ""}`,
    );
  }
}
