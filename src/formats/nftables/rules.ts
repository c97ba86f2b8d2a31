/** Rules that kube-proxy writes into its nftables table, as patterns over single-spaced text: each matches in one pass. */

const MARK = "(?:jump mark-for-masquerade|(?:meta )?mark set (?:meta )?mark (?:\\||or) \\S+)";

/** A rule that ends by marking for masquerade. */
export const MARKS = new RegExp(`(?:^| )${MARK}$`);

/** A random pick: its number of ways, whether into chains (vmap) or to addresses (map), and the members. */
export const NUMGEN =
  /^(?:meta l4proto \w+ dnat ip6? (?:addr \. port )?to )?numgen random mod (\d{1,9}) (vmap|map) \{ ([^{}]*) \}$/;

/** What precedes the mark; empty for a rule that is nothing else. */
export function withoutMark(rule: string): string {
  return MARKS.test(rule) ? rule.replace(MARKS, "") : rule;
}

const DESTINATION =
  "ip6? daddr . meta l4proto . th dport vmap @(?:service-ips|no-endpoint-services|firewall-ips)";
const NODE =
  "(?:ip6? daddr @nodeport-ips|(?:fib daddr type (?:local|2) )?(?:ip daddr != 127\\.0\\.0\\.0/8|ip6 daddr != ::1))";
const REJECT = "reject(?: with .*)?";

/** Rules of base chains and checks, of 1.29 to 1.37, and the chains that have them: elsewhere they would decide otherwise. */
const BASE_RULES = (
  [
    ["(?:ct state (?:new|0x0*8) )?jump [a-z-]+", ".*"],
    [DESTINATION, ".*"],
    [`${NODE} meta l4proto \\. th dport vmap @(?:service-nodeports|no-endpoint-nodeports)`, ".*"],
    ["(?:meta )?mark set (?:meta )?mark (?:\\||or|\\^|xor) \\S+", "mark-for-masquerade|masquerading"],
    ["(?:meta )?mark (?:&|and) \\S+ == \\S+ return", "masquerading"],
    [
      "(?:meta )?mark (?:&|and) \\S+ != \\S+ (?:meta )?mark set (?:meta )?mark (?:\\^|xor) \\S+ masquerade(?: fully-random)?",
      "masquerading",
    ],
    [
      "ct status (?:dnat|0x0*20) ip6? saddr \\. ip6? daddr \\. meta l4proto \\. th dport @hairpin-connections masquerade(?: fully-random)?",
      "masquerading",
    ],
    ["masquerade(?: fully-random)?", "masquerading"],
    [REJECT, "reject-chain"],
    [`ip6? daddr @cluster-ips ${REJECT}`, "cluster-ips-check"],
    ["ip6? daddr (?:\\{ [^{}]* \\}|\\S+) drop", "cluster-ips-check"],
  ] as const
).map(([rule, chains]) => ({ rule: new RegExp(`^(?:${rule})$`), chains: new RegExp(`^(?:${chains})$`) }));

/** Whether a rule is one that kube-proxy writes once, whatever the Services are. */
export function isBaseRule(chain: string, rule: string): boolean {
  return BASE_RULES.some((base) => base.chains.test(chain) && base.rule.test(rule));
}
