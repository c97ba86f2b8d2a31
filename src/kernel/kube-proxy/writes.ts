/** How much a sync writes, counted in what kube-proxy hands to iptables-restore and nft. */

import type { Family } from "../../cluster/family.js";
import type { Write } from "./protocol.js";

/** Commands of the two tools; what they delete is counted on its own. */
export interface CommandCounts {
  readonly bytes: number;
  /** `-A` of iptables-restore, `add rule` of nft. */
  readonly rules: number;
  /** Chain lines of iptables-restore, `add chain` of nft: declared again where they exist. */
  readonly chains: number;
  /** Elements of named sets and maps, and of maps within rules. */
  readonly elements: number;
  /** Chains, rules and elements deleted, and chains flushed by nft; iptables-restore flushes those that it declares. */
  readonly deletions: number;
  /** All lines that are commands, other than the tables' frames. */
  readonly commands: number;
}

/** Counts a sync's writes, of both address families. */
export function countWrites(writes: readonly Write[]): CommandCounts {
  const counts = { bytes: 0, rules: 0, chains: 0, elements: 0, deletions: 0, commands: 0 };
  for (const { tool, input } of writes) {
    counts.bytes += Buffer.byteLength(input);
    const count = tool === "nft" ? countNft : countIptables;
    for (const line of input.split("\n")) count(line, counts);
  }
  return counts;
}

/** What a sync wrote in the words of `Program.update`. */
export interface UpdateCounts {
  readonly rules: number;
  /** Chains declared, or flushed to be deleted; each once. */
  readonly chains: number;
  /** Elements written or deleted. */
  readonly elements: number;
}

/** What one sync wrote, with what it does on behalf of earlier ones. */
export interface CountedSync extends UpdateCounts {
  /**
   * Of the chains, those that iptables mode declared to delete them. Up to 1,000 endpoints they lost their user in this
   * sync; above, in any since the last deletion, for which kube-proxy lists the table at most once per sync period
   * (pkg/proxy/iptables/proxier.go, "Delete chains no longer in use").
   */
  readonly deletedChains: number;
}

/** Counts the writes of one sync after the other as `Program.update` does: of one family's rules. */
export class UpdateCounter {
  readonly #family: Family;
  /** Chains without a user, which each sync of nftables mode flushes again until one deletes them. */
  #stale: ReadonlySet<string> = new Set();

  constructor(family: Family = 4) {
    this.#family = family;
  }

  /** Counts what one sync wrote. */
  count(writes: readonly Write[]): CountedSync {
    const own = writesOf(this.#family, writes);
    const { rules, elements } = countWrites(own);
    const declared = new Set<string>();
    const flushed = new Set<string>();
    const deleted = new Set<string>();
    let deletedElements = 0;
    let table = "";
    for (const { tool, input } of own) {
      for (const line of input.split("\n")) {
        if (line.startsWith("*")) table = line;
        if (tool !== "nft" && line.startsWith(":")) declared.add(`${table} ${line.split(" ", 1)[0]}`);
        if (tool !== "nft" && line.startsWith("-X ")) deleted.add(`${table} :${line.split(" ")[1]}`);
        if (tool !== "nft") continue;
        const [verb, what, ...name] = line.split(" ", 5);
        if (what === "chain" && verb === "add") declared.add(name.join(" "));
        else if (what === "chain" && verb === "flush") flushed.add(name.join(" "));
        else if (what === "element" && verb !== "add") deletedElements += 1;
      }
    }
    const unused = new Set([...flushed].filter((chain) => !declared.has(chain)));
    const newlyUnused = [...unused].filter((chain) => !this.#stale.has(chain));
    this.#stale = unused;
    return {
      rules,
      chains: declared.size + newlyUnused.length,
      elements: elements + deletedElements,
      deletedChains: [...deleted].filter((chain) => declared.has(chain)).length,
    };
  }
}

/**
 * The writes of one change, where kube-proxy may have synced more than once: for each of its objects, or because a sync period
 * (30 s) was over. It then writes what is in every sync again; each line counts as often as it is in one write.
 */
export function withoutRepeats(writes: readonly Write[]): Write[] {
  const byTool = new Map<string, { first: Write; lines: string[]; counts: Map<string, number> }>();
  for (const write of writes) {
    const known = byTool.get(write.tool);
    const merged = known ?? { first: write, lines: [], counts: new Map<string, number>() };
    if (known === undefined) byTool.set(write.tool, merged);
    const own = new Map<string, number>();
    for (const line of write.input.split("\n")) {
      const count = (own.get(line) ?? 0) + 1;
      own.set(line, count);
      if (line === "" || count <= (merged.counts.get(line) ?? 0)) continue;
      merged.counts.set(line, count);
      merged.lines.push(line);
    }
  }
  return [...byTool.values()].map(({ first, lines }) => ({
    ...first,
    input: lines.map((line) => `${line}\n`).join(""),
  }));
}

/** The writes of one family's rules: a sync of each has its own. */
export function writesOf(family: Family, writes: readonly Write[]): Write[] {
  const [otherTool, otherTable] =
    family === 4
      ? ["ip6tables-restore", /^\S+ \S+ ip6 [^\n]*\n?/gm]
      : ["iptables-restore", /^\S+ \S+ ip [^\n]*\n?/gm];
  return writes
    .filter(({ tool }) => tool !== otherTool)
    .map((write) =>
      write.tool === "nft" ? { ...write, input: write.input.replace(otherTable, "") } : write,
    );
}

type Counts = { -readonly [K in keyof CommandCounts]: number };

function countIptables(line: string, counts: Counts): void {
  if (line.startsWith("-A ")) counts.rules += 1;
  else if (line.startsWith(":")) counts.chains += 1;
  else if (line.startsWith("-X ")) counts.deletions += 1;
  else return;
  counts.commands += 1;
}

function countNft(line: string, counts: Counts): void {
  const [verb, what] = line.split(" ", 2);
  if (verb === undefined || verb === "") return;
  counts.commands += 1;
  if (verb === "delete" || verb === "flush" || verb === "destroy") counts.deletions += 1;
  else if (what === "chain") counts.chains += 1;
  else if (what === "element") counts.elements += 1;
  else if (what === "rule") {
    counts.rules += 1;
    // Anonymous maps and sets; what an update of a named set puts between braces is written by packets.
    // pattern-bounded: one line that kube-proxy wrote.
    for (const [, elements = ""] of line.matchAll(/(?<!@\S{1,200}) \{([^}]*)\}/g)) {
      const distinct = new Set(elements.split(",").map((element) => element.trim()));
      // nft turns a set of one into a comparison, and drops what a set is given twice.
      if (distinct.size > 1 || elements.includes(" : ")) counts.elements += distinct.size;
    }
  }
}
