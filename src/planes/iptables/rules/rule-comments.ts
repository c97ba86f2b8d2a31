/**
 * What kube-proxy calls its chains and says in its rules' comments (proxier.go, syncProxyRules): import reads
 * names out of both.
 */

import { type Cluster, servicePortName } from "../../../cluster/cluster.js";
import { endpointText } from "../../../cluster/family.js";
import { endpointHash, servicePortHash } from "./names.js";
import { endpointOwners } from "./nat-rules.js";
import type { ChainKind, Rule } from "./rules.js";

/** Chain names, each hash computed once. */
export class ChainNames {
  readonly owners: Uint32Array;
  readonly #cluster: Cluster;
  readonly #services: string[] = [];
  readonly #endpoints: string[] = [];

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.owners = endpointOwners(cluster);
  }

  name(kind: ChainKind, index: number): string {
    switch (kind) {
      case "KUBE-SVC":
      case "KUBE-SVL":
      case "KUBE-EXT":
      case "KUBE-FW":
        this.#services[index] ??= servicePortHash(this.#cluster, index);
        return `${kind}-${this.#services[index]}`;
      case "KUBE-SEP":
        this.#endpoints[index] ??= endpointHash(this.#cluster, this.owners[index]!, index);
        return `KUBE-SEP-${this.#endpoints[index]}`;
      default:
        return kind;
    }
  }
}

/** Comments of the rules of one chain after the other. */
export class RuleComments {
  readonly #cluster: Cluster;
  readonly #chains: ChainNames;
  #kind: ChainKind = "PREROUTING";
  #index = 0;

  constructor(cluster: Cluster, chains: ChainNames) {
    this.#cluster = cluster;
    this.#chains = chains;
  }

  /** The chain that the next rules are in. */
  chain(kind: ChainKind, index: number): void {
    this.#kind = kind;
    this.#index = index;
  }

  /** The comment of a rule that carries one. */
  of(rule: Rule): string {
    switch (this.#kind) {
      case "KUBE-SERVICES":
      case "KUBE-EXTERNAL-SERVICES":
        if (rule.target !== "jump") return `${this.#name(rule.servicePort)} ${refusal(rule)}`;
        if (rule.jumpKind === "KUBE-NODEPORTS") {
          return "kubernetes service nodeports; NOTE: this must be the last rule in this chain";
        }
        return `${this.#name(rule.jumpIndex)} ${frontend(rule)}`;
      case "KUBE-FIREWALL":
        return "block incoming localnet connections";
      case "KUBE-NODEPORTS":
        if (rule.target === "accept") return `${this.#name(rule.servicePort)} health check node port`;
        return this.#name(rule.jumpIndex);
      case "KUBE-SVC":
      case "KUBE-SVL":
        return rule.jumpKind === "KUBE-SEP"
          ? `${this.#name(this.#index)} -> ${endpointText(this.#cluster, rule.jumpIndex)}`
          : `${this.#name(this.#index)} cluster IP`;
      case "KUBE-SEP":
        return this.#name(this.#chains.owners[this.#index]!);
      case "KUBE-EXT":
        return this.#external(rule);
      case "KUBE-FW":
        if (rule.target === "none") {
          return `other traffic to ${this.#name(this.#index)} will be dropped by KUBE-PROXY-FIREWALL`;
        }
        return `${this.#name(this.#index)} loadbalancer IP`;
      case "KUBE-PROXY-FIREWALL": {
        const chain = this.#chains.name("KUBE-FW", rule.servicePort);
        return `${this.#name(rule.servicePort)} traffic not accepted by ${chain}`;
      }
      case "KUBE-POSTROUTING":
        return "kubernetes service traffic requiring SNAT";
      case "KUBE-FORWARD":
        return rule.mark === "set" ? "kubernetes forwarding rules" : "kubernetes forwarding conntrack rule";
      default:
        return HOOK_COMMENTS[rule.jumpKind] ?? "kubernetes service portals";
    }
  }

  #external(rule: Rule): string {
    const whose = `${this.#name(this.#index)} external destinations`;
    if (rule.addrtype === "none") {
      return rule.srcPrefixLength > 0 ? `pod traffic for ${whose}` : `masquerade traffic for ${whose}`;
    }
    return rule.jumpKind === "KUBE-MARK-MASQ"
      ? `masquerade LOCAL traffic for ${whose}`
      : `route LOCAL traffic for ${whose}`;
  }

  #name(servicePort: number): string {
    return servicePortName(this.#cluster, servicePort);
  }
}

const HOOK_COMMENTS: Partial<Record<ChainKind, string>> = {
  "KUBE-POSTROUTING": "kubernetes postrouting rules",
  "KUBE-PROXY-FIREWALL": "kubernetes load balancer firewall",
  "KUBE-NODEPORTS": "kubernetes health check service ports",
  "KUBE-EXTERNAL-SERVICES": "kubernetes externally-visible service portals",
  "KUBE-FORWARD": "kubernetes forwarding rules",
};

function refusal(rule: Rule): string {
  return rule.target === "reject" ? "has no endpoints" : "has no local endpoints";
}

function frontend(rule: Rule): string {
  if (rule.jumpKind === "KUBE-SVC" || rule.jumpKind === "KUBE-SVL") return "cluster IP";
  return rule.isIngress ? "loadbalancer IP" : "external IP";
}
