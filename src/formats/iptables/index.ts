/** A node's iptables-save as a cluster, with the node's own list. */

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
import { InvalidInputError } from "../../errors.js";
import { describeFlags, flagParameters } from "../../planes/imported-options.js";
import type { NodeList, SavedTables } from "../../planes/iptables/rules/saved-rules.js";
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
import type { RecognisedText } from "../recognise.js";
import { flagsOfRules } from "./flags.js";
import { ipv6OfRules } from "./ipv6.js";
import { omittedRules } from "./omissions.js";
import { type FoundInRules, servicesOfRules } from "./services.js";
import { type NodeTables, parseTables } from "./tables.js";

/**
 * Reads iptables-save or `iptables -S`.
 *
 * @param texts One node's: both tables in one text or in two, and IPv6 separately.
 * @param known What else is known of the network.
 * @throws InvalidInputError that names the line or the service, or says what to give instead.
 */
export function importIptables(
  texts: readonly RecognisedText[],
  known: KnownNode = NOTHING_KNOWN,
): IptablesImport {
  const ranges = planOf(ipv6OfRules(texts), known);
  const hasIpv4 = texts.some(({ text }) => SERVICE_OF_IPV4.test(text));
  if (!ranges) return importFamily(parseTables(texts), known.ipv4);
  const ipv6 = importFamily(parseTables(texts, ranges.plan), knownOf(known, ranges), ranges);
  if (!hasIpv4) return ipv6;
  const ipv4 = importFamily({ ...parseTables(texts), ipv6Rules: 0 }, known.ipv4);
  return { ...ipv4, ...joinFamilies(ipv4, ipv6), ipv6NodeList: ipv6.nodeList };
}

/** A rule to a Service's address of IPv4: without one, what else an IPv4 table holds belongs to nobody. */
const SERVICE_OF_IPV4 = /^(?:\[\d+:\d+\] )?-A KUBE-SERVICES -d \d+\./m;

/** One family's tables, or both. */
interface IptablesImport extends ReadFamily {
  readonly ipv6?: Cluster;
  readonly nodeList: NodeList;
  readonly ipv6NodeList?: NodeList;
}

function importFamily(node: NodeTables, known: KnownNetwork, ranges?: Ipv6Network): IptablesImport {
  const { tables } = node;
  if (tables.nat.has("KUBE-PORTALS-CONTAINER") && !tables.nat.has("KUBE-SERVICES")) {
    throw new InvalidInputError(
      "these are rules of kube-proxy's userspace mode, which balances in a process: nothing to import",
    );
  }
  const found = servicesOfRules(tables);
  refuseOldListing(found);
  const nodeAddresses = known.nodeAddresses?.length ? known.nodeAddresses : found.nodeAddresses;
  withoutOwnAddresses(found.ports, nodeAddresses);
  const addresses = { ...(ranges && { ipv6: ranges.plan }) };
  const { records, ports, unnamed, withoutAddress } = assemble(found.ports, addresses);
  if (records.length === 0) throw new InvalidInputError(noServiceIn(node, found));
  refuseConflicts(records, addresses);
  const facts: KnownNetwork = {
    podCidr: known.podCidr ?? found.podCidr,
    serviceCidr: known.serviceCidr,
    nodeAddresses,
  };
  const network = networkOf(records, facts, ranges);
  const flags = flagsOfRules(tables, found, network);
  const writer = writerOf(tables);
  const cluster = buildCluster(records, network, {
    kind: "imported",
    format: "iptables-save",
    parameters: {
      foreignRules: found.foreignRules,
      notUnderstood: found.notUnderstood.length,
      ...omissionParameters(omittedRules(found.notUnderstood, addresses)),
      ...(writer !== undefined && { kubeProxy: writer }),
      ...flagParameters(flags),
    },
  });
  const endpointOfChain = new Map<string, number>();
  let row = 0;
  for (const port of ports) {
    for (const [i, chain] of (found.chains.get(port) ?? []).entries()) endpointOfChain.set(chain, row + i);
    row += port.endpoints.length;
  }
  const { otherRules } = tables;
  const said = (count: number, line: string) => (count > 0 ? [line] : []);
  const report = [
    `${countOf(cluster.services, "Service")} with ${countOf(cluster.servicePorts, "port")} and ${countOf(cluster.endpoints, "endpoint")}, from kube-proxy's own rules`,
    writer === undefined
      ? "the chains do not show which version of kube-proxy wrote them"
      : `written by kube-proxy ${writer}, as its chains show`,
    ...describeNetwork(network, facts),
    ...describePodTest(found.podTest),
    ...describeFlags(flags),
    ...said(
      found.foreignRules + otherRules,
      `rules of others: ${found.foreignRules}${otherRules > 0 ? `, and ${otherRules} in tables that decide nothing here` : ""}`,
    ),
    ...(node.hasFilter
      ? []
      : ["no table filter in the input: Services without endpoints, which it refuses, are missing"]),
    ...said(node.ipv6Rules, `left out, because they are IPv6: ${countOf(node.ipv6Rules, "rule")}`),
    ...said(node.duplicates, `given twice and alike, read once: ${countOf(node.duplicates, "table")}`),
    ...said(node.otherLines, `left out: ${countOf(node.otherLines, "line")} outside of rules`),
    ...said(
      found.emptyChains,
      `cut or filtered: ${countOf(found.emptyChains, "chain")} of kube-proxy that rules lead to, without any rule, so Services and endpoints are missing`,
    ),
    ...said(unnamed, `Services without a name in a comment, named after their address: ${unnamed}`),
    ...said(
      withoutAddress,
      `left out, because no rule gives their cluster IP: ${countOf(withoutAddress, "port")}`,
    ),
    ...said(
      found.standIns,
      `made up: ${addressText(network, STAND_IN)} represents the endpoints of ${countOf(found.standIns, "port")} of policy Local, which are in no rule`,
    ),
    ...said(
      found.notUnderstood.length,
      `rules of kube-proxy's chains that are not understood, and left out: ${kindsWithCounts(found.notUnderstood.map(({ what }) => what))}`,
    ),
  ];
  return { cluster, report, nodeList: { tables, endpointOfChain } };
}

/**
 * `-j DNAT [unsupported revision]`, `--to-destination :0 --persistent`: what iptables before 1.8.3 prints of a newer one's rules
 * (kubernetes/kubernetes issues 95409 and 114537).
 */
function refuseOldListing({ withoutDestination, ports }: FoundInRules): void {
  const endpoints = ports.reduce((sum, port) => sum + port.endpoints.length, 0);
  if (withoutDestination > endpoints)
    throw new InvalidInputError(
      `${countOf(withoutDestination, "rule")} -j DNAT without an address, as an old iptables lists what a newer one wrote: use kube-proxy's own iptables-save (in its container)`,
    );
}

/** Who serves a node that kube-proxy does not, by chains of theirs, and what to give of it. */
const OTHER_PROXIES: readonly (readonly [chain: string, whose: string, give: string])[] = [
  ["OVN-KUBE-", "OVN's", "kubectl get services,endpointslices,nodes -A -o json"],
  ["CILIUM_", "Cilium's", "cilium service list -o json, or cilium bpf lb list"],
  ["ANTREA-", "Antrea's", "kubectl get services,endpointslices,nodes -A -o json"],
  ["KUBE-ROUTER-", "kube-router's", "ipvsadm -Sn (with ipset save)"],
  ["cali-", "probably Calico's eBPF plane's", "kubectl get services,endpointslices,nodes -A -o json"],
];

/** Versions of kube-proxy that write such chains: 1.34 to 1.37 write the same rules. */
function writerOf({ nat, filter }: SavedTables): string | undefined {
  const starts = (prefix: string) => [...nat.keys()].some((name) => name.startsWith(prefix));
  // A NodePort's rule for 127/8, and the one for packets of no connection.
  const counting = [nat.get("KUBE-NODEPORTS"), filter.get("KUBE-FORWARD")].flatMap(
    (chain) => chain?.rules ?? [],
  );
  if (counting.some(({ counter }) => counter !== null))
    return "1.33 or newer (1.34 to 1.37 write the same rules)";
  if (starts("KUBE-XLB-")) return "until 1.23";
  return starts("KUBE-EXT-") || starts("KUBE-SVL-") ? "1.24 or newer" : undefined;
}

function noServiceIn({ tables, hasFilter }: NodeTables, { withoutPort }: FoundInRules): string {
  const rules = tables.nat.get("KUBE-SERVICES")?.rules ?? [];
  if (rules.some(({ unsupported }) => unsupported?.includes("--match-set") || unsupported === "-m set")) {
    return "this node's proxy is in IPVS mode: give ipvsadm -Sn, ipset save and iptables-save together";
  }
  if (withoutPort > 0) {
    return `${countOf(withoutPort, "rule")} of KUBE-SERVICES without a port, as an old iptables lists what a newer one wrote: use kube-proxy's own iptables-save (in its container)`;
  }
  if (rules.length > 0) {
    return `KUBE-SERVICES has ${countOf(rules.length, "rule")}, and none leads to a Service${hasFilter ? "" : " (and there is no table filter)"}: give the whole output of iptables-save`;
  }
  const chains = [...tables.nat.keys(), ...tables.filter.keys()];
  const [, whose, give] =
    OTHER_PROXIES.find(([start]) => chains.some((name) => name.startsWith(start))) ?? [];
  if (whose !== undefined)
    return `iptables-save holds no Service of kube-proxy: this node's Services are ${whose}, so give ${give}`;
  return "iptables-save holds no Service of kube-proxy (no rule in KUBE-SERVICES): is this node's proxy in iptables mode?";
}
