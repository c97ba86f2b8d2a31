/** A node's iptables-save as a cluster, with the node's own list. */

import { buildCluster } from "../../cluster/build.js";
import { oneLine, refuseConflicts } from "../../cluster/checks.js";
import { type Cluster, formatCidr } from "../../cluster/cluster.js";
import { inferNetwork } from "../../cluster/infer-network.js";
import { InvalidInputError } from "../../errors.js";
import type { NodeList } from "../../planes/iptables/saved-rules.js";
import { assemble } from "../assemble.js";
import { parseSave } from "./save.js";
import { servicesOfRules } from "./services.js";

const SHOWN = 5;

/** Reads iptables-save. Throws InvalidInputError that names the line or the service. */
export function importIptables(text: string): { cluster: Cluster; report: string[]; nodeList: NodeList } {
  const tables = parseSave(text);
  if (tables.nat.has("KUBE-PORTALS-CONTAINER") && !tables.nat.has("KUBE-SERVICES")) {
    throw new InvalidInputError(
      "these are rules of kube-proxy's userspace mode, which balances in a process: nothing to import",
    );
  }
  const found = servicesOfRules(tables);
  const { records, ports, unnamed, withoutAddress } = assemble(found.ports);
  if (records.length === 0) {
    throw new InvalidInputError(
      "iptables-save holds no service of kube-proxy (no rule in KUBE-SERVICES): is this node's proxy in iptables mode?",
    );
  }
  refuseConflicts(records);
  const network = inferNetwork(records, { podCidr: found.podCidr, nodeAddresses: found.nodeAddresses });
  const cluster = buildCluster(records, network, {
    kind: "imported",
    format: "iptables-save",
    parameters: { foreignRules: found.foreignRules, notUnderstood: found.notUnderstood.length },
  });
  const endpointOfChain = new Map<string, number>();
  let row = 0;
  for (const port of ports) {
    for (const [i, chain] of (found.chains.get(port) ?? []).entries()) endpointOfChain.set(chain, row + i);
    row += port.endpoints.length;
  }
  const report = [
    `${cluster.services} services with ${cluster.servicePorts} ports and ${cluster.endpoints} endpoints, from kube-proxy's own rules`,
    found.podCidr
      ? `sources that need no masquerade: ${formatCidr(found.podCidr)}`
      : `no rule tells the pod range: ${formatCidr(network.podCidr)} is inferred`,
    `rules of others: ${found.foreignRules}${tables.otherRules > 0 ? `, and ${tables.otherRules} in tables that decide nothing here` : ""}`,
    ...(unnamed > 0 ? [`services without a name in a comment, called after their address: ${unnamed}`] : []),
    ...(withoutAddress > 0
      ? [`left out, because no rule gives their cluster IP: ${withoutAddress} ports`]
      : []),
    ...(found.standIns > 0
      ? [
          `made up: 203.0.113.1 stands for the endpoints of ${found.standIns} ports of policy Local, which are in no rule`,
        ]
      : []),
    ...describeStrange(found.notUnderstood),
  ];
  return { cluster, report, nodeList: { tables, endpointOfChain } };
}

function describeStrange(rules: readonly string[]): string[] {
  if (rules.length === 0) return [];
  const shown = rules.slice(0, SHOWN).map((rule) => oneLine(rule, 100));
  return [
    `rules of kube-proxy's chains that are not understood, and left out: ${rules.length} (${shown.join("; ")}${rules.length > SHOWN ? "; …" : ""})`,
  ];
}
