/**
 * Rules and map elements of kube-proxy's table that are not understood, and the packets that may meet them: by the base chains
 * that lead there, the map elements on the way, and the rule's own conditions, as far as these are understood.
 */

import { ANY, type Omission, type PacketTest, withoutDoubles } from "../../cluster/omissions.js";
import { parseRawAddress, parseRawCidr } from "../../cluster/raw-addresses.js";
import { kindOfRule, PROTOCOLS, portOf } from "./keys.js";
import type { NftElement, NftTable } from "./table.js";

/** Ways into a chain that are followed; a chain with more may be met by any packet. */
const MAX_WAYS = 256;
/** Of a condition with more values, none counts: a rule is read in one pass. */
const MAX_VALUES = 64;
/** kube-proxy's chains are five deep. */
const MAX_DEPTH = 16;

/** What packets meet at a hook, by kube-proxy's names of its base chains. Behind DNAT the destination may be an endpoint. */
const HOOKS: readonly (readonly [name: RegExp, packets: PacketTest])[] = [
  [/^(?:filter-prerouting|nat-prerouting)/, { from: "elsewhere" }],
  [/^(?:filter-output-pre-dnat|nat-output)$/, { from: "node" }],
  [/^filter-output/, { from: "node", translated: true }],
  [/^filter-input$/, { to: "node", translated: true }],
  [/^filter-forward$/, { from: "elsewhere", to: "elsewhere", translated: true }],
  [/^nat-postrouting$/, { translated: true }],
];

/** Words without one of which a rule only counts or logs. */
const ACTIONS: ReadonlySet<string> = new Set(
  "accept drop reject return continue jump goto vmap map dnat snat masquerade redirect tproxy queue set notrack dup fwd synproxy update add delete".split(
    " ",
  ),
);

/** Whether a rule decides nothing: it logs, or counts alone. */
export function decidesNothing(rule: string): boolean {
  return !rule.split(" ").some((word) => ACTIONS.has(word));
}

/** Collects what is not understood while a table is read, and tells who may meet it once all of it is known. */
export class OmittedRules {
  readonly #table: NftTable;
  readonly #found: {
    readonly what: string;
    readonly chain?: string;
    readonly packets: readonly PacketTest[];
  }[] = [];

  constructor(table: NftTable) {
    this.#table = table;
  }

  /** Kinds of what was found, one for each. */
  get kinds(): string[] {
    return this.#found.map(({ what }) => what);
  }

  /** A rule of a chain. */
  rule(chain: string, rule: string): void {
    const packets = conditionsOf(rule);
    // Established connections alone: the first packet never meets it.
    this.#found.push({ what: `${nameOfChain(chain)}: ${kindOfRule(rule)}`, chain, packets });
  }

  /** Something else about a chain. */
  of(chain: string, what: string): void {
    this.#found.push({ what, chain, packets: ANY });
  }

  /** An element of a map. */
  element({ key, verdict }: NftElement): void {
    const packets = packetsOfKey(key);
    this.#found.push({ what: `map element: ${verdict.split(" ")[0] ?? ""}`, packets: packets ?? ANY });
  }

  /** What was found, with the packets that may meet it. */
  all(): Omission[] {
    if (this.#found.length === 0) return [];
    const ways = new WaysIn(this.#table);
    return this.#found.map(({ what, chain, packets }) => ({
      what,
      packets: chain === undefined ? packets : both(ways.to(chain), packets),
    }));
  }
}

function nameOfChain(chain: string): string {
  const kind = /^(service|local|external|firewall|endpoint)-[A-Z2-7]{8}-/.exec(chain)?.[1];
  return kind === undefined ? chain : `${kind}-*`;
}

/** Which packets can get into which chain. */
class WaysIn {
  readonly #callers = new Map<
    string,
    { readonly chain: string; readonly packets: readonly PacketTest[] }[]
  >();
  readonly #known = new Map<string, readonly PacketTest[]>();

  constructor({ chains, containers }: NftTable) {
    for (const [chain, rules] of chains) {
      for (const rule of rules) {
        const packets = conditionsOf(rule);
        const words = rule.split(" ");
        for (const [i, word] of words.entries()) {
          const next = words[i + 1] ?? "";
          if (word === "jump" || word === "goto") this.#add(next, chain, packets);
          if (word !== "vmap" || !next.startsWith("@")) continue;
          for (const { key, verdict } of containers.get(next.slice(1)) ?? []) {
            const [kind = "", target = ""] = verdict.split(" ");
            if (kind === "goto" || kind === "jump") this.#add(target, chain, packetsOfKey(key) ?? ANY);
          }
        }
      }
    }
  }

  #add(target: string, chain: string, packets: readonly PacketTest[]): void {
    const callers = this.#callers.get(target);
    if (callers) callers.push({ chain, packets });
    else this.#callers.set(target, [{ chain, packets }]);
  }

  /** Packets that may get into a chain; any, where nothing that is known leads there. */
  to(chain: string, depth = 0): readonly PacketTest[] {
    const hook = HOOKS.find(([name]) => name.test(chain))?.[1];
    if (hook) return [hook];
    const known = this.#known.get(chain);
    if (known) return known;
    const callers = this.#callers.get(chain);
    if (!callers || depth > MAX_DEPTH) return ANY;
    // A loop, which the kernel refuses.
    this.#known.set(chain, ANY);
    const found: PacketTest[] = [];
    for (const caller of callers) {
      for (const test of both(this.to(caller.chain, depth + 1), caller.packets)) found.push(test);
      if (found.length > MAX_WAYS) break;
    }
    const ways = found.length > MAX_WAYS ? ANY : withoutDoubles(found);
    this.#known.set(chain, ways);
    return ways;
  }
}

/** Packets that fit one of each. Where both name a field, the second counts: it may say less than both, never more. */
function both(first: readonly PacketTest[], second: readonly PacketTest[]): readonly PacketTest[] {
  if (first.length * second.length > MAX_WAYS) return first.length < second.length ? first : second;
  return first.flatMap((one) => second.map((other) => ({ ...one, ...other })));
}

/** `10.96.0.1 . tcp . 443`, or `tcp . 30080` of the node; undefined for another key. */
function packetsOfKey(key: readonly string[]): readonly PacketTest[] | undefined {
  const [first = "", second = "", third] = key;
  if (third === undefined) {
    const protocol = PROTOCOLS.get(first);
    const dport = portOf(second);
    return protocol !== undefined && dport ? [{ protocol, dport }] : undefined;
  }
  const protocol = PROTOCOLS.get(second);
  const dport = portOf(third);
  if (parseRawAddress(first) === undefined || protocol === undefined) return undefined;
  return [{ dst: first, protocol, ...(dport && { dport }) }];
}

const FIELDS: ReadonlySet<string> = new Set([
  "saddr",
  "daddr",
  "state",
  "dport",
  "l4proto",
  "protocol",
  "nexthdr",
]);
/** Words in front of a field of another packet: one that answers, or one that a tunnel's packet holds. */
const OF_ANOTHER: ReadonlySet<string> = new Set(["reply", "inner", "vxlan", "geneve", "gre", "gretap"]);
/** States that no first packet of a connection is in. */
const NEVER_FIRST: readonly string[] = ["established", "related", "invalid"];
const ADDRESS_FIELDS: ReadonlyMap<string, "src" | "dst"> = new Map([
  ["saddr", "src"],
  ["daddr", "dst"],
]);

/**
 * Conditions of a rule as tests of packets; conditions that are not understood exclude no packet. No test at all: no first packet of a
 * connection meets the rule.
 */
function conditionsOf(rule: string): readonly PacketTest[] {
  const words = rule.split(" ");
  let tests: readonly PacketTest[] = ANY;
  for (let at = 0; at < words.length; at++) {
    // Behind the verdict, addresses are what is written.
    if (["dnat", "snat", "update", "add", "numgen", "dup", "fwd"].includes(words[at]!)) break;
    const field = words[at + 1] ?? "";
    if (!FIELDS.has(field) || OF_ANOTHER.has(words[at - 1] ?? "")) continue;
    const isNot = words[at + 2] === "!=";
    const values = valuesAt(words, isNot || words[at + 2] === "==" ? at + 3 : at + 2);
    if (values === undefined) continue;
    const read = conditionOf(words[at]!, field, values, isNot);
    if (read === undefined) continue;
    if (read.length === 0) return [];
    tests = both(tests, read);
  }
  return tests;
}

/** A value, or those of `{ a , b }`; undefined where none begins there. */
function valuesAt(words: readonly string[], at: number): readonly string[] | undefined {
  const first = words[at];
  if (first === undefined || [".", "|", "&", "^"].includes(words[at + 1] ?? "")) return undefined;
  const values: string[] = [];
  if (first !== "{") {
    // ct state established , related
    for (let i = at; ; i += 2) {
      values.push(words[i]!);
      if (words[i + 1] !== "," || words[i + 2] === undefined) return values;
      if (values.length === MAX_VALUES) return undefined;
    }
  }
  for (let i = at + 1; i < words.length && words[i] !== "}"; i++) {
    if (words[i] !== ",") values.push(words[i]!);
    if (values.length > MAX_VALUES) return undefined;
  }
  return values;
}

function conditionOf(
  what: string,
  field: string,
  values: readonly string[],
  isNot: boolean,
): readonly PacketTest[] | undefined {
  const address = what === "ip" || what === "ip6" ? ADDRESS_FIELDS.get(field) : undefined;
  if (address !== undefined) {
    if (!values.every((value) => (parseRawAddress(value) ?? parseRawCidr(value)) !== undefined))
      return undefined;
    if (!isNot) return values.map((value) => ({ [address]: value }));
    const [only] = values;
    return values.length === 1 ? [{ [address === "src" ? "notSrc" : "notDst"]: only }] : undefined;
  }
  if (what === "ct" && field === "state") {
    // A map has a verdict for "new" too, and a packet that is not tracked is none of these.
    return !isNot && values.every((value) => NEVER_FIRST.includes(value)) ? [] : undefined;
  }
  if (isNot) return undefined;
  if (field === "dport") {
    const protocol = PROTOCOLS.get(what);
    if (protocol === undefined && what !== "th") return undefined;
    const ports = values.map(portOf);
    const own = protocol === undefined ? {} : { protocol };
    return ports.includes(0) ? [own] : ports.map((dport) => ({ ...own, dport }));
  }
  const isProtocol =
    (what === "meta" && field === "l4proto") ||
    (what === "ip" && field === "protocol") ||
    (what === "ip6" && field === "nexthdr");
  if (!isProtocol) return undefined;
  const protocols = values.map((value) => PROTOCOLS.get(value) ?? numberOf(value));
  return protocols.includes(undefined) ? undefined : protocols.map((protocol) => ({ protocol: protocol! }));
}

function numberOf(text: string): number | undefined {
  if (text === "icmp") return 1;
  return text === "ipv6-icmp" ? 58 : /^\d{1,3}$/.test(text) ? Number(text) : undefined;
}
