/** Rules in the words of iptables-save, with kube-proxy's chain names and comments. */

import { oneLine } from "../../../cluster/checks.js";
import { type Cluster, maskTo, type Network, protocolName } from "../../../cluster/cluster.js";
import { endpointText, familyOf, rangeText } from "../../../cluster/family.js";
import { NotRepresentableError } from "../../../errors.js";
import { TextSink } from "../../shared/text-sink.js";
import { isStateFirst } from "../layout.js";
import { type ChainNames, RuleComments } from "./rule-comments.js";
import { type ChainKind, formatThreshold, type Rule, type RuleSink } from "./rules.js";

/** kube-proxy's mark bit 14 (`iptables.masqueradeBit`). */
const MARK = "0x4000/0x4000";
/** struct xt_comment_info: 256 bytes with the end of the string; iptables refuses longer comments. */
const MAX_COMMENT = 255;

/** Writes rules as iptables-save prints them. */
export class RuleText extends TextSink implements RuleSink {
  readonly #cluster: Cluster;
  readonly #chains: ChainNames;
  readonly #comments: RuleComments;
  #name = "";

  constructor(cluster: Cluster, chains: ChainNames) {
    super();
    this.#cluster = cluster;
    this.#chains = chains;
    this.#comments = new RuleComments(cluster, chains);
  }

  chain(kind: ChainKind, index: number): void {
    this.#name = this.#chains.name(kind, index);
    this.#comments.chain(kind, index);
  }

  rule(rule: Rule): void {
    this.line(
      `-A ${this.#name}${header(rule, this.#cluster.network)}${this.#matches(rule)}${this.#target(rule)}`,
    );
  }

  /** In the order of the model's blob, so that the kernel's has the same bytes. */
  #matches(rule: Rule): string {
    const protocol = protocolName(rule.protocol);
    const state = rule.state === "none" ? "" : ` -m conntrack ${STATES[rule.state]}`;
    let text = isStateFirst(rule) ? state : "";
    if (rule.comment) text += ` -m comment --comment "${quoted(this.#comments.of(rule))}"`;
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

/**
 * The inside of a quoted word as iptables-restore reads it (xshared.c, add_param_to_argv). safe-names.ts refuses names that
 * need it; were one let through, it would be a comment and nothing else. No escape holds a line break within its line.
 */
export function quoted(comment: string): string {
  if (/\p{Cc}/u.test(comment))
    throw new NotRepresentableError(`"${oneLine(comment, 60)}" can't be a rule's comment`);
  return comment.slice(0, MAX_COMMENT).replace(/["\\]/g, "\\$&");
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
