/** kube-proxy's nftables table as a cluster (pkg/proxy/nftables/proxier.go). */

import { buildCluster } from "../../cluster/build.js";
import { refuseConflicts } from "../../cluster/checks.js";
import type { Cluster } from "../../cluster/cluster.js";
import { addressText } from "../../cluster/family.js";
import type { Ipv6Network } from "../../cluster/infer-ipv6.js";
import {
  describeNetwork,
  describePodTest,
  type KnownNetwork,
  STAND_IN,
} from "../../cluster/infer-network.js";
import { omissionParameters } from "../../cluster/omissions.js";
import { serviceRangeFields } from "../../cluster/service-ranges.js";
import { InvalidInputError } from "../../errors.js";
import { describeFlags, flagParameters } from "../../planes/imported-options.js";
import { countOf } from "../../text.js";
import { assemble, withoutOwnAddresses } from "../assemble.js";
import {
  joinFamilies,
  type KnownNode,
  knownOf,
  NOTHING_KNOWN,
  networkOf,
  planOf,
  type ReadFamily,
} from "../families.js";
import { kindsWithCounts } from "../kinds.js";
import { flagsOfTable } from "./flags.js";
import { ipv6OfTable } from "./ipv6.js";
import { readNftJson } from "./json.js";
import { PROTOCOLS } from "./keys.js";
import { layoutOf } from "./layout.js";
import { servicesOfTable } from "./services.js";
import { type NftRuleset, type NftTable, RulesetDraft } from "./table.js";
import { readNftText } from "./text.js";

/** Parses listings and transactions of one node, in text or JSON. Throws InvalidInputError that says what is missing. */
function parseNft(texts: readonly string[]): NftRuleset {
  const draft = new RulesetDraft();
  for (const text of texts) {
    if (/^\s*\{/.test(text)) readNftJson(text, draft);
    else readNftText(text, draft);
  }
  return draft.finish();
}

/**
 * Reads what nft prints, and transactions.
 *
 * @param texts One node's: `nft list ruleset`, or parts of it (`nft list map`, `nft list chain`, one family each).
 * @param known What else is known of the network.
 * @throws InvalidInputError in one line: cut off, a part without what it refers to, two nodes' rules, or no kube-proxy's.
 */
export function importNftables(
  texts: readonly string[],
  known: KnownNode = NOTHING_KNOWN,
): ReadFamily & { readonly ipv6?: Cluster } {
  const ruleset = parseNft(texts);
  for (const table of [ruleset.ipv4, ruleset.ipv6]) {
    refuseTerse(table);
    refuseNamedPorts(table);
  }
  const ranges = planOf(ipv6OfTable(ruleset.ipv6), known);
  if (!ranges) return importTable(ruleset, ruleset.ipv4, known.ipv4);
  const ipv6 = importTable(ruleset, ruleset.ipv6, knownOf(known, ranges), ranges);
  return holdsService(ruleset.ipv4)
    ? joinFamilies(importTable(ruleset, ruleset.ipv4, known.ipv4), ipv6)
    : ipv6;
}

/** Whether something leads to a Service: kube-proxy makes its table of a family without Services too. */
function holdsService({ containers }: NftTable): boolean {
  return ["service-ips", "no-endpoint-services"].some((name) => (containers.get(name)?.length ?? 0) > 0);
}

function importTable(
  ruleset: NftRuleset,
  table: NftTable,
  known: KnownNetwork,
  ranges?: Ipv6Network,
): ReadFamily {
  const { foreignRules } = ruleset;
  const addresses = { ...(ranges && { ipv6: ranges.plan }) };
  const found = servicesOfTable(table, ranges?.plan);
  const nodeAddresses = known.nodeAddresses?.length ? known.nodeAddresses : found.nodeAddresses;
  withoutOwnAddresses(found.ports, nodeAddresses);
  const { records, unnamed, withoutAddress } = assemble(found.ports, addresses);
  if (records.length === 0) throw new InvalidInputError(noServiceIn(ruleset));
  refuseConflicts(records, addresses);
  const facts: KnownNetwork = {
    podCidr: known.podCidr ?? found.podCidr,
    ...serviceRangeFields(found.serviceCidrs),
    nodeAddresses,
  };
  const network = networkOf(records, facts, ranges);
  const layout = layoutOf(table);
  const flags = flagsOfTable(table, found, layout, network);
  const cluster = buildCluster(records, network, {
    kind: "imported",
    format: "nft",
    parameters: {
      foreignRules,
      notUnderstood: found.notUnderstood.length,
      ...omissionParameters(found.omissions),
      ...(layout !== undefined && { kubeProxy: layout }),
      ...flagParameters(flags),
    },
  });
  const { notUnderstood, standIns, refusedNodePorts } = found;
  const said = (count: number, line: string) => (count > 0 ? [line] : []);
  return {
    cluster,
    report: [
      `${countOf(cluster.services, "Service")} with ${countOf(cluster.servicePorts, "port")} and ${countOf(cluster.endpoints, "endpoint")}, from kube-proxy's nftables table`,
      layout === undefined
        ? "the table does not show which version of kube-proxy wrote it"
        : `written by kube-proxy ${layout}, as its layout shows`,
      ...describeNetwork(network, facts),
      ...describePodTest(found.podTest),
      ...describeFlags(flags),
      ...said(foreignRules, `rules of other tables: ${foreignRules}`),
      ...said(ruleset.duplicates, `listed twice and alike, read once: ${ruleset.duplicates} chains and maps`),
      ...said(
        ruleset.otherLines,
        `left out: ${countOf(ruleset.otherLines, "line")} of something other than nft`,
      ),
      ...said(unnamed, `Services without a usable name, named after their address: ${unnamed}`),
      ...said(
        withoutAddress,
        `left out, because no rule gives their cluster IP: ${countOf(withoutAddress, "port")}`,
      ),
      ...said(
        refusedNodePorts,
        `left out: ${countOf(refusedNodePorts, "NodePort")} of Services without endpoints, because the table does not say whose they are`,
      ),
      ...said(
        standIns,
        `made up: ${addressText(network, STAND_IN)} represents the endpoints of ${countOf(standIns, "port")} of policy Local, which are in no chain`,
      ),
      ...said(found.counting, `rules that only log or count, and decide nothing: ${found.counting}`),
      ...said(
        notUnderstood.length,
        `not understood, so answers may differ from the node's: ${kindsWithCounts(notUnderstood)}`,
      ),
    ],
  };
}

/** `nft -t` leaves elements out: chains of services, and no address that leads to them. */
function refuseTerse({ chains, containers }: NftTable): void {
  const serviceChains = [...chains.keys()].some((name) => /^(service|local)-[A-Z2-7]{8}-/.test(name));
  if (serviceChains && (containers.get("service-ips")?.length ?? 0) === 0) {
    throw new InvalidInputError(
      "the chains of Services are here, but map service-ips has no elements: list the table without -t (--terse), and whole",
    );
  }
}

/** `tcp . "http"` instead of 80, as /etc/services of the machine that listed it has them. */
function refuseNamedPorts({ containers }: NftTable): void {
  for (const elements of containers.values())
    for (const { key } of elements)
      if (key.some((word) => /^"?[a-z][a-z0-9-]{0,40}"?$/.test(word) && !PROTOCOLS.has(word)))
        throw new InvalidInputError("ports have names here: list the table without -S (--service)");
}

function noServiceIn({ iptablesChains }: NftRuleset): string {
  if (iptablesChains > 0) {
    return "these are iptables' rules (iptables-nft), as nft shows them: this node's proxy is in iptables mode, give the output of iptables-save";
  }
  return "the ruleset holds no Service of kube-proxy (table ip or ip6 kube-proxy, map service-ips): is this node's proxy in nftables mode?";
}
