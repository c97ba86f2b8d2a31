/**
 * What iptables-restore --noflush makes of a partial input: chains that it declares are rewritten, the others are
 * taken over from the old table, and since everything moves, every jump of theirs is pointed to where its chain lies now
 * (libiptc, iptcc_compile_table). The kernel then replaces the whole blob.
 */

import { BASE_CHAINS, type Table, Writer, walkable } from "./blob.js";
import { DATA, type EntrySizes, HANDLER, OFFSETS, ruleBytes, TARGET_STANDARD } from "./layout.js";
import type { ChainKind, Rule, RuleSink } from "./rules/rules.js";
import type { Walkable } from "./walkable.js";

/** A chain in its place: `bytes` with head and tail, `rank` by which chains are sorted. */
interface Placed {
  readonly kind: ChainKind;
  readonly index: number;
  readonly rank: number;
  bytes: number;
}

/** Where a chain belongs among all chains of a table. */
export type RankOf = (kind: ChainKind, index: number) => number;

export interface Replacement {
  /** Emits the chains that are rewritten, in the order of the table. */
  readonly emit: (sink: RuleSink) => void;
  /** Whether a chain of the old table is among those that are rewritten or go. */
  readonly isReplaced: (kind: ChainKind, index: number) => boolean;
}

/** A table of which parts are replaced, again and again. */
export class ReplaceableTable {
  #table: Walkable;
  readonly #starts: Map<ChainKind, Int32Array>;
  readonly #rankOf: RankOf;
  readonly #sizes: EntrySizes;
  /** All chains in the order of the table. */
  #chains: Placed[];

  constructor(table: Table, rankOf: RankOf) {
    this.#starts = new Map(table.starts);
    this.#table = table;
    this.#rankOf = rankOf;
    this.#sizes = table.sizes;
    this.#chains = listChains(table, rankOf);
  }

  get table(): Walkable {
    return this.#table;
  }

  /** Builds the new table. The old one is void afterwards. */
  replace({ emit, isReplaced }: Replacement): void {
    const old = this.#table.words;
    const sizes = this.#sizes;
    const measured = new ChainMeasure(this.#rankOf, sizes);
    emit(measured);
    const emitted = measured.chains;

    // 1. The new order of chains: what stays keeps its place, what is written goes where its name belongs.
    const chains: Placed[] = [];
    const runs: Run[] = [];
    const moved = new Moves();
    const stays = new Set(emitted.map(nameOf));
    let next = 0;
    let from = 0;
    let to = 0;
    const place = (chain: Placed): void => {
      chains.push(chain);
      this.#startsOf(chain.kind)[chain.index] = to + headBytes(chain.kind, sizes);
      to += chain.bytes;
    };
    for (const chain of this.#chains) {
      while (next < emitted.length && emitted[next]!.rank <= chain.rank) place(emitted[next++]!);
      if (isReplaced(chain.kind, chain.index)) {
        const starts = this.#startsOf(chain.kind);
        if (stays.has(nameOf(chain)))
          moved.add(from, starts[chain.index]! - headBytes(chain.kind, sizes) - from);
        else starts[chain.index] = -1;
      } else {
        moved.add(from, to - from);
        const last = runs.at(-1);
        if (last && last.from + last.bytes === from && last.to + last.bytes === to) last.bytes += chain.bytes;
        else runs.push({ from, to, bytes: chain.bytes });
        place(chain);
      }
      from += chain.bytes;
    }
    while (next < emitted.length) place(emitted[next++]!);

    // 2. The new blob: runs of old chains with their jumps corrected, then the new chains.
    const words = new Int32Array((to + sizes.chainHead) >>> 2);
    for (const run of runs) {
      words.set(old.subarray(run.from >>> 2, (run.from + run.bytes) >>> 2), run.to >>> 2);
      pointJumps(words, run.to >>> 2, (run.to + run.bytes) >>> 2, moved);
    }
    const table = walkable(words, this.#starts, sizes);
    const writer = new Writer(table);
    emit(writer);
    writer.finish();
    this.#table = table;
    this.#chains = chains;
  }

  /** Where chains of a kind begin: the table may get the first of its kind. */
  #startsOf(kind: ChainKind): Int32Array {
    const known = this.#starts.get(kind);
    if (known) return known;
    const [length] = [...this.#starts.values()].map((starts) => starts.length);
    const starts = new Int32Array(length ?? 0).fill(-1);
    this.#starts.set(kind, starts);
    return starts;
  }
}

/** Chains that moved together, in bytes. */
interface Run {
  readonly from: number;
  readonly to: number;
  bytes: number;
}

/** By how much old offsets moved: constant between few points. */
class Moves {
  readonly #from: number[] = [];
  readonly #by: number[] = [];

  /** What begins at `from` and later moved `by` bytes, until the next point. */
  add(from: number, by: number): void {
    if (this.#by.at(-1) === by) return;
    this.#from.push(from);
    this.#by.push(by);
  }

  apply(offset: number): number {
    let low = 0;
    let high = this.#from.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#from[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return offset + this.#by[low]!;
  }
}

function pointJumps(words: Int32Array, start: number, end: number, moved: Moves): void {
  for (let e = start; e < end; ) {
    const offsets = words[e + OFFSETS]!;
    const t = e + ((offsets & 0xffff) >>> 2);
    if (words[t + HANDLER] === TARGET_STANDARD && words[t + DATA]! >= 0) {
      words[t + DATA] = moved.apply(words[t + DATA]!);
    }
    e += offsets >>> 18;
  }
}

function headBytes(kind: ChainKind, { chainHead }: EntrySizes): number {
  return BASE_CHAINS.includes(kind) ? 0 : chainHead;
}

const nameOf = ({ kind, index }: Placed): string => `${kind} ${index}`;

/** Sizes of the chains that are emitted, in order. */
class ChainMeasure implements RuleSink {
  readonly chains: Placed[] = [];
  readonly #rankOf: RankOf;
  readonly #sizes: EntrySizes;

  constructor(rankOf: RankOf, sizes: EntrySizes) {
    this.#rankOf = rankOf;
    this.#sizes = sizes;
  }

  chain(kind: ChainKind, index: number): void {
    this.chains.push({
      kind,
      index,
      rank: this.#rankOf(kind, index),
      bytes: headBytes(kind, this.#sizes) + this.#sizes.chainTail,
    });
  }

  rule(rule: Rule): void {
    this.chains.at(-1)!.bytes += ruleBytes(rule, this.#sizes);
  }
}

/** All chains of a table in their order, from where they begin. */
function listChains({ starts, bytes, sizes }: Table, rankOf: RankOf): Placed[] {
  const found: { kind: ChainKind; index: number; from: number }[] = [];
  for (const [kind, ofKind] of starts) {
    for (const [index, start] of ofKind.entries()) {
      if (start >= 0) found.push({ kind, index, from: start - headBytes(kind, sizes) });
    }
  }
  found.sort((a, b) => a.from - b.from);
  const end = bytes - sizes.chainHead;
  return found.map(({ kind, index, from }, at) => ({
    kind,
    index,
    rank: rankOf(kind, index),
    bytes: (found[at + 1]?.from ?? end) - from,
  }));
}
