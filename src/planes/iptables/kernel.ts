/** The program as text for iptables-restore: the rules that the model walks, in their order, with kube-proxy's names. */

import {
  type Cluster,
  formatAddress,
  formatCidr,
  INGRESS_IP,
  maskTo,
  protocolName,
  servicePortName,
} from "../../cluster/cluster.js";
import { refuseUnsafeNames } from "../../cluster/export/safe-names.js";
import { TextSink } from "../shared/text-sink.js";
import { BASE_CHAINS } from "./blob.js";
import { endpointHash, servicePortHash } from "./names.js";
import { endpointOwners } from "./nat-rules.js";
import type { IptablesProgram } from "./program.js";
import { type ChainKind, formatThreshold, type Rule, type RuleSink } from "./rules.js";

/** kube-proxy's mark bit 14 (`iptables.masqueradeBit`). */
const MARK = "0x4000/0x4000";
/** struct xt_comment_info: 256 bytes with the end of the string; iptables refuses longer comments. */
const MAX_COMMENT = 255;

/**
 * Text for `iptables-restore` (legacy or nft), in chunks: the whole nat and filter tables, flushing what is there.
 * Throws UsageError for names that Kubernetes does not allow.
 */
export function* iptablesRestore(program: IptablesProgram): Iterable<string> {
  const { cluster } = program;
  refuseUnsafeNames(cluster);
  const chains = new ChainNames(cluster);
  const tables = [
    ["nat", (sink: RuleSink) => program.natRules(sink)],
    ["filter", (sink: RuleSink) => program.filterRules(sink)],
  ] as const;
  for (const [name, emit] of tables) {
    yield `*${name}\n`;
    // Chains first: iptables-nft takes many times longer where a rule jumps to a chain that is declared after it.
    const declarations = new TextSink();
    emit({
      chain: (kind, index) => {
        const policy = BASE_CHAINS.includes(kind) ? "ACCEPT" : "-";
        declarations.line(`:${chains.name(kind, index)} ${policy} [0:0]`);
      },
      rule: () => {},
    });
    yield* declarations.chunks();
    const rules = new RuleText(cluster, chains);
    emit(rules);
    yield* rules.chunks();
    yield "COMMIT\n";
  }
}

/** Chain names, each hash computed once. */
class ChainNames {
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

/** Writes rules as iptables-save prints them. */
class RuleText extends TextSink implements RuleSink {
  readonly #cluster: Cluster;
  readonly #chains: ChainNames;
  #kind: ChainKind = "PREROUTING";
  #index = 0;

  constructor(cluster: Cluster, chains: ChainNames) {
    super();
    this.#cluster = cluster;
    this.#chains = chains;
  }

  chain(kind: ChainKind, index: number): void {
    this.#kind = kind;
    this.#index = index;
  }

  rule(rule: Rule): void {
    this.line(
      `-A ${this.#chains.name(this.#kind, this.#index)}${header(rule)}${this.#matches(rule)} -j ${this.#target(rule)}`,
    );
  }

  /** In the order of the model's blob, so that the kernel's has the same bytes. */
  #matches(rule: Rule): string {
    const protocol = protocolName(rule.protocol);
    let text = "";
    if (rule.comment) text += ` -m comment --comment "${this.#comment(rule).slice(0, MAX_COMMENT)}"`;
    if (rule.dport >= 0) text += ` -m ${protocol}${rule.dport > 0 ? ` --dport ${rule.dport}` : ""}`;
    if (rule.addrtype !== "none") {
      text += ` -m addrtype --${rule.addrtype === "dst-local" ? "dst" : "src"}-type LOCAL`;
    }
    if (rule.state !== "none") text += ` -m conntrack --ctstate ${STATES[rule.state]}`;
    if (rule.mark !== "none") text += ` -m mark ${rule.mark === "unset" ? "! " : ""}--mark ${MARK}`;
    if (rule.threshold >= 0) {
      text += ` -m statistic --mode random --probability ${formatThreshold(rule.threshold)}`;
    }
    if (rule.recent !== "none") text += this.#recent(rule);
    return text;
  }

  #recent(rule: Rule): string {
    const list = `--name ${this.#chains.name("KUBE-SEP", rule.recentEndpoint)} --mask 255.255.255.255 --rsource`;
    return rule.recent === "set"
      ? ` -m recent --set ${list}`
      : ` -m recent --rcheck --seconds ${rule.recentSeconds} --reap ${list}`;
  }

  #target(rule: Rule): string {
    switch (rule.target) {
      case "jump":
        return this.#chains.name(rule.jumpKind, rule.jumpIndex);
      case "dnat":
        return `DNAT --to-destination ${this.#endpoint(rule.endpoint)}`;
      default:
        return TARGETS[rule.target];
    }
  }

  /** kube-proxy's comments (proxier.go, syncProxyRules): import reads names out of them. */
  #comment(rule: Rule): string {
    switch (this.#kind) {
      case "KUBE-SERVICES":
      case "KUBE-EXTERNAL-SERVICES":
        if (rule.target !== "jump") return `${this.#name(rule.servicePort)} ${refusal(rule)}`;
        if (rule.jumpKind === "KUBE-NODEPORTS") {
          return "kubernetes service nodeports; NOTE: this must be the last rule in this chain";
        }
        return `${this.#name(rule.jumpIndex)} ${this.#frontend(rule)}`;
      case "KUBE-NODEPORTS":
        return this.#name(rule.jumpIndex);
      case "KUBE-SVC":
      case "KUBE-SVL":
        return rule.jumpKind === "KUBE-SEP"
          ? `${this.#name(this.#index)} -> ${this.#endpoint(rule.jumpIndex)}`
          : `${this.#name(this.#index)} cluster IP`;
      case "KUBE-SEP":
        return this.#name(this.#chains.owners[this.#index]!);
      case "KUBE-EXT":
        return this.#externalComment(rule);
      case "KUBE-FW":
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

  #externalComment(rule: Rule): string {
    const whose = `${this.#name(this.#index)} external destinations`;
    if (rule.addrtype === "none") {
      return rule.srcPrefixLength > 0 ? `pod traffic for ${whose}` : `masquerade traffic for ${whose}`;
    }
    return rule.jumpKind === "KUBE-MARK-MASQ"
      ? `masquerade LOCAL traffic for ${whose}`
      : `route LOCAL traffic for ${whose}`;
  }

  #frontend(rule: Rule): string {
    if (rule.jumpKind === "KUBE-SVC" || rule.jumpKind === "KUBE-SVL") return "cluster IP";
    const { service, externalStart, externalAddress, externalKind } = this.#cluster;
    const s = service[rule.jumpIndex]!;
    for (let x = externalStart[s]!; x < externalStart[s + 1]!; x++) {
      if (externalAddress[x] === rule.dst && externalKind[x] === INGRESS_IP) return "loadbalancer IP";
    }
    return "external IP";
  }

  #name(servicePort: number): string {
    return servicePortName(this.#cluster, servicePort);
  }

  #endpoint(endpoint: number): string {
    return `${formatAddress(this.#cluster.endpointAddress[endpoint]!)}:${this.#cluster.endpointPort[endpoint]}`;
  }
}

const STATES = { new: "NEW", invalid: "INVALID", established: "RELATED,ESTABLISHED" } as const;

const TARGETS = {
  return: "RETURN",
  accept: "ACCEPT",
  drop: "DROP",
  reject: "REJECT --reject-with icmp-port-unreachable",
  "mark-masq": "MARK --set-xmark 0x4000/0x4000",
  "mark-drop": "MARK --set-xmark 0x8000/0x8000",
  unmark: "MARK --set-xmark 0x4000/0x0",
  masquerade: "MASQUERADE --random-fully",
} as const;

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

function header(rule: Rule): string {
  let text = "";
  if (rule.srcPrefixLength > 0) {
    text += `${rule.srcInvert ? " !" : ""} -s ${range(rule.src, rule.srcPrefixLength)}`;
  }
  if (rule.dstPrefixLength > 0) text += ` -d ${range(rule.dst, rule.dstPrefixLength)}`;
  if (rule.protocol !== 0) text += ` -p ${protocolName(rule.protocol)}`;
  return text;
}

function range(address: number, prefixLength: number): string {
  return formatCidr({ base: maskTo(address, prefixLength), prefixLength });
}
