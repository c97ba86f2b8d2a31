/** Chains of kube-proxy's nftables table: endpoints behind them, and what they say of the network. */

import type { AddressPlan } from "../../cluster/address-plan.js";
import { oneLine } from "../../cluster/checks.js";
import type { Cidr } from "../../cluster/cluster.js";
import type { MasqueradeOfClusterIps } from "../../cluster/infer-network.js";
import { InvalidInputError } from "../../errors.js";
import type { FoundPort } from "../assemble.js";
import { readAddress, readRange } from "../families.js";
import { type Endpoint, portOf, SINGLE } from "./keys.js";
import { decidesNothing, OmittedRules } from "./omissions.js";
import { rangesOf } from "./ranges.js";
import { isBaseRule, MARKS, NUMGEN, withoutMark } from "./rules.js";
import type { NftTable } from "./table.js";

/** The rule that drops what goes to cluster IPs which nobody has: a range, or those of several ServiceCIDR objects. */
const SERVICE_RANGES = /^ip6? daddr (?:\{ ([^{}]*) \}|(\S+)) drop$/;

/** Its ranges in words, as nft prints them; none of another rule. */
export function serviceRangesIn(rule: string): string[] {
  const [, set, one] = SERVICE_RANGES.exec(rule) ?? [];
  const members = set ?? one;
  return members === undefined ? [] : members.split(",").map((member) => member.trim());
}

/** Reads chains, and keeps what is not understood. */
export class ChainReader {
  readonly #table: NftTable;
  /** Of table ip6. */
  readonly #plan: AddressPlan | undefined;
  readonly #ip: "ip" | "ip6";
  /** Rules and elements that are not understood. */
  readonly omissions: OmittedRules;
  /** Rules of others that only log or count. */
  counting = 0;
  podCidr: Cidr | undefined;
  /** How pods are recognized where it is not by a range. */
  podTest: string | undefined;
  masquerade: MasqueradeOfClusterIps = "none";

  constructor(table: NftTable, plan: AddressPlan | undefined) {
    this.#table = table;
    this.#plan = plan;
    this.#ip = plan ? "ip6" : "ip";
    this.omissions = new OmittedRules(table);
  }

  /** Endpoints of a service- or local- chain, in the order of the rule that picks one. */
  endpointsOf(chain: string, port: FoundPort): Endpoint[] {
    const endpoints: Endpoint[] = [];
    for (const rule of this.#table.chains.get(chain) ?? []) {
      const words = rule.split(" ");
      const picked = NUMGEN.exec(rule);
      const single = SINGLE.exec(rule);
      if (picked) endpoints.push(...this.#picked(chain, Number(picked[1]), picked[2]!, picked[3]!));
      else if (single) endpoints.push(...this.#endpoint(chain, single[1]!, single[2]!));
      else if (MARKS.test(rule)) this.#readMasqueradeTest(chain, rule);
      else if (
        words[0] === this.#ip &&
        words[1] === "saddr" &&
        words[2]?.startsWith("@") &&
        words[3] === "goto"
      )
        port.affinitySeconds = this.#table.timeouts.get(words[2].slice(1)) ?? port.affinitySeconds;
      else this.noteUnsupported(chain, rule);
    }
    return endpoints;
  }

  /** Members of the map behind numgen: `0 : goto endpoint-…`, or since 1.36 `0 : 10.244.1.15 . 53`. */
  #picked(chain: string, mod: number, kind: string, members: string): Endpoint[] {
    const endpoints = members.split(" , ").flatMap((member) => {
      const [, value = ""] = member.split(" : ");
      if (kind === "map") {
        const [address = "", port = ""] = value.split(" . ");
        return this.#endpoint(chain, address, port);
      }
      const target = value.startsWith("goto ") ? value.slice("goto ".length) : "";
      return this.#endpointOfChain(target);
    });
    if (endpoints.length !== mod) {
      this.omissions.of(chain, `numgen mod ${mod} with ${endpoints.length} endpoints`);
    }
    return endpoints;
  }

  #endpointOfChain(chain: string): Endpoint[] {
    const found: Endpoint[] = [];
    for (const rule of this.chain(chain)) {
      const dnat = SINGLE.exec(rule);
      if (dnat) found.push(...this.#endpoint(chain, dnat[1]!, dnat[2]!));
      else if (!MARKS.test(rule) && !/^update @\S+ \{ ip6? saddr(?: timeout \S+)? \}$/.test(rule))
        this.noteUnsupported(chain, rule);
    }
    if (found.length !== 1) this.omissions.of(chain, "endpoint chain without a dnat to an address and port");
    return found.slice(0, 1);
  }

  #endpoint(chain: string, addressText: string, portText: string): Endpoint[] {
    const address = readAddress(addressText, this.#plan);
    const port = portOf(portText);
    if (address !== undefined && port) return [{ address, port }];
    this.noteUnsupported(chain, `dnat to ${addressText}:${portText}`);
    return [];
  }

  /** `ip daddr VIP [tcp dport 80] ip saddr != CIDR jump mark-for-masquerade`, in the service's own chain until 1.35. */
  #readMasqueradeTest(chain: string, rule: string): void {
    const words = withoutMark(rule).split(" ");
    if (words[0] !== this.#ip || words[1] !== "daddr") {
      this.noteUnsupported(chain, rule);
      return;
    }
    const rest = words.slice(3);
    if (rest[1] === "dport") rest.splice(0, 3);
    this.#noteMasquerade(rest);
  }

  /** What is behind the destination of a masquerade test; nothing where all traffic is masqueraded. */
  #noteMasquerade(words: readonly string[]): void {
    if (words.length > 0) this.masquerade = "by source";
    else if (this.masquerade === "none") this.masquerade = "all";
    this.notePodTest(words);
  }

  /** How pods are recognized: by their range, or by interface. */
  notePodTest(words: readonly string[]): void {
    const value = words.find((word, i) => i > 0 && !["saddr", "!="].includes(word)) ?? "";
    const cidr = words[0] === this.#ip && value.includes("/") ? readRange(value, this.#plan) : undefined;
    if (cidr) this.podCidr ??= cidr;
    else if (words.length > 0) this.podTest ??= `${words[0]} ${value}`;
  }

  /** Base chains and checks, whose rules say the ranges; a rule that kube-proxy does not write changes answers unseen. */
  readBaseChains(): void {
    for (const [chain, rules] of this.#table.chains) {
      if (/^(service|local|external|firewall|endpoint)-[A-Z2-7]{8}-/.test(chain)) continue;
      for (const rule of rules) {
        if (rule.startsWith(`${this.#ip} daddr @cluster-ips`) && MARKS.test(rule))
          this.#noteMasquerade(withoutMark(rule).split(" ").slice(3));
        else if (!isBaseRule(chain, rule)) this.noteUnsupported(chain, rule);
      }
    }
  }

  /** Rules of a chain that another leads to. Throws InvalidInputError when it is missing: nftables has no such table. */
  chain(name: string): readonly string[] {
    const rules = this.#table.chains.get(name);
    if (rules) return rules;
    throw new InvalidInputError(
      `chain ${oneLine(name, 100)} is missing: this is a part of kube-proxy's table, give all of it (nft list table ${this.#ip} kube-proxy)`,
    );
  }

  /** The ranges that unallocated cluster IPs are dropped in. */
  serviceCidrs(): Cidr[] {
    const rules = this.#table.chains.get("cluster-ips-check") ?? [];
    return rules.flatMap(serviceRangesIn).flatMap((text) => rangesOf(text, this.#plan) ?? []);
  }

  /** Notes an unsupported rule, unless it decides nothing. */
  noteUnsupported(chain: string, rule: string): void {
    if (decidesNothing(rule)) this.counting++;
    else this.omissions.rule(chain, rule);
  }
}
