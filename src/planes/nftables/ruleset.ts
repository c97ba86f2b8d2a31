/** The program as text for `nft -f`: kube-proxy's table (pkg/proxy/nftables/proxier.go), from the maps that the model loads. */

import { protocolName, servicePortName } from "../../cluster/cluster.js";
import { addressText, rangeText } from "../../cluster/family.js";
import { refuseUnsafeNames } from "../../cluster/safe-names.js";
import { serviceCidrsOf } from "../../cluster/service-ranges.js";
import { DROP } from "../plane.js";
import { nodePortAddresses } from "../shared/kube-proxy.js";
import type { NftablesProgram } from "./program.js";
import { familyWords } from "./rules/family-words.js";
import { listedRanges } from "./rules/listed-ranges.js";
import { servicePortBase } from "./rules/names.js";
import { ServiceText } from "./rules/service-text.js";
import { nftLayout } from "./version.js";

/** Services a transaction: one of 10,000 takes the kernel 72 s, forty of 250 take 13 s (nft 1.0.6, Linux 6.18). */
const SERVICES_PER_TRANSACTION = 250;
/** NFTNL_UDATA_COMMENT_MAXLEN: a longer name is left out, because cut off it would be another's. */
const MAX_COMMENT = 128;

/**
 * Text for `nft -f`, one transaction after another: each chunk is a whole input, and all of them in one file are valid
 * too. The first one creates the table, after deleting an old one. Throws NotRepresentableError for names
 * that Kubernetes does not allow.
 */
export function* nftTransactions(
  program: NftablesProgram,
  servicesPerTransaction = SERVICES_PER_TRANSACTION,
): Iterable<string> {
  const { cluster } = program;
  const { table } = familyWords(cluster.network);
  refuseUnsafeNames(cluster);
  yield baseTable(program);
  const elements = mapElements(program);
  for (let first = 0; first < cluster.services; first += servicesPerTransaction) {
    const end = Math.min(first + servicesPerTransaction, cluster.services);
    const text = new ServiceText(program.settings);
    text.line(`table ${table} {`);
    for (let s = first; s < end; s++) {
      for (let p = cluster.portStart[s]!; p < cluster.portStart[s + 1]!; p++) text.servicePort(cluster, p);
    }
    text.line("}");
    for (const [container, members] of elements) {
      const own = members.slice(first, end).flat();
      if (own.length > 0) text.line(`add element ${table} ${container} { ${own.join(", ")} }`);
    }
    yield [...text.chunks()].join("");
  }
}

/** Everything that exists once (proxier.go, setupNFTables), in the words of nft list: nft 1.0.6 takes no `dstnat` on output. */
function baseTable({ cluster, settings }: NftablesProgram): string {
  const layout = nftLayout(settings);
  const { network } = cluster;
  const addresses = nodePortAddresses(network, settings.nodePortAddresses ?? "primary");
  const { table, ip, addressType, loopback } = familyWords(network);
  const services = serviceCidrsOf(network);
  const key = `${addressType} . inet_proto . inet_service`;
  const nodeKey = "inet_proto . inet_service";
  const port = "meta l4proto . th dport";
  const container = (kind: "set" | "map", name: string, type: string, comment: string, elements = "") =>
    block(`${kind} ${name}`, [`type ${type}`, `comment "${comment}"`, ...(elements ? [elements] : [])]);
  const hook = (name: string, type: string, at: string, rules: readonly string[]) =>
    block(`chain ${name}`, [`type ${type} hook ${at}; policy accept;`, ...rules]);
  const check = (chain: string) => `ct state new jump ${chain}`;
  const setMark = "meta mark set meta mark | 0x00004000";
  const notPod = settings.masqueradeAll ? "" : ` ${ip} saddr != ${rangeText(network, network.podCidr)}`;
  return `add table ${table}
delete table ${table}
table ${table} {
\tcomment "rules for kube-proxy"
${[
  ...(layout.hasEndpointChains
    ? []
    : [
        container(
          "set",
          "hairpin-connections",
          `${addressType} . ${addressType} . inet_proto . inet_service`,
          "service hairpin connections",
        ),
      ]),
  container("set", "cluster-ips", addressType, "Active ClusterIPs"),
  ...(addresses === null
    ? []
    : [
        container(
          "set",
          "nodeport-ips",
          addressType,
          "IPs that accept NodePort traffic",
          addresses.length > 0
            ? `elements = { ${addresses.map((one) => addressText(network, one)).join(", ")} }`
            : "",
        ),
      ]),
  container(
    "map",
    "no-endpoint-services",
    `${key} : verdict`,
    "vmap to drop or reject packets to services with no endpoints",
  ),
  container(
    "map",
    "no-endpoint-nodeports",
    `${nodeKey} : verdict`,
    "vmap to drop or reject packets to service nodeports with no endpoints",
  ),
  container(
    "map",
    "firewall-ips",
    `${key} : verdict`,
    "destinations that are subject to LoadBalancerSourceRanges",
  ),
  container("map", "service-ips", `${key} : verdict`, "ClusterIP, ExternalIP and LoadBalancer IP traffic"),
  container("map", "service-nodeports", `${nodeKey} : verdict`, "NodePort traffic"),
  hook("filter-prerouting-pre-dnat", "filter", "prerouting priority dstnat - 10", [check("firewall-check")]),
  hook("filter-output-pre-dnat", "filter", "output priority -110", [check("firewall-check")]),
  hook("filter-input", "filter", "input priority filter", [
    check("nodeport-endpoints-check"),
    check("service-endpoints-check"),
  ]),
  ...["forward", "output"].map((at) =>
    hook(`filter-${at}`, "filter", `${at} priority filter`, [
      check("service-endpoints-check"),
      check("cluster-ips-check"),
    ]),
  ),
  hook("nat-prerouting", "nat", "prerouting priority dstnat", ["jump services"]),
  hook("nat-output", "nat", "output priority -100", ["jump services"]),
  hook("nat-postrouting", "nat", "postrouting priority srcnat", ["jump masquerading"]),
  block("chain nodeport-endpoints-check", [
    `${addresses === null ? `${ip} daddr != ${loopback}` : `${ip} daddr @nodeport-ips`} ${port} vmap @no-endpoint-nodeports`,
  ]),
  block("chain service-endpoints-check", [`${ip} daddr . ${port} vmap @no-endpoint-services`]),
  block("chain firewall-check", [`${ip} daddr . ${port} vmap @firewall-ips`]),
  block("chain services", [
    ...(layout.hasEndpointChains || !layout.marksClusterIps
      ? []
      : [
          `${ip} daddr @cluster-ips${notPod} ${setMark} comment "masquerade ${settings.masqueradeAll ? "all clusterIP traffic" : "clusterIP traffic from outside cluster"}"`,
        ]),
    `${ip} daddr . ${port} vmap @service-ips`,
    `${addresses === null ? `fib daddr type local ${ip} daddr != ${loopback}` : `${ip} daddr @nodeport-ips`} ${port} vmap @service-nodeports`,
  ]),
  block(
    "chain masquerading",
    layout.hasEndpointChains
      ? [
          "meta mark & 0x00004000 == 0x00000000 return",
          "meta mark set meta mark ^ 0x00004000",
          "masquerade fully-random",
        ]
      : [
          "meta mark & 0x00004000 != 0x00000000 meta mark set meta mark ^ 0x00004000 masquerade fully-random",
          `ct status dnat ${ip} saddr . ${ip} daddr . ${port} @hairpin-connections masquerade fully-random`,
        ],
  ),
  block("chain cluster-ips-check", [
    `${ip} daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"`,
    `${ip} daddr ${listedRanges(services, services.length, network)} drop comment "Drop traffic to unallocated ClusterIPs"`,
  ]),
  ...(layout.hasEndpointChains ? [block("chain mark-for-masquerade", [setMark])] : []),
  block("chain reject-chain", [
    'comment "helper for @no-endpoint-services / @no-endpoint-nodeports"',
    "reject",
  ]),
].join("\n")}
}
`;
}

function block(head: string, lines: readonly string[]): string {
  return `\t${head} {\n${lines.map((line) => `\t\t${line}\n`).join("")}\t}`;
}

/** Elements of every container, service by service. */
export function mapElements({
  cluster,
  maps,
}: Pick<NftablesProgram, "cluster" | "maps">): ReadonlyMap<string, string[][]> {
  const containers = new Map<string, string[][]>();
  const add = (container: string, service: number, element: string): void => {
    let services = containers.get(container);
    if (!services) {
      services = Array.from({ length: cluster.services }, () => []);
      containers.set(container, services);
    }
    services[service]!.push(element);
  };
  const text = (address: number) => addressText(cluster.network, address >>> 0);
  each(maps.hairpins.view(), 4, (w, at) => {
    const address = text(w[at]!);
    add(
      "hairpin-connections",
      w[at + 3]!,
      `${address} . ${address} . ${protocolName(w[at + 1]!)} . ${w[at + 2]}`,
    );
  });
  const verdict = (value: number) => (value === DROP ? "drop" : "goto reject-chain");
  for (let s = 0; s < cluster.services; s++) add("cluster-ips", s, text(cluster.clusterIp[s]!));
  const key = (w: Int32Array, at: number) => `${text(w[at]!)} . ${protocolName(w[at + 1]!)} . ${w[at + 2]}`;
  each(maps.serviceIps.view(), 5, (w, at) => {
    const p = w[at + 3]!;
    const s = cluster.service[p]!;
    const chain = w[at + 4] === 1 ? "external" : cluster.internalLocal[s] ? "local" : "service";
    add("service-ips", s, `${key(w, at)} : goto ${chain}-${servicePortBase(cluster, p)}`);
  });
  each(maps.nodePorts.view(), 3, (w, at) => {
    const p = w[at + 2]!;
    const chain = `external-${servicePortBase(cluster, p)}`;
    add("service-nodeports", cluster.service[p]!, `${protocolName(w[at]!)} . ${w[at + 1]} : goto ${chain}`);
  });
  each(maps.firewallIps.view(), 4, (w, at) => {
    const s = w[at + 3]!;
    let p = cluster.portStart[s]!;
    while (cluster.protocol[p] !== w[at + 1] || cluster.port[p] !== w[at + 2]) p++;
    add("firewall-ips", s, `${key(w, at)} : goto firewall-${servicePortBase(cluster, p)}`);
  });
  // Only a comment says whose a refusal is: it leads to no chain of a service.
  const owner = (p: number) => ` comment "${servicePortName(cluster, p).slice(0, MAX_COMMENT)}"`;
  each(maps.noEndpointServices.view(), 5, (w, at) => {
    const p = w[at + 4]!;
    const element = `${key(w, at)}${owner(p)} : ${verdict(w[at + 3]!)}`;
    add("no-endpoint-services", cluster.service[p]!, element);
  });
  each(maps.noEndpointNodePorts.view(), 4, (w, at) => {
    const p = w[at + 3]!;
    const element = `${protocolName(w[at]!)} . ${w[at + 1]}${owner(p)} : ${verdict(w[at + 2]!)}`;
    add("no-endpoint-nodeports", cluster.service[p]!, element);
  });
  return containers;
}

function each(words: Int32Array, width: number, visit: (words: Int32Array, at: number) => void): void {
  for (let at = 0; at < words.length; at += width) visit(words, at);
}
