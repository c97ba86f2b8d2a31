/** Export formats. To add one: its generator, and a line in EXPORTS. */

import type { Cluster } from "../cluster/cluster.js";
import type { DualStack } from "../cluster/family.js";
import { kubernetesList } from "../kubernetes/export.js";
import { EbpfProgram } from "../planes/ebpf/program.js";
import { ciliumMapsJson } from "../planes/ebpf/ruleset.js";
import { IptablesProgram } from "../planes/iptables/program.js";
import { iptablesRestore } from "../planes/iptables/ruleset.js";
import { IpvsProgram } from "../planes/ipvs/program.js";
import { ipsetRestore, ipvsadmRestore, ipvsIptablesRestore } from "../planes/ipvs/ruleset.js";
import { NftablesProgram } from "../planes/nftables/program.js";
import { nftTransactions } from "../planes/nftables/ruleset.js";
import type { PlaneOptions } from "../planes/plane.js";

/** A format that another program reads. */
export interface Export {
  readonly id: string;
  /** Who reads it. */
  readonly reader: string;
  /** What the format can't carry of any cluster, in words. */
  readonly losses: readonly string[];
  /**
   * Writes a cluster of one family.
   *
   * @param cluster Of IPv4 or of IPv6.
   * @param options Settings of the plane whose rules these are; Kubernetes objects and Cilium's maps have none.
   * @returns The text in chunks of any size.
   * @throws NotRepresentableError for names that Kubernetes does not allow; PlaneLimitError where the plane can't hold the cluster.
   */
  write(cluster: Cluster, options?: PlaneOptions): Iterable<string>;
  /**
   * Writes both families of a node in one text; absent where each family has a text of its own.
   *
   * @param clusters The same Services in both families.
   * @param options As for `write`.
   * @returns The text in chunks of any size.
   * @throws as `write`.
   */
  writeBoth?(clusters: DualStack, options?: PlaneOptions): Iterable<string>;
}

const LOCALITY = "which endpoints are on this node, except where a policy Local lists them";
const NAMES = "names of Services and ports";

/** All formats of `lbscale export`. */
export const EXPORTS: readonly Export[] = [
  {
    id: "kubernetes",
    reader: "kubectl apply",
    losses: [
      "names of other nodes, order of rules, addresses of this node, endpoints not in use, and which family of a Service comes first",
      "to kubectl apply: addresses of load balancers, which are in the status that it leaves out",
    ],
    write: (cluster) => kubernetesList(cluster),
    writeBoth: (clusters) => kubernetesList(clusters),
  },
  {
    id: "iptables",
    reader: "iptables-restore",
    losses: [
      LOCALITY,
      "endpoints that no rule leads to (policy Local, none local)",
      "addresses of this node",
    ],
    write: (cluster, options) => iptablesRestore(new IptablesProgram(cluster, options)),
  },
  {
    id: "ipvsadm",
    reader: "ipvsadm -R",
    losses: [
      NAMES,
      LOCALITY,
      "masquerade, source ranges and rejects, which are in the formats ipset and ipvs-iptables",
    ],
    write: (cluster, options) => ipvsadmRestore(new IpvsProgram(cluster, options)),
    writeBoth: function* ({ ipv4, ipv6 }, options) {
      yield* ipvsadmRestore(new IpvsProgram(ipv4, options));
      yield* ipvsadmRestore(new IpvsProgram(ipv6, options));
    },
  },
  {
    id: "ipset",
    reader: "ipset restore, next to ipvsadm",
    losses: ["servers, which are in the format ipvsadm"],
    write: (cluster, options) => ipsetRestore(new IpvsProgram(cluster, options)),
    writeBoth: ({ ipv4, ipv6 }, options) =>
      ipsetRestore(new IpvsProgram(ipv4, options), new IpvsProgram(ipv6, options)),
  },
  {
    id: "ipvs-iptables",
    reader: "iptables-restore, next to ipvsadm and after ipset",
    losses: ["servers, which are in the format ipvsadm"],
    write: (cluster, options) => [ipvsIptablesRestore(new IpvsProgram(cluster, options))],
  },
  {
    id: "nft",
    reader: "nft -f",
    losses: [
      LOCALITY,
      "endpoints that no chain leads to (policy Local, none local)",
      "addresses of this node",
    ],
    write: (cluster, options) => nftTransactions(new NftablesProgram(cluster, options)),
    writeBoth: function* ({ ipv4, ipv6 }, options) {
      yield* nftTransactions(new NftablesProgram(ipv4, options));
      yield* nftTransactions(new NftablesProgram(ipv6, options));
    },
  },
  {
    id: "cilium",
    reader: "Cilium's maps as bytes, as bpftool map dump -j prints them",
    losses: [
      NAMES,
      LOCALITY,
      "endpoints that no map entry leads to (policy Local, none local)",
      "endpoints not in use, whose entries Cilium keeps: those that terminate next to ready ones, or are not ready",
      "Maglev's tables",
    ],
    write: (cluster) => ciliumMapsJson(new EbpfProgram(cluster, {}, "random")),
    writeBoth: ({ ipv4, ipv6 }) =>
      ciliumMapsJson(new EbpfProgram(ipv4, {}, "random"), new EbpfProgram(ipv6, {}, "random")),
  },
];
