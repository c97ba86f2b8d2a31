/**
 * Sizes and offsets of a legacy iptables table on x86-64, in bytes (include/uapi/linux/netfilter_ipv4/ip_tables.h,
 * x_tables.h, xt_*.h). They add up to what IPT_SO_GET_INFO reports, to the byte. Entries of IPv6 have their own sizes; in the
 * model their header holds the numbers that stand for addresses (src/cluster/address-plan.ts), where IPv4 has them.
 */

import { type Network, SCTP } from "../../cluster/cluster.js";
import { familyOf } from "../../cluster/family.js";
import type { Rule } from "./rules/rules.js";

/** struct ipt_entry: ipt_ip (84), nfcache, target_offset, next_offset, comefrom, counters. */
const ENTRY = 112;
/** int32 indices inside an entry. */
export const SRC = 0;
export const DST = 1;
export const SRC_MASK = 2;
export const DST_MASK = 3;
/** u16 proto, u8 flags, u8 invflags at byte 80. */
export const PROTOCOL = 20;
/** u16 target_offset, u16 next_offset at byte 88. */
export const OFFSETS = 22;
/** IPT_INV_SRCIP (0x08) in `invflags`, the top byte of the PROTOCOL word. */
export const INVERT_SOURCE = 0x08000000;

/** IPT_F_GOTO (0x02) in `flags`, the byte before. */
export const GOTO = 0x00020000;

/** struct xt_entry_match / xt_entry_target: size, then in the kernel a pointer to the handler at byte 8. */
const MATCH_HEADER = 32;
export const HANDLER = 2;
export const DATA = 8;

/** What stands in the handler's place: the kernel calls through a pointer, the model switches on a number. */
export const MATCH_COMMENT = 1;
export const MATCH_PORT = 2;
export const MATCH_STATISTIC = 3;
export const MATCH_RECENT_CHECK = 4;
export const MATCH_RECENT_SET = 5;
export const MATCH_DST_LOCAL = 6;
export const MATCH_SRC_LOCAL = 7;
export const MATCH_STATE_NEW = 8;
const MATCH_STATE_OTHER = 9;
export const MATCH_MARK_SET = 10;
export const MATCH_MARK_UNSET = 11;
/** `mark` of what kube-proxy up to 1.24 wants dropped. */
export const MATCH_MARK_DROP = 12;
export const MATCH_STATE_UNSOLICITED = 13;
export const MATCH_NFACCT = 14;
/** `addrtype --dst-type LOCAL` of a rule whose header leaves out 127/8: one test here, so that the walk has none to invert. */
export const MATCH_DST_LOCAL_NO_LOOPBACK = 15;
/** `! --src-type LOCAL`: only nodes' own lists have it. */
export const MATCH_SRC_NOT_LOCAL = 16;

export const TARGET_STANDARD = 0;
export const TARGET_DNAT = 1;
export const TARGET_MARK_MASQ = 2;
export const TARGET_REJECT = 3;
/** MASQUERADE, XOR mark: only in POSTROUTING, which a lookup does not walk. */
export const TARGET_OTHER = 4;
/** The head of a user chain (an ERROR target holding its name). */
export const TARGET_CHAIN_HEAD = 5;
export const TARGET_MARK_DROP = 6;

/** Verdicts of standard targets: -NF_ACCEPT-1, -NF_DROP-1, and XT_RETURN. */
export const VERDICT_DROP = -1;
export const VERDICT_ACCEPT = -2;
export const VERDICT_RETURN = -5;

/** xt_standard_target: header and an int, padded. */
const STANDARD_TARGET = 40;
/** xt_error_target: header, 30 bytes of name, padded. */
const ERROR_TARGET = 64;
const CHAIN_HEAD = ENTRY + ERROR_TARGET;
const CHAIN_TAIL = ENTRY + STANDARD_TARGET;

/** Sizes that depend on the family, in bytes. */
export interface EntrySizes {
  /** struct ipt_entry, or ip6t_entry: its header holds four addresses of 16 bytes. */
  readonly entry: number;
  readonly chainHead: number;
  readonly chainTail: number;
  readonly masquerade: number;
}

/** struct ip6t_entry: ip6t_ip6 (136), nfcache, target_offset, next_offset, comefrom, counters. */
const IPV6_ENTRY = 168;

export const IPV4_SIZES: EntrySizes = {
  entry: ENTRY,
  chainHead: CHAIN_HEAD,
  chainTail: CHAIN_TAIL,
  masquerade: MATCH_HEADER + 24,
};
/** MASQUERADE of IPv6 takes struct nf_nat_range (40 bytes), of IPv4 nf_nat_ipv4_multi_range_compat (20, padded). */
const IPV6_SIZES: EntrySizes = {
  entry: IPV6_ENTRY,
  chainHead: IPV6_ENTRY + ERROR_TARGET,
  chainTail: IPV6_ENTRY + STANDARD_TARGET,
  masquerade: MATCH_HEADER + 40,
};

/** The sizes of a network's family. */
export function sizesOf(network: Network): EntrySizes {
  return familyOf(network) === 4 ? IPV4_SIZES : IPV6_SIZES;
}
/** In the four bytes of padding behind nf_nat_range2: the endpoint's index, so that a decision can be reported. */
export const DNAT_ENDPOINT = 19;

/** The least that a match of unknown kind can take. */
const UNSUPPORTED_MATCH = MATCH_HEADER + 8;
const COMMENT_MATCH = MATCH_HEADER + 256;
const STATISTIC_MATCH = MATCH_HEADER + 24;
const RECENT_MATCH = MATCH_HEADER + 232;
const ADDRTYPE_MATCH = MATCH_HEADER + 8;
const CONNTRACK_MATCH = MATCH_HEADER + 168;
const MARK_MATCH = MATCH_HEADER + 16;
const NFACCT_MATCH = MATCH_HEADER + 40;
const DNAT_TARGET = MATCH_HEADER + 48;
const MARK_TARGET = MATCH_HEADER + 8;
const REJECT_TARGET = MATCH_HEADER + 8;

const ADDRTYPE_HANDLERS = {
  "dst-local": MATCH_DST_LOCAL,
  "src-local": MATCH_SRC_LOCAL,
  "src-not-local": MATCH_SRC_NOT_LOCAL,
} as const;

const STATE_HANDLERS = {
  new: MATCH_STATE_NEW,
  unsolicited: MATCH_STATE_UNSOLICITED,
  invalid: MATCH_STATE_OTHER,
  established: MATCH_STATE_OTHER,
} as const;
const MARK_HANDLERS = { set: MATCH_MARK_SET, unset: MATCH_MARK_UNSET, drop: MATCH_MARK_DROP } as const;

/** Size of the tcp, udp or sctp match. */
function portMatchBytes(protocol: number): number {
  // xt_tcp 12 → 16, xt_udp 10 → 16; xt_sctp 292 → 296, because its chunk map has a byte, not a bit, for each chunk type.
  return MATCH_HEADER + (protocol === SCTP ? 296 : 16);
}

/** Bytes of the matches of a rule, whatever their order. */
export function matchesBytes(rule: Rule): number {
  return (
    (rule.dport >= 0 ? portMatchBytes(rule.protocol) : 0) +
    (rule.addrtype !== "none" ? ADDRTYPE_MATCH : 0) +
    (rule.comment ? COMMENT_MATCH : 0) +
    (rule.state !== "none" ? CONNTRACK_MATCH : 0) +
    (rule.mark !== "none" ? MARK_MATCH : 0) +
    (rule.nfacct ? NFACCT_MATCH : 0) +
    (rule.threshold >= 0 ? STATISTIC_MATCH : 0) +
    (rule.recent !== "none" ? RECENT_MATCH : 0) +
    (rule.unsupported ? UNSUPPORTED_MATCH : 0)
  );
}

/** Bytes of a rule's target. */
function targetBytes(rule: Rule, sizes: EntrySizes): number {
  switch (rule.target) {
    case "dnat":
      return DNAT_TARGET;
    case "mark-masq":
    case "mark-drop":
    case "unmark":
      return MARK_TARGET;
    case "reject":
      return REJECT_TARGET;
    case "masquerade":
      return sizes.masquerade;
    default:
      return STANDARD_TARGET;
  }
}

/** Bytes of a rule's whole entry. */
export function ruleBytes(rule: Rule, sizes: EntrySizes): number {
  return sizes.entry + matchesBytes(rule) + targetBytes(rule, sizes);
}

/** Whether the state is tested before the comment: kube-proxy writes it first where a packet must be NEW or INVALID. */
export function isStateFirst({ state }: Rule): boolean {
  return state === "new" || state === "invalid";
}

/**
 * The matches of a rule in kube-proxy's order (without an unsupported one's, which comes last and is never reached): calls
 * `visit` with handler number, size and one data word each.
 */
export function forEachMatch(
  rule: Rule,
  visit: (handler: number, bytes: number, data: number) => void,
): void {
  const visitState = (): void => {
    if (rule.state !== "none") visit(STATE_HANDLERS[rule.state], CONNTRACK_MATCH, 0);
  };
  if (isStateFirst(rule)) visitState();
  if (rule.comment) visit(MATCH_COMMENT, COMMENT_MATCH, 0);
  if (!isStateFirst(rule)) visitState();
  if (rule.mark !== "none") visit(MARK_HANDLERS[rule.mark], MARK_MATCH, 0);
  if (rule.addrtype !== "none") {
    const loopbackLeftOut = rule.addrtype === "dst-local" && rule.dstInvert;
    const handler = loopbackLeftOut ? MATCH_DST_LOCAL_NO_LOOPBACK : ADDRTYPE_HANDLERS[rule.addrtype];
    visit(handler, ADDRTYPE_MATCH, 0);
  }
  if (rule.recent === "check") visit(MATCH_RECENT_CHECK, RECENT_MATCH, rule.recentEndpoint);
  if (rule.recent === "set") visit(MATCH_RECENT_SET, RECENT_MATCH, rule.recentEndpoint);
  if (rule.dport >= 0) visit(MATCH_PORT, portMatchBytes(rule.protocol), rule.dport);
  if (rule.nfacct) visit(MATCH_NFACCT, NFACCT_MATCH, 0);
  if (rule.threshold >= 0) visit(MATCH_STATISTIC, STATISTIC_MATCH, rule.threshold);
}
