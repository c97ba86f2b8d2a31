/** The chains of service-ports and of their endpoints in the words of `nft -f` (proxier.go, writeServiceToEndpointRules). */

import {
  type Cidr,
  type Cluster,
  formatAddress,
  formatCidr,
  inCidr,
  protocolName,
} from "../../cluster/cluster.js";
import { TextSink } from "../shared/text-sink.js";
import { chainsOf, policyChainKind } from "./frontends.js";
import { KIND_SERVICE } from "./layout.js";
import { endpointBase, servicePortBase } from "./names.js";

/** What belongs inside of `table … { }`. A chain that is jumped to may stand after the one that jumps. */
export class ServiceText extends TextSink {
  /** Names of the chains and sets written, in their order. */
  readonly chains: string[] = [];
  readonly sets: string[] = [];

  /** The chains of a service-port and of its endpoints. */
  servicePort(cluster: Cluster, p: number): void {
    const facts = chainsOf(cluster, p);
    const base = servicePortBase(cluster, p);
    const s = cluster.service[p]!;
    const protocol = protocolName(cluster.protocol[p]!);
    const pods = formatCidr(cluster.network.podCidr);
    const first = cluster.endpointStart[p]!;
    const end = cluster.endpointStart[p + 1]!;
    const local = (e: number) => cluster.endpointLocal[e] === 1;
    const used: number[] = [];
    for (let e = first; e < end; e++) if (facts.usesService || (facts.usesLocal && local(e))) used.push(e);
    const names = new Map(used.map((e) => [e, endpointBase(cluster, p, e)]));
    const seconds = cluster.affinitySeconds[s]!;

    if (seconds > 0) {
      for (const name of names.values()) {
        this.sets.push(`affinity-${name}`);
        this.line(`\tset affinity-${name} { type ipv4_addr; flags dynamic,timeout; timeout ${seconds}s; }`);
      }
    }
    const policyChain = (kind: "service" | "local", members: readonly number[]): void => {
      const frontend = `ip daddr ${formatAddress(cluster.clusterIp[s]!)} ${protocol} dport ${cluster.port[p]}`;
      const choices = members.map((e, i) => `${i} : goto endpoint-${names.get(e)}`).join(", ");
      this.#chain(`${kind}-${base}`, [
        ...(policyChainKind(cluster, p, kind === "local") === KIND_SERVICE
          ? [`${frontend} ip saddr != ${pods} jump mark-for-masquerade`]
          : []),
        ...(seconds > 0
          ? members.map((e) => `ip saddr @affinity-${names.get(e)} goto endpoint-${names.get(e)}`)
          : []),
        `numgen random mod ${members.length} vmap { ${choices} }`,
      ]);
    };
    if (facts.usesService) policyChain("service", used);
    if (facts.usesLocal) policyChain("local", used.filter(local));
    if (facts.usesExternal) this.#externalChain(cluster, p, base);
    this.#firewallChain(cluster, s, base);
    for (const [e, name] of names) {
      const address = formatAddress(cluster.endpointAddress[e]!);
      this.#chain(`endpoint-${name}`, [
        `ip saddr ${address} jump mark-for-masquerade`,
        ...(seconds > 0 ? [`update @affinity-${name} { ip saddr }`] : []),
        `meta l4proto ${protocol} dnat to ${address}:${cluster.endpointPort[e]}`,
      ]);
    }
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
    this.#chain(
      `external-${base}`,
      cluster.externalLocal[s]
        ? [
            `ip saddr ${pods} goto service-${base} comment "short-circuit pod traffic"`,
            'fib saddr type local jump mark-for-masquerade comment "masquerade local traffic"',
            `fib saddr type local goto service-${base} comment "short-circuit local traffic"`,
            ...(chainsOf(cluster, p).localCount > 0 ? [`goto local-${base}`] : []),
          ]
        : ["jump mark-for-masquerade", `goto service-${base}`],
    );
  }

  /** Checked even where the service has no endpoint: the chain stands whenever there are ranges. */
  #firewallChain(cluster: Cluster, s: number, base: string): void {
    const ranges = sourceRanges(cluster, s);
    if (ranges.length === 0) return;
    this.#chain(`firewall-${base}`, [`ip saddr != { ${ranges.map(formatCidr).join(", ")} } drop`]);
  }
}

/** Without those that others hold: nft refuses a set whose intervals overlap. */
function sourceRanges(cluster: Cluster, s: number): Cidr[] {
  const all: Cidr[] = [];
  for (let r = cluster.rangeStart[s]!; r < cluster.rangeStart[s + 1]!; r++) {
    all.push({ base: cluster.rangeBase[r]!, prefixLength: cluster.rangePrefixLength[r]! });
  }
  all.sort((a, b) => a.prefixLength - b.prefixLength);
  const kept: Cidr[] = [];
  for (const range of all) if (!kept.some((wider) => inCidr(wider, range.base))) kept.push(range);
  return kept;
}
