/** kube-proxy's nftables table as a cluster (pkg/proxy/nftables/proxier.go). */

import { buildCluster } from "../../cluster/build.js";
import { oneLine, refuseConflicts } from "../../cluster/checks.js";
import type { Cluster } from "../../cluster/cluster.js";
import { inferNetwork } from "../../cluster/infer-network.js";
import { InvalidInputError } from "../../errors.js";
import { assemble } from "../assemble.js";
import { parseNftJson, parseNftText } from "./ruleset.js";
import { servicesOfTable } from "./services.js";

const SHOWN = 5;

/** Reads `nft list ruleset` in text or JSON. Throws InvalidInputError that says what is missing. */
export function importNftables(text: string): { cluster: Cluster; report: string[] } {
  const table = /^\s*\{/.test(text) ? parseNftJson(text) : parseNftText(text);
  const found = servicesOfTable(table);
  const { records, unnamed, withoutAddress } = assemble(found.ports);
  if (records.length === 0) {
    throw new InvalidInputError(
      "the ruleset holds no service of kube-proxy (table ip kube-proxy, map service-ips): is this node's proxy in nftables mode?",
    );
  }
  refuseConflicts(records);
  const network = inferNetwork(records, { podCidr: found.podCidr, serviceCidr: found.serviceCidr });
  const cluster = buildCluster(records, network, {
    kind: "imported",
    format: "nft",
    parameters: { foreignRules: table.foreignRules, notUnderstood: found.notUnderstood.length },
  });
  const { notUnderstood, standIns, refusedNodePorts } = found;
  return {
    cluster,
    report: [
      `${cluster.services} services with ${cluster.servicePorts} ports and ${cluster.endpoints} endpoints, from kube-proxy's nftables table`,
      `rules of other tables: ${table.foreignRules}`,
      ...(unnamed > 0 ? [`services without a usable name, called after their address: ${unnamed}`] : []),
      ...(withoutAddress > 0
        ? [`left out, because no rule gives their cluster IP: ${withoutAddress} ports`]
        : []),
      ...(refusedNodePorts > 0
        ? [
            `left out: ${refusedNodePorts} NodePorts of services without endpoints, because the table does not say whose they are`,
          ]
        : []),
      ...(standIns > 0
        ? [
            `made up: 203.0.113.1 stands for the endpoints of ${standIns} ports of policy Local, which are in no chain`,
          ]
        : []),
      ...(notUnderstood.length > 0
        ? [
            `not understood, and left out: ${notUnderstood.length} (${notUnderstood
              .slice(0, SHOWN)
              .map((what) => oneLine(what, 100))
              .join("; ")})`,
          ]
        : []),
    ],
  };
}
