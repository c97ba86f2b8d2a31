/**
 * The chains of service-ports and of their endpoints (pkg/proxy/nftables/proxier.go, syncProxyRules), as `nft
 * list` prints them or in other words.
 */

import {
  type Cidr,
  type Cluster,
  protocolName,
  servesPolicyCluster,
  servesPolicyLocal,
} from "../../../cluster/cluster.js";
import { addressText, endpointText, rangeText } from "../../../cluster/family.js";
import {
  endpointRows,
  ingressSources,
  type KubeProxySettings,
  sourceRangesOf,
} from "../../shared/kube-proxy.js";
import { TextSink } from "../../shared/text-sink.js";
import { KIND_SERVICE } from "../layout.js";
import { type NftLayout, nftLayout } from "../version.js";
import { familyWords } from "./family-words.js";
import { chainsOf, isReached, policyChainKind } from "./frontends.js";
import { disjointRanges, listedRanges } from "./listed-ranges.js";
import { endpointBase, servicePortBase } from "./names.js";

/** Elements of an affinity set: nftables' default for dynamic sets. */
const AFFINITY_SIZE = 65_535;

/** What nft prints differently from what it was given. `table`: family and name, `ip kube-proxy`. */
export interface ServiceWords {
  /** Sets kube-proxy's mark bit 14. */
  readonly setMark: string;
  /** Between two elements. */
  readonly comma: string;
  /** Before `to`, where addresses and ports come out of a map. */
  readonly dnatPair: (ip: string) => string;
  /** What a load balancer's address is open to: an address, a range, or a set of them in braces. */
  readonly sources: (cluster: Cluster, service: number) => string;
  readonly chain: (table: string, name: string, rules: readonly string[]) => readonly string[];
  readonly affinitySet: (
    table: string,
    set: { readonly name: string; readonly seconds: number; readonly addressType: string },
  ) => readonly string[];
}

/** `nft list`: what belongs inside of `table … { }`. A chain that is jumped to may stand after the one that jumps. */
const LISTED: ServiceWords = {
  setMark: "meta mark set meta mark | 0x00004000",
  comma: ", ",
  dnatPair: (ip) => `dnat ${ip}`,
  sources: listedSources,
  chain: (_, name, rules) => [`\tchain ${name} {`, ...rules.map((rule) => `\t\t${rule}`), "\t}"],
  affinitySet: (_, { name, seconds, addressType }) => [
    `\tset ${name} {`,
    `\t\ttype ${addressType}`,
    `\t\tsize ${AFFINITY_SIZE}`,
    "\t\tflags dynamic,timeout",
    `\t\ttimeout ${formatDuration(seconds)}`,
    "\t}",
  ],
};

/** Writes service-ports, one after the other. */
export class ServiceText extends TextSink {
  /** Names of the chains and sets written, in their order. */
  readonly chains: string[] = [];
  readonly sets: string[] = [];
  readonly #settings: KubeProxySettings;
  readonly #layout: NftLayout;
  readonly #words: ServiceWords;

  constructor(settings: KubeProxySettings, words = LISTED) {
    super();
    this.#settings = settings;
    this.#layout = nftLayout(settings);
    this.#words = words;
  }

  /** The chains of a service-port and of its endpoints. */
  servicePort(cluster: Cluster, p: number): void {
    const facts = chainsOf(cluster, p);
    const base = servicePortBase(cluster, p);
    const { ip, addressType, table } = familyWords(cluster.network);
    const s = cluster.service[p]!;
    const used = endpointRows(cluster, p).filter((e) => isReached(cluster, e, facts));
    const membersOf = (serves: (local: number) => boolean) =>
      used.filter((e) => serves(cluster.endpointLocal[e]!));
    const seconds = cluster.affinitySeconds[s]!;
    const hasChains = this.#layout.hasEndpointChains || seconds > 0;
    const names = new Map(hasChains ? used.map((e) => [e, endpointBase(cluster, p, e)]) : []);
    if (seconds > 0) {
      for (const tail of names.values()) {
        const name = `affinity-${tail}`;
        this.sets.push(name);
        this.#lines(this.#words.affinitySet(table, { name, seconds, addressType }));
      }
    }
    const policyChain = (kind: "service" | "local", members: readonly number[]): void =>
      this.#chain(table, `${kind}-${base}`, [
        ...this.#masqueradeTest(cluster, p, kind),
        ...(seconds > 0
          ? members.map((e) => `${ip} saddr @affinity-${names.get(e)} goto endpoint-${names.get(e)}`)
          : []),
        hasChains
          ? this.#jumpToAny(members.map((e) => `endpoint-${names.get(e)}`))
          : this.#dnat(cluster, p, members),
      ]);
    if (facts.usesService) policyChain("service", membersOf(servesPolicyCluster));
    if (facts.usesLocal) policyChain("local", membersOf(servesPolicyLocal));
    if (facts.usesExternal) this.#externalChain(cluster, p, base);
    if (facts.usesFirewall) this.#firewallChain(cluster, s, base);
    for (const [e, name] of names) {
      this.#chain(table, `endpoint-${name}`, [
        ...(this.#layout.hasEndpointChains
          ? [
              `${ip} saddr ${addressText(cluster.network, cluster.endpointAddress[e]!)} jump mark-for-masquerade`,
            ]
          : []),
        ...(seconds > 0 ? [`update @affinity-${name} { ${ip} saddr }`] : []),
        `meta l4proto ${protocolName(cluster.protocol[p]!)} dnat to ${endpointText(cluster, e)}`,
      ]);
    }
  }

  /** Only where the cluster IP leads to: what comes through the external chain was marked there. */
  #masqueradeTest(cluster: Cluster, p: number, kind: "service" | "local"): string[] {
    if (!this.#layout.hasEndpointChains || !this.#layout.marksClusterIps) return [];
    if (policyChainKind(cluster, p, kind === "local") !== KIND_SERVICE) return [];
    const { network } = cluster;
    const { ip } = familyWords(network);
    const pods = this.#settings.masqueradeAll ? "" : ` ${ip} saddr != ${rangeText(network, network.podCidr)}`;
    const clusterIp = addressText(network, cluster.clusterIp[cluster.service[p]!]!);
    return [`${ip} daddr ${clusterIp}${pods} jump mark-for-masquerade`];
  }

  #dnat(cluster: Cluster, p: number, members: readonly number[]): string {
    const protocol = `meta l4proto ${protocolName(cluster.protocol[p]!)}`;
    if (members.length === 1 && this.#layout.dnatsSingleEndpoint) {
      return `${protocol} dnat to ${endpointText(cluster, members[0]!)}`;
    }
    const { comma, dnatPair } = this.#words;
    const choices = members.map((e, i) => `${i} : ${dnatElement(cluster, e)}`).join(comma);
    const { ip } = familyWords(cluster.network);
    return `${protocol} ${dnatPair(ip)} to numgen random mod ${members.length} map { ${choices} }`;
  }

  #jumpToAny(chains: readonly string[]): string {
    const choices = chains.map((name, i) => `${i} : goto ${name}`).join(this.#words.comma);
    return `numgen random mod ${chains.length} vmap { ${choices} }`;
  }

  #chain(table: string, name: string, rules: readonly string[]): void {
    this.chains.push(name);
    this.#lines(this.#words.chain(table, name, rules));
  }

  #lines(lines: readonly string[]): void {
    for (const line of lines) this.line(line);
  }

  #externalChain(cluster: Cluster, p: number, base: string): void {
    const s = cluster.service[p]!;
    const pods = rangeText(cluster.network, cluster.network.podCidr);
    const { ip, table } = familyWords(cluster.network);
    const isJump = this.#layout.hasEndpointChains;
    const mark = isJump ? "jump mark-for-masquerade" : this.#words.setMark;
    this.#chain(
      table,
      `external-${base}`,
      cluster.externalLocal[s]
        ? [
            ...(this.#layout.tellsPods
              ? [`${ip} saddr ${pods} goto service-${base} comment "short-circuit pod traffic"`]
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
    const { ip, table } = familyWords(cluster.network);
    this.#chain(table, `firewall-${base}`, [`${ip} saddr != ${this.#words.sources(cluster, s)} drop`]);
  }
}

function listedSources(cluster: Cluster, s: number): string {
  const given = sourceRangesOf(cluster, s).length + ingressSources(cluster, s).length;
  return listedRanges(firewallSources(cluster, s), given, cluster.network);
}

function dnatElement({ network, endpointAddress, endpointPort }: Cluster, e: number): string {
  return `${addressText(network, endpointAddress[e]!)} . ${endpointPort[e]}`;
}

/** Ranges that a firewall chain lets in. */
export function firewallSources(cluster: Cluster, s: number): Cidr[] {
  const own = ingressSources(cluster, s).map((base): Cidr => ({ base, prefixLength: 32 }));
  return disjointRanges([...sourceRangesOf(cluster, s), ...own], cluster.network);
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
