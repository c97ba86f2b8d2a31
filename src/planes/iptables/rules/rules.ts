/** Rules as data: what kube-proxy writes, before it becomes a blob for the model or text for the kernel. */

/** Chains that exist once, and kinds of chains that exist once per service-port (SVC…FW) or endpoint (SEP). */
export const CHAINS = [
  "PREROUTING",
  "INPUT",
  "FORWARD",
  "OUTPUT",
  "POSTROUTING",
  "KUBE-SERVICES",
  "KUBE-NODEPORTS",
  "KUBE-MARK-MASQ",
  "KUBE-POSTROUTING",
  "KUBE-EXTERNAL-SERVICES",
  "KUBE-PROXY-FIREWALL",
  "KUBE-FORWARD",
  "KUBE-FIREWALL",
  /** Empty: kube-proxy sees by it whether someone flushed the rules. */
  "KUBE-PROXY-CANARY",
  "KUBE-SVC",
  "KUBE-SVL",
  "KUBE-EXT",
  "KUBE-FW",
  "KUBE-SEP",
  /** Chains of a node's own list, whoever made them, numbered as they stand there. */
  "OTHER",
] as const;
export type ChainKind = (typeof CHAINS)[number];

export type Target =
  | "jump"
  | "return"
  | "accept"
  | "drop"
  | "reject"
  | "mark-masq"
  | "mark-drop"
  | "unmark"
  | "masquerade"
  | "dnat"
  /** Counts, and goes on with the next rule. */
  | "none";

/** Conditions in addition to the header's: each is one `-m` of the rule. */
export interface Matches {
  /** Carries a comment: 288 bytes that the kernel walks over. */
  comment: boolean;
  /** Destination port; -1 = no tcp/udp/sctp match. */
  dport: number;
  /** `statistic --mode random`: 31-bit threshold; -1 = none. */
  threshold: number;
  /** `recent`: list of this endpoint's clients. */
  recent: "none" | "check" | "set";
  recentEndpoint: number;
  recentSeconds: number;
  addrtype: "none" | "dst-local" | "src-local" | "src-not-local";
  /** `conntrack --ctstate`; `unsolicited`: neither RELATED, ESTABLISHED nor DNAT. */
  state: "none" | "new" | "invalid" | "established" | "unsolicited";
  /** `mark --mark 0x4000/0x4000`, or not marked; `drop`: the other mark, which only nodes' own lists have. */
  mark: "none" | "set" | "unset" | "drop";
  /** Counts in one of kube-proxy's nfacct objects, which must exist when the rule is loaded. */
  nfacct: boolean;
}

/** One rule. The emitter reuses a single object: a sink reads it before it returns and keeps no reference. */
export interface Rule extends Matches {
  src: number;
  srcPrefixLength: number;
  srcInvert: boolean;
  dst: number;
  dstPrefixLength: number;
  dstInvert: boolean;
  /** 0 = any. */
  protocol: number;
  target: Target;
  jumpKind: ChainKind;
  jumpIndex: number;
  /** Endpoint that a `dnat` target rewrites to. */
  endpoint: number;
  /** `-g`: what the chain returns to is not this rule's chain. */
  isGoto: boolean;
  /** Holds a condition that is not understood: the rule is visited and taken as not matching. */
  unsupported: boolean;
  /** Service-port that a refusal (`reject`, `drop`) is for. */
  servicePort: number;
  /** Of KUBE-SERVICES: for an address of a load balancer, as the comment says. */
  isIngress: boolean;
}

/** Receives chains and their rules in the order of the table. */
export interface RuleSink {
  /** A base chain's policy is accept unless it says `drop`. */
  chain(kind: ChainKind, index: number, policy?: "drop"): void;
  rule(rule: Rule): void;
}

/** A rule emitter over one reused rule object: a table of 30,000 services has 400,000 rules, built in every replicate. */
export class RuleWriter {
  readonly #sink: RuleSink;
  readonly #rule: Rule = {
    src: 0,
    srcPrefixLength: 0,
    srcInvert: false,
    dst: 0,
    dstPrefixLength: 0,
    dstInvert: false,
    protocol: 0,
    comment: false,
    dport: -1,
    threshold: -1,
    recent: "none",
    recentEndpoint: 0,
    recentSeconds: 0,
    addrtype: "none",
    state: "none",
    mark: "none",
    nfacct: false,
    target: "return",
    jumpKind: "PREROUTING",
    jumpIndex: 0,
    endpoint: 0,
    servicePort: 0,
    isIngress: false,
    isGoto: false,
    unsupported: false,
  };

  constructor(sink: RuleSink) {
    this.#sink = sink;
  }

  chain(kind: ChainKind, index = 0, policy?: "drop"): void {
    this.#sink.chain(kind, index, policy);
  }

  /** A rule without conditions, to be filled in and then given to `emit` or `jump`. */
  begin(comment: boolean): Rule {
    const rule = this.#rule;
    rule.src = 0;
    rule.srcPrefixLength = 0;
    rule.srcInvert = false;
    rule.dst = 0;
    rule.dstPrefixLength = 0;
    rule.dstInvert = false;
    rule.protocol = 0;
    rule.comment = comment;
    rule.dport = -1;
    rule.threshold = -1;
    rule.recent = "none";
    rule.addrtype = "none";
    rule.state = "none";
    rule.mark = "none";
    rule.nfacct = false;
    rule.isIngress = false;
    rule.isGoto = false;
    rule.unsupported = false;
    return rule;
  }

  /** Emits the rule that was begun, with a target that ends or marks. */
  emit(target: Target): void {
    this.#rule.target = target;
    this.#sink.rule(this.#rule);
  }

  /** Emits the rule that was begun, with a jump. */
  jump(kind: ChainKind, index = 0): void {
    this.#rule.target = "jump";
    this.#rule.jumpKind = kind;
    this.#rule.jumpIndex = index;
    this.#sink.rule(this.#rule);
  }
}

/** 31-bit threshold of `--probability p` as xt_statistic stores it: round(p · 2^31) (libxt_statistic.c). */
export function statisticThreshold(probability: number): number {
  return Math.round(probability * 0x80000000);
}

/** The probability that a threshold reads back as, with the digits iptables-save prints. */
export function formatThreshold(threshold: number): string {
  return (threshold / 0x80000000).toFixed(11);
}

/** kube-proxy prints 1/n with ten decimals (proxier.go, computeProbability), and iptables parses that text. */
export function pickThreshold(remaining: number): number {
  return statisticThreshold(Number((1 / remaining).toFixed(10)));
}
