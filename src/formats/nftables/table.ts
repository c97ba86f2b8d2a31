/** kube-proxy's tables as they are read, from any number of listings and transactions of one node. */

import { oneLine } from "../../cluster/checks.js";
import { InvalidInputError } from "../../errors.js";

export interface NftElement {
  /** `10.96.0.1`, `tcp`, `443`. */
  readonly key: readonly string[];
  /** `goto service-…`, `drop`; empty in sets. */
  readonly verdict: string;
  /** `shop/web:http` on refusals, which kube-proxy names their owner in; empty if there is none. */
  readonly comment: string;
}

export interface NftTable {
  /** Elements of sets and maps by name. */
  readonly containers: ReadonlyMap<string, readonly NftElement[]>;
  /** Rules by chain, a line each: single spaces between words, commas apart, without comments and counters. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** Timeouts of sets with a time, in seconds. */
  readonly timeouts: ReadonlyMap<string, number>;
}

/** All that the input holds. */
export interface NftRuleset {
  /** Table ip kube-proxy. */
  readonly ipv4: NftTable;
  /** Table ip6 kube-proxy. */
  readonly ipv6: NftTable;
  /** Rules in other tables. */
  readonly foreignRules: number;
  /** Chains of iptables-nft's tables that are kube-proxy's in iptables mode. */
  readonly iptablesChains: number;
  /** Objects of kube-proxy's table that are listed more than once, alike each time. */
  readonly duplicates: number;
  /** Lines that are no nft: prompts, log headers. */
  readonly otherLines: number;
}

interface DraftContainer {
  readonly elements: Map<string, NftElement>;
  timeout: number;
}

/** A table being read. */
class DraftTable {
  readonly chains = new Map<string, string[]>();
  readonly containers = new Map<string, DraftContainer>();
}

const KUBE_PROXY = "ip kube-proxy";
const KUBE_PROXY_IPV6 = "ip6 kube-proxy";

/** Collects what readers of text and JSON find. */
export class RulesetDraft {
  readonly #tables = new Map<string, DraftTable>();
  readonly #iptablesChains = new Set<string>();
  #foreignRules = 0;
  #duplicates = 0;
  #otherLines = 0;

  otherLine(): void {
    this.#otherLines++;
  }

  /** `delete table`, `flush ruleset`: what was read before does not count. */
  deleteTable(table: string | undefined): void {
    if (table === undefined) this.#tables.clear();
    else this.#tables.delete(table);
  }

  flushChain(table: string, chain: string): void {
    this.#draft(table)?.chains.set(chain, []);
  }

  deleteObject(table: string, name: string): void {
    const draft = this.#draft(table);
    draft?.chains.delete(name);
    draft?.containers.delete(name);
  }

  flushContainer(table: string, name: string): void {
    this.#draft(table)?.containers.get(name)?.elements.clear();
  }

  /** A chain that is declared; it may be there. */
  declareChain(table: string, chain: string): void {
    if (table.endsWith(" nat") && chain.startsWith("KUBE-")) this.#iptablesChains.add(chain);
    const draft = this.#draft(table);
    if (draft && !draft.chains.has(chain)) draft.chains.set(chain, []);
  }

  addRule(table: string, chain: string, rule: string): void {
    const draft = this.#draft(table);
    if (!draft) {
      this.#foreignRules++;
      return;
    }
    const rules = draft.chains.get(chain);
    if (rules) rules.push(rule);
    else draft.chains.set(chain, [rule]);
  }

  addElements(table: string, container: string, elements: readonly NftElement[]): void {
    const members = this.#container(table, container)?.elements;
    if (members) for (const element of elements) members.set(element.key.join(" . "), element);
  }

  deleteElements(table: string, container: string, elements: readonly NftElement[]): void {
    const members = this.#container(table, container)?.elements;
    if (members) for (const { key } of elements) members.delete(key.join(" . "));
  }

  declareContainer(table: string, container: string, timeout: number): void {
    const draft = this.#container(table, container);
    if (draft && timeout > 0) draft.timeout = timeout;
  }

  /** A chain as a listing shows it, whole. Throws InvalidInputError when another listing shows it otherwise. */
  listChain(table: string, chain: string, rules: readonly string[]): void {
    this.declareChain(table, chain);
    const known = this.#draft(table)?.chains.get(chain);
    if (!known) {
      this.#foreignRules += rules.length;
    } else if (known.length === 0) known.push(...rules);
    else if (rules.length > 0) this.#sameAs(known.join("\n") === rules.join("\n"), table, `chain ${chain}`);
  }

  /** A set or map as a listing shows it, whole. Throws InvalidInputError when another listing shows it otherwise. */
  listContainer(table: string, name: string, timeout: number, elements: readonly NftElement[]): void {
    this.declareContainer(table, name, timeout);
    const members = this.#container(table, name)?.elements;
    if (!members) return;
    if (members.size === 0 || elements.length === 0) {
      this.addElements(table, name, elements);
      return;
    }
    const same =
      members.size === elements.length &&
      elements.every(({ key, verdict }) => members.get(key.join(" . "))?.verdict === verdict);
    this.#sameAs(same, table, `map ${name}`);
  }

  finish(): NftRuleset {
    return {
      ipv4: finished(this.#tables.get(KUBE_PROXY)),
      ipv6: finished(this.#tables.get(KUBE_PROXY_IPV6)),
      foreignRules: this.#foreignRules,
      iptablesChains: this.#iptablesChains.size,
      duplicates: this.#duplicates,
      otherLines: this.#otherLines,
    };
  }

  #sameAs(same: boolean, table: string, what: string): void {
    if (!same) {
      throw new InvalidInputError(
        `${oneLine(what, 80)} of table ${table} is listed twice, and differs: give one node's rules, saved once`,
      );
    }
    this.#duplicates++;
  }

  #draft(table: string): DraftTable | undefined {
    if (table !== KUBE_PROXY && table !== KUBE_PROXY_IPV6) return undefined;
    let draft = this.#tables.get(table);
    if (!draft) {
      draft = new DraftTable();
      this.#tables.set(table, draft);
    }
    return draft;
  }

  #container(table: string, name: string): DraftContainer | undefined {
    const draft = this.#draft(table);
    if (!draft) return undefined;
    let container = draft.containers.get(name);
    if (!container) {
      container = { elements: new Map(), timeout: 0 };
      draft.containers.set(name, container);
    }
    return container;
  }
}

function finished({ chains, containers: drafts }: DraftTable = new DraftTable()): NftTable {
  const containers = new Map<string, NftElement[]>();
  const timeouts = new Map<string, number>();
  for (const [name, { elements, timeout }] of drafts) {
    containers.set(name, [...elements.values()]);
    if (timeout > 0) timeouts.set(name, timeout);
  }
  return { containers, chains, timeouts };
}
