/** The program as text for `nft -f`: kube-proxy's table (pkg/proxy/nftables/proxier.go), from the maps that the model loads. */

import {
  type Cluster,
  formatAddress,
  formatCidr,
  protocolName,
  servicePortName,
} from "../../cluster/cluster.js";
import { refuseUnsafeNames } from "../../cluster/safe-names.js";
import { DROP } from "../plane.js";
import { servicePortBase } from "./names.js";
import type { NftablesProgram } from "./program.js";
import { ServiceText } from "./service-text.js";

export const TABLE = "ip kube-proxy";
/** Services a transaction: one of 10,000 takes the kernel 72 s, forty of 250 take 13 s (nft 1.0.6, Linux 6.18). */
const SERVICES_PER_TRANSACTION = 250;
/** NFTNL_UDATA_COMMENT_MAXLEN: a longer name is left out, because cut off it would be another's. */
const MAX_COMMENT = 128;

/**
 * Text for `nft -f`, one transaction after another: each chunk is a whole input, and all of them in one file are valid
 * too. The first one makes the table anew. Throws NotRepresentableError for names that Kubernetes does not allow.
 */
export function* nftTransactions(program: NftablesProgram): Iterable<string> {
  const { cluster } = program;
  refuseUnsafeNames(cluster);
  yield baseTable(cluster);
  const elements = mapElements(program);
  for (let first = 0; first < cluster.services; first += SERVICES_PER_TRANSACTION) {
    const end = Math.min(first + SERVICES_PER_TRANSACTION, cluster.services);
    const text = new ServiceText();
    text.line(`table ${TABLE} {`);
    for (let s = first; s < end; s++) {
      for (let p = cluster.portStart[s]!; p < cluster.portStart[s + 1]!; p++) text.servicePort(cluster, p);
    }
    text.line("}");
    for (const [container, members] of elements) {
      const own = members.slice(first, end).flat();
      if (own.length > 0) text.line(`add element ${TABLE} ${container} { ${own.join(", ")} }`);
    }
    yield [...text.chunks()].join("");
  }
}

/** Everything that exists once (proxier.go, setupNFTables). Priorities as numbers: nft 1.0.6 takes no `dstnat` on output. */
function baseTable(cluster: Cluster): string {
  const key = "typeof ip daddr . meta l4proto . th dport : verdict";
  const nodeKey = "typeof meta l4proto . th dport : verdict";
  const isNode = "fib daddr type local ip daddr != 127.0.0.0/8";
  return `add table ${TABLE}
delete table ${TABLE}
table ${TABLE} {
	comment "rules for kube-proxy"
	set cluster-ips { type ipv4_addr; comment "Active ClusterIPs"; }
	map no-endpoint-nodeports { ${nodeKey}; comment "vmap to drop or reject packets to service nodeports with no endpoints"; }
	map no-endpoint-services { ${key}; comment "vmap to drop or reject packets to services with no endpoints"; }
	map firewall-ips { ${key}; comment "destinations that are subject to LoadBalancerSourceRanges"; }
	map service-ips { ${key}; comment "ClusterIP, ExternalIP and LoadBalancer IP traffic"; }
	map service-nodeports { ${nodeKey}; comment "NodePort traffic"; }
	chain filter-prerouting { type filter hook prerouting priority -110; policy accept; ct state new jump firewall-check; }
	chain filter-input { type filter hook input priority -110; policy accept; ct state new jump nodeport-endpoints-check; ct state new jump service-endpoints-check; }
	chain filter-forward { type filter hook forward priority -110; policy accept; ct state new jump service-endpoints-check; ct state new jump cluster-ips-check; }
	chain filter-output { type filter hook output priority -110; policy accept; ct state new jump service-endpoints-check; ct state new jump firewall-check; }
	chain filter-output-post-dnat { type filter hook output priority -90; policy accept; ct state new jump cluster-ips-check; }
	chain nat-prerouting { type nat hook prerouting priority -100; policy accept; jump services; }
	chain nat-output { type nat hook output priority -100; policy accept; jump services; }
	chain nat-postrouting { type nat hook postrouting priority 100; policy accept; jump masquerading; }
	chain nodeport-endpoints-check { ${isNode} meta l4proto . th dport vmap @no-endpoint-nodeports; }
	chain service-endpoints-check { ip daddr . meta l4proto . th dport vmap @no-endpoint-services; }
	chain firewall-check { ip daddr . meta l4proto . th dport vmap @firewall-ips; }
	chain services {
		ip daddr . meta l4proto . th dport vmap @service-ips
		${isNode} meta l4proto . th dport vmap @service-nodeports
	}
	chain mark-for-masquerade { mark set mark or 0x4000; }
	chain masquerading {
		mark and 0x4000 == 0 return
		mark set mark xor 0x4000
		masquerade fully-random
	}
	chain reject-chain { comment "helper for @no-endpoint-services / @no-endpoint-nodeports"; reject; }
	chain cluster-ips-check {
		ip daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"
		ip daddr { ${formatCidr(cluster.network.serviceCidr)} } drop comment "Drop traffic to unallocated ClusterIPs"
	}
}
`;
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
  const verdict = (value: number) => (value === DROP ? "drop" : "goto reject-chain");
  for (let s = 0; s < cluster.services; s++) add("cluster-ips", s, formatAddress(cluster.clusterIp[s]!));
  const key = (w: Int32Array, at: number) =>
    `${formatAddress(w[at]! >>> 0)} . ${protocolName(w[at + 1]!)} . ${w[at + 2]}`;
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
  const owner = (p: number) => {
    const name = servicePortName(cluster, p);
    return name.length <= MAX_COMMENT ? ` comment "${name}"` : "";
  };
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
