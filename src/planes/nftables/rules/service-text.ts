/** The chains of service-ports and of their endpoints in the words of `nft list` (pkg/proxy/nftables/proxier.go, syncProxyRules). */

import {
  type Cidr,
  type Cluster,
  formatAddress,
  formatCidr,
  inCidr,
  protocolName,
  servesPolicyCluster,
  servesPolicyLocal,
} from "../../../cluster/cluster.js";
import {
  endpointRows,
  ingressSources,
  type KubeProxySettings,
  sourceRangesOf,
} from "../../shared/kube-proxy.js";
import { TextSink } from "../../shared/text-sink.js";
import { KIND_SERVICE } from "../layout.js";
import { type NftLayout, nftLayout } from "../version.js";
import { chainsOf, isReached, policyChainKind } from "./frontends.js";
import { endpointBase, servicePortBase } from "./names.js";

/** kube-proxy's mark bit 14, as nft prints it. */
const SET_MARK = "meta mark set meta mark | 0x00004000";
/** Elements of an affinity set: nftables' default for dynamic sets. */
const AFFINITY_SIZE = 65_535;

/** What belongs inside of `table … { }`. A chain that is jumped to may stand after the one that jumps. */
export class ServiceText extends TextSink {
  /** Names of the chains and sets written, in their order. */
  readonly chains: string[] = [];
  readonly sets: string[] = [];
  readonly #settings: KubeProxySettings;
  readonly #layout: NftLayout;

  constructor(settings: KubeProxySettings) {
    super();
    this.#settings = settings;
    this.#layout = nftLayout(settings);
  }

  /** The chains of a service-port and of its endpoints. */
  servicePort(cluster: Cluster, p: number): void {
    const facts = chainsOf(cluster, p);
    const base = servicePortBase(cluster, p);
    const s = cluster.service[p]!;
    const used = endpointRows(cluster, p).filter((e) => isReached(cluster, e, facts));
    const membersOf = (serves: (local: number) => boolean) =>
      used.filter((e) => serves(cluster.endpointLocal[e]!));
    const seconds = cluster.affinitySeconds[s]!;
    const hasChains = this.#layout.hasEndpointChains || seconds > 0;
    const names = new Map(hasChains ? used.map((e) => [e, endpointBase(cluster, p, e)]) : []);
    if (seconds > 0) for (const name of names.values()) this.#affinitySet(name, seconds);
    const policyChain = (kind: "service" | "local", members: readonly number[]): void =>
      this.#chain(`${kind}-${base}`, [
        ...this.#masqueradeTest(cluster, p, kind),
        ...(seconds > 0
          ? members.map((e) => `ip saddr @affinity-${names.get(e)} goto endpoint-${names.get(e)}`)
          : []),
        hasChains
          ? jumpToAny(members.map((e) => `endpoint-${names.get(e)}`))
          : this.#dnat(cluster, p, members),
      ]);
    if (facts.usesService) policyChain("service", membersOf(servesPolicyCluster));
    if (facts.usesLocal) policyChain("local", membersOf(servesPolicyLocal));
    if (facts.usesExternal) this.#externalChain(cluster, p, base);
    if (facts.usesFirewall) this.#firewallChain(cluster, s, base);
    for (const [e, name] of names) {
      this.#chain(`endpoint-${name}`, [
        ...(this.#layout.hasEndpointChains
          ? [`ip saddr ${formatAddress(cluster.endpointAddress[e]!)} jump mark-for-masquerade`]
          : []),
        ...(seconds > 0 ? [`update @affinity-${name} { ip saddr }`] : []),
        `meta l4proto ${protocolName(cluster.protocol[p]!)} dnat to ${endpointOf(cluster, e, ":")}`,
      ]);
    }
  }

  #affinitySet(name: string, seconds: number): void {
    this.sets.push(`affinity-${name}`);
    this.line(`\tset affinity-${name} {`);
    this.line("\t\ttype ipv4_addr");
    this.line(`\t\tsize ${AFFINITY_SIZE}`);
    this.line("\t\tflags dynamic,timeout");
    this.line(`\t\ttimeout ${formatDuration(seconds)}`);
    this.line("\t}");
  }

  /** Only where the cluster IP leads to: what comes through the external chain was marked there. */
  #masqueradeTest(cluster: Cluster, p: number, kind: "service" | "local"): string[] {
    if (!this.#layout.hasEndpointChains || !this.#layout.marksClusterIps) return [];
    if (policyChainKind(cluster, p, kind === "local") !== KIND_SERVICE) return [];
    const pods = this.#settings.masqueradeAll ? "" : ` ip saddr != ${formatCidr(cluster.network.podCidr)}`;
    return [
      `ip daddr ${formatAddress(cluster.clusterIp[cluster.service[p]!]!)}${pods} jump mark-for-masquerade`,
    ];
  }

  #dnat(cluster: Cluster, p: number, members: readonly number[]): string {
    const protocol = `meta l4proto ${protocolName(cluster.protocol[p]!)}`;
    if (members.length === 1 && this.#layout.dnatsSingleEndpoint) {
      return `${protocol} dnat to ${endpointOf(cluster, members[0]!, ":")}`;
    }
    const choices = members.map((e, i) => `${i} : ${endpointOf(cluster, e, " . ")}`).join(", ");
    return `${protocol} dnat ip to numgen random mod ${members.length} map { ${choices} }`;
  }

  #chain(name: string, rules: readonly string[]): void {
    this.chains.push(name);
    this.line(`\tchain ${name} {`);
    for (const rule of rules) this.line(`\t\t${rule}`);
    this.line("\t}");
  }

  #externalChain(cluster: Cluster, p: number, base: string): void {
    const s = cluster.service[p]!;
    const pods = formatCidr(cluster.network.podCidr);
    const isJump = this.#layout.hasEndpointChains;
    const mark = isJump ? "jump mark-for-masquerade" : SET_MARK;
    this.#chain(
      `external-${base}`,
      cluster.externalLocal[s]
        ? [
            ...(this.#layout.tellsPods
              ? [`ip saddr ${pods} goto service-${base} comment "short-circuit pod traffic"`]
              : []),
            `fib saddr type local ${mark} comment "masquerade local traffic"`,
            `fib saddr type local goto service-${base} comment "short-circuit local traffic"`,
            ...(chainsOf(cluster, p).localCount > 0 ? [`goto local-${base}`] : []),
          ]
        : [isJump ? mark : `${mark} comment "masquerade"`, `goto service-${base}`],
    );
  }

  /** Checked even where the service has no endpoint. */
  #firewallChain(cluster: Cluster, s: number, base: string): void {
    const sources = joinedRanges(firewallSources(cluster, s));
    // nft turns a set of one into a comparison, but not one that was given the same range twice.
    const given = sourceRangesOf(cluster, s).length + ingressSources(cluster, s).length;
    const [only] = sources;
    if (sources.length === 1 && given > 1) sources.push(only!);
    this.#chain(`firewall-${base}`, [
      `ip saddr != ${sources.length === 1 ? only : `{ ${sources.join(", ")} }`} drop`,
    ]);
  }
}

function jumpToAny(chains: readonly string[]): string {
  const choices = chains.map((name, i) => `${i} : goto ${name}`).join(", ");
  return `numgen random mod ${chains.length} vmap { ${choices} }`;
}

function endpointOf(cluster: Cluster, e: number, separator: string): string {
  return `${formatAddress(cluster.endpointAddress[e]!)}${separator}${cluster.endpointPort[e]}`;
}

/** Ranges that a firewall chain lets in, sorted as nft prints them, without those that others hold: nft refuses overlaps. */
export function firewallSources(cluster: Cluster, s: number): Cidr[] {
  const own = ingressSources(cluster, s).map((base): Cidr => ({ base, prefixLength: 32 }));
  const all = [...sourceRangesOf(cluster, s), ...own].sort((a, b) => a.prefixLength - b.prefixLength);
  const kept: Cidr[] = [];
  for (const range of all) if (!kept.some((wider) => inCidr(wider, range.base))) kept.push(range);
  return kept.sort((a, b) => a.base - b.base);
}

/** Ranges in order as nft prints them in a set: neighbours as one, with a prefix where one says it. */
function joinedRanges(ranges: readonly Cidr[]): string[] {
  const joined: { first: number; last: number }[] = [];
  for (const { base, prefixLength } of ranges) {
    const last = base + 2 ** (32 - prefixLength) - 1;
    const before = joined.at(-1);
    if (before !== undefined && before.last + 1 === base) before.last = last;
    else joined.push({ first: base, last });
  }
  return joined.map(({ first, last }) => {
    if (first === last) return formatAddress(first);
    const size = last - first + 1;
    const bits = Math.log2(size);
    if (Number.isInteger(bits) && first % size === 0)
      return formatCidr({ base: first, prefixLength: 32 - bits });
    return `${formatAddress(first)}-${formatAddress(last)}`;
  });
}

/** A time as nft prints it: `3h`, `1m30s`. */
function formatDuration(seconds: number): string {
  const units = [
    ["d", 86_400],
    ["h", 3600],
    ["m", 60],
    ["s", 1],
  ] as const;
  let left = seconds;
  let text = "";
  for (const [unit, length] of units) {
    const count = Math.floor(left / length);
    left -= count * length;
    if (count > 0) text += `${count}${unit}`;
  }
  return text;
}
