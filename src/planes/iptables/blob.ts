/** Lays rules out as the kernel holds them: one contiguous blob of entries, walked by offsets. */

import { PlaneLimitError } from "../../errors.js";
import { describeChain } from "./explain.js";
import {
  DATA,
  DNAT_ENDPOINT,
  DST,
  DST_MASK,
  type EntrySizes,
  forEachMatch,
  GOTO,
  HANDLER,
  INVERT_SOURCE,
  IPV4_SIZES,
  matchesBytes,
  OFFSETS,
  PROTOCOL,
  ruleBytes,
  SRC,
  SRC_MASK,
  TARGET_CHAIN_HEAD,
  TARGET_DNAT,
  TARGET_MARK_DROP,
  TARGET_MARK_MASQ,
  TARGET_OTHER,
  TARGET_REJECT,
  TARGET_STANDARD,
  VERDICT_ACCEPT,
  VERDICT_DROP,
  VERDICT_RETURN,
} from "./layout.js";
import type { ChainKind, Rule, RuleSink } from "./rules/rules.js";
import type { Walkable } from "./walkable.js";

/** Netfilter's base chains: their tail is a policy, not a RETURN, and no head stands before them. */
export const BASE_CHAINS: readonly ChainKind[] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];

/** Chains whose rules kube-proxy does not write at a sync: it only ensures that the hook jumps and its canary are there. */
export const ENSURED_CHAINS: readonly ChainKind[] = [...BASE_CHAINS, "KUBE-PROXY-CANARY"];
/** Ensured too, and written where it has a rule: without NodePorts at the loopback address, as in IPv6, it has none. */
export const FILLED_CHAIN: ChainKind = "KUBE-FIREWALL";

/** The kernel counts table sizes in an int. */
const MAX_BYTES = 0x7fffffff;

export interface TableSize {
  readonly bytes: number;
  /** Rules as iptables-save prints them, without those of base chains (kube-proxy's own count). */
  readonly rules: number;
  /** Everything the walk can meet: rules, chain heads and tails. */
  readonly entries: number;
}

export interface Table extends TableSize, Walkable {
  /** Byte offset where the first rule (or tail) of each chain of a kind begins, by index; -1 if there is none. */
  readonly starts: ReadonlyMap<ChainKind, Int32Array>;
}

type Emit = (sink: RuleSink) => void;

/** Measures a table and finds where its chains begin, without building it. */
class Measure implements RuleSink {
  bytes = 0;
  rules = 0;
  entries = 0;
  readonly starts = new Map<ChainKind, Int32Array>();
  #kind: ChainKind | undefined;
  readonly #indices: number;
  readonly #sizes: EntrySizes;

  constructor(indices: number, sizes: EntrySizes) {
    this.#indices = indices;
    this.#sizes = sizes;
  }

  chain(kind: ChainKind, index: number): void {
    this.#tail();
    this.#kind = kind;
    if (!BASE_CHAINS.includes(kind)) {
      this.bytes += this.#sizes.chainHead;
      this.entries++;
    }
    let starts = this.starts.get(kind);
    if (!starts) {
      starts = new Int32Array(this.#indices).fill(-1);
      this.starts.set(kind, starts);
    }
    starts[index] = this.bytes;
  }

  rule(rule: Rule): void {
    this.bytes += ruleBytes(rule, this.#sizes);
    this.entries++;
    if (!BASE_CHAINS.includes(this.#kind!)) this.rules++;
  }

  #tail(): void {
    if (this.#kind === undefined) return;
    this.bytes += this.#sizes.chainTail;
    this.entries++;
  }

  finish(): this {
    this.#tail();
    // The table ends in an ERROR entry.
    this.bytes += this.#sizes.chainHead;
    this.entries++;
    return this;
  }
}

function measure(emit: Emit, indices: number, sizes: EntrySizes): Measure {
  const sink = new Measure(Math.max(1, indices), sizes);
  emit(sink);
  return sink.finish();
}

/** Size of a table in bytes, rules and entries. */
export function measureTable(emit: Emit, indices: number, sizes: EntrySizes = IPV4_SIZES): TableSize {
  const { bytes, rules, entries } = measure(emit, indices, sizes);
  return { bytes, rules, entries };
}

/** Builds the blob. `indices` is above every chain index. Throws PlaneLimitError past 2 GiB, where the kernel stops too. */
export function buildTable(emit: Emit, indices: number, sizes: EntrySizes = IPV4_SIZES): Table {
  const size = measure(emit, indices, sizes);
  if (size.bytes > MAX_BYTES) {
    throw new PlaneLimitError(
      `this iptables table would take ${(size.bytes / 2 ** 30).toFixed(1)} GiB; the kernel refuses more than 2 GiB: use fewer services or endpoints`,
    );
  }
  const { bytes, rules, entries, starts } = size;
  const table = walkable(new Int32Array(bytes >>> 2), starts, sizes);
  const writer = new Writer(table);
  emit(writer);
  writer.finish();
  return { ...table, bytes, rules, entries, starts };
}

/** A blob whose chains begin at `starts`. */
export function walkable(
  words: Int32Array,
  starts: ReadonlyMap<ChainKind, Int32Array>,
  sizes: EntrySizes,
): Walkable {
  return {
    words,
    sizes,
    start(kind, index = 0) {
      const at = starts.get(kind)?.[index] ?? -1;
      if (at < 0) throw new Error(`no chain ${kind} ${index}`);
      return at;
    },
    nameAt(at, cluster) {
      for (const [kind, ofKind] of starts) {
        const index = ofKind.indexOf(at);
        if (index >= 0) return describeChain(kind, index, cluster);
      }
      return "a chain";
    },
  };
}

/** Writes chains where `start` says that they begin; one that follows the one before begins behind its tail anyway. */
export class Writer implements RuleSink {
  readonly #words: Int32Array;
  readonly #start: (kind: ChainKind, index?: number) => number;
  readonly #sizes: EntrySizes;
  /** Byte offset of the next entry. */
  #at = 0;
  #kind: ChainKind | undefined;
  #policy: "drop" | undefined;
  #matchAt = 0;

  constructor({ words, start, sizes }: Walkable) {
    this.#words = words;
    this.#start = start;
    this.#sizes = sizes;
  }

  chain(kind: ChainKind, index: number, policy?: "drop"): void {
    this.#tail();
    this.#kind = kind;
    this.#policy = policy;
    this.#at = this.#start(kind, index);
    if (BASE_CHAINS.includes(kind)) return;
    this.#at -= this.#sizes.chainHead;
    this.#head();
  }

  rule(rule: Rule): void {
    const w = this.#words;
    const e = this.#at >>> 2;
    const { entry } = this.#sizes;
    const bytes = ruleBytes(rule, this.#sizes);
    const target = entry + matchesBytes(rule);
    // What isn't understood fails in the header: a source that must differ from 0.0.0.0/0.
    w[e + SRC] = rule.unsupported ? 0 : rule.src;
    w[e + SRC_MASK] = rule.unsupported ? 0 : prefixMask(rule.srcPrefixLength);
    w[e + DST] = rule.dstInvert ? 0 : rule.dst;
    w[e + DST_MASK] = rule.dstInvert ? 0 : prefixMask(rule.dstPrefixLength);
    w[e + PROTOCOL] =
      rule.protocol | (rule.srcInvert || rule.unsupported ? INVERT_SOURCE : 0) | (rule.isGoto ? GOTO : 0);
    w[e + OFFSETS] = target | (bytes << 16);
    this.#matchAt = e + (entry >>> 2);
    forEachMatch(rule, this.#writeMatch);
    this.#writeTarget(rule, e + (target >>> 2));
    this.#at += bytes;
  }

  #writeMatch = (handler: number, bytes: number, data: number): void => {
    this.#words[this.#matchAt] = bytes;
    this.#words[this.#matchAt + HANDLER] = handler;
    this.#words[this.#matchAt + DATA] = data;
    this.#matchAt += bytes >>> 2;
  };

  #writeTarget(rule: Rule, t: number): void {
    const w = this.#words;
    switch (rule.target) {
      case "jump":
        w[t + HANDLER] = TARGET_STANDARD;
        w[t + DATA] = this.#start(rule.jumpKind, rule.jumpIndex);
        break;
      case "return":
      case "accept":
      case "drop":
        w[t + HANDLER] = TARGET_STANDARD;
        w[t + DATA] =
          rule.target === "return" ? VERDICT_RETURN : rule.target === "drop" ? VERDICT_DROP : VERDICT_ACCEPT;
        break;
      case "dnat":
        w[t + HANDLER] = TARGET_DNAT;
        w[t + DNAT_ENDPOINT] = rule.endpoint;
        break;
      case "mark-masq":
        w[t + HANDLER] = TARGET_MARK_MASQ;
        break;
      case "mark-drop":
        w[t + HANDLER] = TARGET_MARK_DROP;
        break;
      case "reject":
        w[t + HANDLER] = TARGET_REJECT;
        break;
      default:
        w[t + HANDLER] = TARGET_OTHER;
    }
  }

  /** The last chain's tail, and the ERROR entry that ends the table. */
  finish(): void {
    this.#tail();
    this.#at = (this.#words.length << 2) - this.#sizes.chainHead;
    this.#head();
  }

  #head(): void {
    const e = this.#at >>> 2;
    const { entry, chainHead } = this.#sizes;
    this.#words[e + OFFSETS] = entry | (chainHead << 16);
    this.#words[e + (entry >>> 2) + HANDLER] = TARGET_CHAIN_HEAD;
    this.#at += chainHead;
  }

  #tail(): void {
    if (this.#kind === undefined) return;
    const e = this.#at >>> 2;
    const { entry, chainTail } = this.#sizes;
    const t = e + (entry >>> 2);
    this.#words[e + OFFSETS] = entry | (chainTail << 16);
    this.#words[t + HANDLER] = TARGET_STANDARD;
    const policy = this.#policy === "drop" ? VERDICT_DROP : VERDICT_ACCEPT;
    this.#words[t + DATA] = BASE_CHAINS.includes(this.#kind) ? policy : VERDICT_RETURN;
    this.#at += chainTail;
  }
}

function prefixMask(prefixLength: number): number {
  return prefixLength === 0 ? 0 : -1 << (32 - prefixLength);
}
