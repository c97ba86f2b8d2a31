/** One rule of iptables-save: what kube-proxy ever wrote is understood; anything else is kept as unsupported, with its words. */

import type { AddressPlan } from "../../cluster/address-plan.js";
import { parseAddress, SCTP, TCP, UDP } from "../../cluster/cluster.js";
import { InvalidInputError } from "../../errors.js";
import type { SavedRule } from "../../planes/iptables/rules/saved-rules.js";
import type { Token } from "./tokens.js";
import { markOf, portOf, range } from "./values.js";

const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ["all", 0],
  ["ip", 0],
  ["icmp", 1],
  ["igmp", 2],
  ["ipencap", 4],
  ["tcp", TCP],
  ["udp", UDP],
  ["gre", 47],
  ["esp", 50],
  ["ah", 51],
  ["sctp", SCTP],
  ["udplite", 136],
]);
/** Matches whose options are read below; `set` and all others are unsupported. */
const MODULES = [
  "comment",
  "tcp",
  "udp",
  "sctp",
  "statistic",
  "recent",
  "addrtype",
  "conntrack",
  "state",
  "mark",
  "nfacct",
  "physdev",
];
/** Options without effect on a decision: they state a default, or count. */
const HARMLESS = [
  "--rsource",
  "--mask",
  "--mode",
  "--reap",
  "--random",
  "--random-fully",
  "--persistent",
  // iptables -S -v: packets and bytes of the rule.
  "-c",
  "--set-counters",
];

/** Reads `-A CHAIN …`. Throws InvalidInputError for a line that is no rule; a condition that is not known is no error. */
export function parseRule(tokens: readonly Token[], where: string, plan?: AddressPlan): SavedRule {
  let at = 0;
  // iptables-save -c puts counters first.
  if (/^\[\d+:\d+\]$/.test(tokens[0]?.text ?? "")) at++;
  if (tokens[at]?.text !== "-A" || tokens[at + 1] === undefined) {
    throw new InvalidInputError(
      `${where}: expected a rule (-A CHAIN …): is a line cut, or broken in two by a terminal?`,
    );
  }
  const rule = emptyRule(tokens[at + 1]!.text);
  at += 2;
  while (at < tokens.length) {
    let negated = false;
    if (isBang(tokens[at])) {
      negated = true;
      at++;
    }
    const name = tokens[at++]?.text ?? "";
    // Before iptables 1.4.3 the sign stood behind the option.
    if (isBang(tokens[at])) {
      negated = true;
      at++;
    }
    const first = at;
    while (at < tokens.length && (tokens[at]!.quoted || !/^(-|!$)/.test(tokens[at]!.text))) at++;
    read(
      rule,
      name,
      negated,
      tokens.slice(first, at).map(({ text }) => text),
      plan,
    );
  }
  return rule;
}

function isBang(token: Token | undefined): boolean {
  return token !== undefined && !token.quoted && token.text === "!";
}

function emptyRule(chain: string): SavedRule {
  return {
    chain,
    src: null,
    srcInvert: false,
    dst: null,
    notToLoopback: false,
    protocol: 0,
    dport: -1,
    comment: null,
    counter: null,
    probability: -1,
    recent: "none",
    recentName: "",
    recentSeconds: 0,
    addrtype: "none",
    interfaceIn: null,
    stateNew: null,
    neverFirst: false,
    mark: null,
    target: "",
    isGoto: false,
    to: null,
    setMark: null,
    restoresMark: false,
    unsupported: null,
  };
}

function read(
  rule: SavedRule,
  name: string,
  negated: boolean,
  values: readonly string[],
  plan: AddressPlan | undefined,
): void {
  const understood =
    rule.target === ""
      ? readCondition(rule, name, negated, values, plan)
      : readTargetOption(rule, name, values, plan);
  if (understood || rule.unsupported !== null) return;
  rule.unsupported = [negated ? "!" : "", name, ...values].filter((word) => word !== "").join(" ");
}

const INVERTIBLE: readonly string[] = [
  "-s",
  "--source",
  "-d",
  "--destination",
  "--mark",
  "-i",
  "--in-interface",
  "--src-type",
  "--ctstate",
  "--state",
  "--physdev-is-in",
];

/** A state of the connection; DNAT and SNAT are of one that was translated. */
const STATES: readonly string[] = ["NEW", "INVALID", "RELATED", "ESTABLISHED", "UNTRACKED", "DNAT", "SNAT"];

/** Whether a condition is understood. */
function readCondition(
  rule: SavedRule,
  name: string,
  negated: boolean,
  values: readonly string[],
  plan: AddressPlan | undefined,
): boolean {
  const [value = ""] = values;
  if (negated && !INVERTIBLE.includes(name)) return false;
  switch (name) {
    case "-s":
    case "--source":
      rule.src = range(value, plan);
      rule.srcInvert = negated;
      return rule.src !== null && values.length === 1;
    case "-d":
    case "--destination":
      if (negated) {
        rule.notToLoopback = value === "127.0.0.0/8" || value === "::1/128";
        return rule.notToLoopback;
      }
      rule.dst = range(value, plan);
      return rule.dst !== null && values.length === 1;
    case "-p":
    case "--protocol": {
      const protocol = PROTOCOLS.get(value) ?? (/^\d{1,3}$/.test(value) ? Number(value) : undefined);
      rule.protocol = protocol ?? 0;
      return protocol !== undefined && protocol <= 255;
    }
    case "-m":
    case "--match":
      if (["tcp", "udp", "sctp"].includes(value) && rule.dport < 0) rule.dport = 0;
      return MODULES.includes(value);
    case "--comment":
      rule.comment = value;
      return true;
    case "--nfacct-name":
      rule.counter = value;
      return true;
    case "--dport":
    case "--destination-port":
      rule.dport = portOf(value);
      return rule.dport > 0;
    case "--probability":
      rule.probability = Number(value);
      return rule.probability > 0 && rule.probability <= 1;
    case "--name":
      rule.recentName = value;
      return true;
    case "--seconds":
      rule.recentSeconds = Number(value);
      return (
        Number.isInteger(rule.recentSeconds) && rule.recentSeconds >= 0 && rule.recentSeconds <= 0x7fffffff
      );
    case "--rcheck":
      rule.recent = "check";
      return true;
    case "--set":
      rule.recent = "set";
      return true;
    case "--dst-type":
    case "--src-type":
      // kube-proxy asks for one of them in a rule.
      if (rule.addrtype !== "none" || value !== "LOCAL") return false;
      rule.addrtype = name === "--dst-type" ? "dst-local" : negated ? "src-not-local" : "src-local";
      return true;
    case "--physdev-is-in":
      // "Did not come in by a bridge's port": true of every packet that is routed, and the model's are.
      return negated && values.length === 0;
    case "-i":
    case "--in-interface":
      rule.interfaceIn = { name: value, negated };
      return value !== "" && values.length === 1;
    case "--ctstate":
    case "--state": {
      const states = value.split(",");
      if (!states.every((state) => STATES.includes(state))) return false;
      rule.stateNew = states.includes("NEW") !== negated;
      rule.neverFirst = !negated && states.every((state) => state === "ESTABLISHED" || state === "RELATED");
      return true;
    }
    case "--mark": {
      const mark = markOf(value);
      rule.mark = mark && { ...mark, negated };
      return mark !== null;
    }
    case "-j":
    case "--jump":
    case "-g":
    case "--goto":
      rule.target = value;
      rule.isGoto = name === "-g" || name === "--goto";
      return value !== "" && values.length === 1;
    default:
      return HARMLESS.includes(name);
  }
}

/** Options of the target. Those of targets that kube-proxy does not use are ignored; only DNAT's can be unsupported. */
function readTargetOption(
  rule: SavedRule,
  name: string,
  values: readonly string[],
  plan: AddressPlan | undefined,
): boolean {
  const [value = ""] = values;
  if (name === "--to-destination") {
    const match = /^(?:([\d.]+)|\[([\da-f:]+)\]):(\d{1,5})$/.exec(value);
    const address = match ? (parseAddress(match[1] ?? "") ?? plan?.parse(match[2] ?? "")) : undefined;
    const port = portOf(match?.[3] ?? "");
    rule.to = address === undefined || port < 0 ? null : { address, port };
  } else if (["--set-xmark", "--set-mark", "--or-mark"].includes(name)) {
    const mark = markOf(value);
    // --or-mark X is --set-xmark X/X.
    rule.setMark = name === "--or-mark" && mark ? { value: mark.value, mask: mark.value } : mark;
  } else if (name === "--restore-mark") {
    rule.restoresMark = true;
  } else if (rule.target === "DNAT" && !HARMLESS.includes(name)) {
    // iptables-save of old kernels prints `-m tcp` behind nothing; any other condition behind DNAT would be one.
    return false;
  }
  return true;
}
