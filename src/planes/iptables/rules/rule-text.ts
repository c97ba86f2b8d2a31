/** Rules in the words of iptables-save, with kube-proxy's chain names and comments. */

import { oneLine } from "../../../cluster/checks.js";
import {
  type Cluster,
  maskTo,
  type Network,
  protocolName,
  servicePortName,
} from "../../../cluster/cluster.js";
import { endpointText, familyOf, rangeText } from "../../../cluster/family.js";
import { NotRepresentableError } from "../../../errors.js";
import { TextSink } from "../../shared/text-sink.js";
import { isStateFirst } from "../layout.js";
import { endpointHash, servicePortHash } from "./names.js";
import { endpointOwners } from "./nat-rules.js";
import { type ChainKind, formatThreshold, type Rule, type RuleSink } from "./rules.js";

/** kube-proxy's mark bit 14 (`iptables.masqueradeBit`). */
const MARK = "0x4000/0x4000";
/** struct xt_comment_info: 256 bytes with the end of the string; iptables refuses longer comments. */
const MAX_COMMENT = 255;

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

/** Writes rules as iptables-save prints them. */
export class RuleText extends TextSink implements RuleSink {
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
      `-A ${this.#chains.name(this.#kind, this.#index)}${header(rule, this.#cluster.network)}${this.#matches(rule)}${this.#target(rule)}`,
    );
  }

  /** In the order of the model's blob, so that the kernel's has the same bytes. */
  #matches(rule: Rule): string {
    const protocol = protocolName(rule.protocol);
    const state = rule.state === "none" ? "" : ` -m conntrack ${STATES[rule.state]}`;
    let text = isStateFirst(rule) ? state : "";
    if (rule.comment) text += ` -m comment --comment "${quoted(this.#comment(rule))}"`;
    if (!isStateFirst(rule)) text += state;
    if (rule.mark !== "none") text += ` -m mark ${rule.mark === "unset" ? "! " : ""}--mark ${MARK}`;
    if (rule.addrtype !== "none") {
      text += ` -m addrtype --${rule.addrtype === "dst-local" ? "dst" : "src"}-type LOCAL`;
    }
    if (rule.recent !== "none") text += this.#recent(rule);
    if (rule.dport >= 0) text += ` -m ${protocol}${rule.dport > 0 ? ` --dport ${rule.dport}` : ""}`;
    if (rule.nfacct)
      text += ` -m nfacct --nfacct-name  ${NFACCT_OBJECTS[rule.state === "none" ? "localhost" : "invalid"]}`;
    if (rule.threshold >= 0) {
      text += ` -m statistic --mode random --probability ${formatThreshold(rule.threshold)}`;
    }
    return text;
  }

  #recent(rule: Rule): string {
    const list = `--name ${this.#chains.name("KUBE-SEP", rule.recentEndpoint)} --mask ${HOST_MASKS[familyOf(this.#cluster.network)]} --rsource`;
    return rule.recent === "set"
      ? ` -m recent --set ${list}`
      : ` -m recent --rcheck --seconds ${rule.recentSeconds} --reap ${list}`;
  }

  #target(rule: Rule): string {
    switch (rule.target) {
      case "jump":
        return ` -j ${this.#chains.name(rule.jumpKind, rule.jumpIndex)}`;
      case "dnat":
        return ` -j DNAT --to-destination ${this.#endpoint(rule.endpoint)}`;
      case "none":
        return "";
      case "reject":
        return ` -j REJECT --reject-with ${REJECTIONS[familyOf(this.#cluster.network)]}`;
      default:
        return ` -j ${TARGETS[rule.target]}`;
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
      case "KUBE-FIREWALL":
        return "block incoming localnet connections";
      case "KUBE-NODEPORTS":
        if (rule.target === "accept") return `${this.#name(rule.servicePort)} health check node port`;
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
    return rule.isIngress ? "loadbalancer IP" : "external IP";
  }

  #name(servicePort: number): string {
    return servicePortName(this.#cluster, servicePort);
  }

  #endpoint(endpoint: number): string {
    return endpointText(this.#cluster, endpoint);
  }
}

const STATES = {
  new: "--ctstate NEW",
  invalid: "--ctstate INVALID",
  established: "--ctstate RELATED,ESTABLISHED",
  unsolicited: "! --ctstate RELATED,ESTABLISHED,DNAT",
} as const;

/** nfacct objects that kube-proxy creates and counts in (pkg/proxy/metrics). */
export const NFACCT_OBJECTS = {
  localhost: "localhost_nps_accepted_pkts",
  invalid: "ct_state_invalid_dropped_pkts",
} as const;

const HOST_MASKS = { 4: "255.255.255.255", 6: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" } as const;
const REJECTIONS = { 4: "icmp-port-unreachable", 6: "icmp6-port-unreachable" } as const;

const TARGETS = {
  return: "RETURN",
  accept: "ACCEPT",
  drop: "DROP",
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

/**
 * The inside of a quoted word as iptables-restore reads it (xshared.c, add_param_to_argv). safe-names.ts refuses names that
 * need it; were one let through, it would be a comment and nothing else. No escape holds a line break within its line.
 */
function quoted(comment: string): string {
  if (/\p{Cc}/u.test(comment))
    throw new NotRepresentableError(`"${oneLine(comment, 60)}" can't be a rule's comment`);
  return comment.slice(0, MAX_COMMENT).replace(/["\\]/g, "\\$&");
}

function refusal(rule: Rule): string {
  return rule.target === "reject" ? "has no endpoints" : "has no local endpoints";
}

function header(rule: Rule, network: Network): string {
  let text = "";
  if (rule.srcPrefixLength > 0) {
    text += `${rule.srcInvert ? " !" : ""} -s ${range(network, rule.src, rule.srcPrefixLength)}`;
  }
  if (rule.dstPrefixLength > 0)
    text += `${rule.dstInvert ? " !" : ""} -d ${range(network, rule.dst, rule.dstPrefixLength)}`;
  if (rule.protocol !== 0) text += ` -p ${protocolName(rule.protocol)}`;
  return text;
}

function range(network: Network, address: number, prefixLength: number): string {
  return rangeText(network, { base: maskTo(address, prefixLength), prefixLength });
}
