/** Rules word for word as kube-proxy hands them to iptables-restore (pkg/proxy/iptables/proxier.go, syncProxyRules). */

import { type Cluster, protocolName } from "../../../cluster/cluster.js";
import { addressText, endpointText, rangeText } from "../../../cluster/family.js";
import { sourceRangesOf } from "../../shared/kube-proxy.js";
import { TextSink } from "../../shared/text-sink.js";
import { type ChainNames, RuleComments } from "./rule-comments.js";
import { NFACCT_OBJECTS, quoted } from "./rule-text.js";
import type { ChainKind, Rule, RuleSink } from "./rules.js";

/** kube-proxy's mark bit 14 with its mask, as Go prints them. */
const MARK = "0x00004000";

/** Writes rules in kube-proxy's words and its order of them; iptables-save prints the same rules in others. */
export class HandedRules extends TextSink implements RuleSink {
  readonly #cluster: Cluster;
  readonly #chains: ChainNames;
  readonly #comments: RuleComments;
  #kind: ChainKind = "PREROUTING";
  #name = "";
  /** Source ranges that a chain of a firewall has still to list: load-balancer addresses follow them. */
  #ranges = 0;

  constructor(cluster: Cluster, chains: ChainNames) {
    super();
    this.#cluster = cluster;
    this.#chains = chains;
    this.#comments = new RuleComments(cluster, chains);
  }

  chain(kind: ChainKind, index: number): void {
    this.#kind = kind;
    this.#name = this.#chains.name(kind, index);
    this.#comments.chain(kind, index);
    this.#ranges =
      kind === "KUBE-FW" ? sourceRangesOf(this.#cluster, this.#cluster.service[index]!).length : 0;
  }

  rule(rule: Rule): void {
    this.line(`-A ${this.#name}${this.#comment(rule)}${this.#matches(rule)}${this.#target(rule)}`);
    this.#ranges--;
  }

  #comment(rule: Rule): string {
    if (!rule.comment) return "";
    const comment = this.#comments.of(rule);
    return ` -m comment --comment ${/[ "\\]/.test(comment) ? `"${quoted(comment)}"` : quoted(comment)}`;
  }

  #matches(rule: Rule): string {
    let text = "";
    if (rule.addrtype !== "none") {
      text += ` -m addrtype --${rule.addrtype === "dst-local" ? "dst" : "src"}-type LOCAL`;
    }
    if (rule.recent !== "none") text += this.#recent(rule);
    const protocol = protocolName(rule.protocol);
    if (rule.protocol !== 0) text += ` -m ${protocol} -p ${protocol}`;
    if (rule.dstPrefixLength > 0) text += this.#destination(rule);
    if (rule.dport > 0) text += ` --dport ${rule.dport}`;
    if (rule.srcPrefixLength > 0) text += this.#source(rule);
    if (rule.state !== "none") text += ` -m conntrack ${STATES[rule.state]}`;
    if (rule.mark !== "none") {
      text += ` -m mark ${rule.mark === "unset" ? "! " : ""}--mark ${MARK}/${MARK}`;
    }
    if (rule.nfacct) {
      text += ` -m nfacct --nfacct-name ${NFACCT_OBJECTS[rule.state === "none" ? "localhost" : "invalid"]}`;
    }
    if (rule.threshold >= 0) {
      // The threshold is that of 1/n, in the digits that computeProbability gives it.
      const remaining = Math.round(0x80000000 / rule.threshold);
      text += ` -m statistic --mode random --probability ${(1 / remaining).toFixed(10)}`;
    }
    return text;
  }

  #recent(rule: Rule): string {
    const list = `-m recent --name ${this.#chains.name("KUBE-SEP", rule.recentEndpoint)}`;
    return rule.recent === "set"
      ? ` ${list} --set`
      : ` ${list} --rcheck --seconds ${rule.recentSeconds} --reap`;
  }

  #destination({ dst, dstPrefixLength, dstInvert }: Rule): string {
    const { network } = this.#cluster;
    const isAddress = dstPrefixLength === 32 && !dstInvert;
    const text = isAddress
      ? addressText(network, dst)
      : rangeText(network, { base: dst, prefixLength: dstPrefixLength });
    return `${dstInvert ? " !" : ""} -d ${text}`;
  }

  /** Addresses of endpoints and load balancers have no prefix, ranges have one whatever they hold. */
  #source({ src, srcPrefixLength, srcInvert }: Rule): string {
    const { network } = this.#cluster;
    const isAddress = this.#kind === "KUBE-SEP" || (this.#kind === "KUBE-FW" && this.#ranges <= 0);
    const text = isAddress
      ? addressText(network, src)
      : rangeText(network, { base: src, prefixLength: srcPrefixLength });
    return `${srcInvert ? " !" : ""} -s ${text}`;
  }

  #target(rule: Rule): string {
    switch (rule.target) {
      case "jump":
        return ` -j ${this.#chains.name(rule.jumpKind, rule.jumpIndex)}`;
      case "dnat":
        return ` -j DNAT --to-destination ${endpointText(this.#cluster, rule.endpoint)}`;
      case "none":
        return "";
      default:
        return ` -j ${TARGETS[rule.target]}`;
    }
  }
}

const STATES = {
  new: "--ctstate NEW",
  invalid: "--ctstate INVALID",
  established: "--ctstate RELATED,ESTABLISHED",
  unsolicited: "! --ctstate RELATED,ESTABLISHED,DNAT",
} as const;

const TARGETS = {
  return: "RETURN",
  accept: "ACCEPT",
  drop: "DROP",
  reject: "REJECT",
  "mark-masq": `MARK --or-mark ${MARK}`,
  "mark-drop": "MARK --or-mark 0x00008000",
  unmark: `MARK --xor-mark ${MARK}`,
  masquerade: "MASQUERADE --random-fully",
} as const;
