/**
 * Which endpoint a client was sent to last: the state behind ClientIP affinity in every plane. One fixed-size table
 * stands for xt_recent's lists, nftables' dynamic sets and Cilium's LRU map; they differ in what a group is and how
 * many clients it may hold.
 */

/** `AffinityTable.find` found nothing. */
export const ABSENT = 0;

export interface AffinityTableOptions {
  /** Entries of all groups together; when all are in use, the least recently written of them makes room. */
  readonly capacity: number;
  /** Groups with a limit of their own are numbered 0 .. groups - 1. Without a limit any int32 is a group. */
  readonly groups?: number;
  /** Clients a group remembers before its least recently written one makes room. */
  readonly groupLimit?: number;
}

/** int32 words of an entry: 32 bytes, so that one never straddles two cache lines. */
const ENTRY_WORDS = 8;
const NEXT = 0;
const GROUP = 1;
const CLIENT = 2;
const VALUE = 3;
const STAMP = 4;

/** (group, client address) → value and time of the last write. All operations cost O(1) and allocate nothing. */
export class AffinityTable {
  readonly #capacity: number;
  readonly #groupLimit: number;
  readonly #mask: number;
  /** Two words per bucket: first entry, and the generation that wrote it. */
  readonly #buckets: Int32Array;
  readonly #entries: Int32Array;
  readonly #everyone: RecencyLists;
  readonly #groups: RecencyLists | null;
  #generation = 1;
  /** Entries 1 .. used have been handed out; the table never shrinks before `clear`. */
  #used = 0;

  constructor(options: AffinityTableOptions) {
    this.#capacity = options.capacity;
    this.#groupLimit = options.groupLimit ?? options.capacity;
    const buckets = 2 ** Math.ceil(Math.log2(Math.max(2, options.capacity)));
    this.#mask = buckets - 1;
    this.#buckets = new Int32Array(buckets * 2);
    this.#entries = new Int32Array((options.capacity + 1) * ENTRY_WORDS);
    this.#everyone = new RecencyLists(1, options.capacity);
    this.#groups =
      options.groupLimit === undefined ? null : new RecencyLists(options.groups ?? 1, options.capacity);
  }

  /** Number of remembered (group, client) pairs, expired ones included. */
  get size(): number {
    return this.#used;
  }

  /** The entry of a client in a group, or ABSENT. Valid until the next write. */
  find(group: number, client: number): number {
    const bucket = this.#bucket(group, client);
    if (this.#buckets[bucket + 1] !== this.#generation) return ABSENT;
    const entries = this.#entries;
    let entry = this.#buckets[bucket]!;
    while (entry !== ABSENT) {
      const at = entry * ENTRY_WORDS;
      if (entries[at + CLIENT] === client && entries[at + GROUP] === group) return entry;
      entry = entries[at + NEXT]!;
    }
    return ABSENT;
  }

  /** What was stored with an entry. */
  value(entry: number): number {
    return this.#entries[entry * ENTRY_WORDS + VALUE]!;
  }

  /** When an entry was last written, in whole seconds. */
  stamp(entry: number): number {
    return this.#entries[entry * ENTRY_WORDS + STAMP]!;
  }

  /** Remembers a client, or refreshes it; `nowSec` never runs backwards between clears. */
  put(group: number, client: number, value: number, nowSec: number): void {
    let entry = this.find(group, client);
    if (entry === ABSENT) {
      entry = this.#take(group);
      this.#insert(entry, group, client);
    } else {
      this.#unlist(entry, group);
    }
    this.#everyone.append(0, entry);
    this.#groups?.append(group, entry);
    this.#entries[entry * ENTRY_WORDS + VALUE] = value;
    this.#entries[entry * ENTRY_WORDS + STAMP] = nowSec;
  }

  /** Forgets everyone in O(1): what an older generation wrote no longer counts. */
  clear(): void {
    this.#generation = (this.#generation + 1) | 0;
    this.#used = 0;
    this.#everyone.clear();
    this.#groups?.clear();
  }

  /** A free entry for the group: a fresh one, or whichever limit is reached pays with its oldest. */
  #take(group: number): number {
    let oldest: number;
    if (this.#groups !== null && this.#groups.size(group) >= this.#groupLimit)
      oldest = this.#groups.oldest(group);
    else if (this.#used < this.#capacity) return ++this.#used;
    else oldest = this.#everyone.oldest(0);
    this.#unlist(oldest, this.#entries[oldest * ENTRY_WORDS + GROUP]!);
    this.#unhash(oldest);
    return oldest;
  }

  #insert(entry: number, group: number, client: number): void {
    const bucket = this.#bucket(group, client);
    const live = this.#buckets[bucket + 1] === this.#generation;
    const at = entry * ENTRY_WORDS;
    this.#entries[at + NEXT] = live ? this.#buckets[bucket]! : ABSENT;
    this.#entries[at + GROUP] = group;
    this.#entries[at + CLIENT] = client;
    this.#buckets[bucket] = entry;
    this.#buckets[bucket + 1] = this.#generation;
  }

  #unhash(entry: number): void {
    const entries = this.#entries;
    const at = entry * ENTRY_WORDS;
    const bucket = this.#bucket(entries[at + GROUP]!, entries[at + CLIENT]!);
    const next = entries[at + NEXT]!;
    let other = this.#buckets[bucket]!;
    if (other === entry) {
      this.#buckets[bucket] = next;
      return;
    }
    while (entries[other * ENTRY_WORDS + NEXT] !== entry) other = entries[other * ENTRY_WORDS + NEXT]!;
    entries[other * ENTRY_WORDS + NEXT] = next;
  }

  #unlist(entry: number, group: number): void {
    this.#everyone.remove(0, entry);
    this.#groups?.remove(group, entry);
  }

  /** Word offset of the bucket. Multipliers: the golden ratio's and MurmurHash3's finalizer. */
  #bucket(group: number, client: number): number {
    let hash = Math.imul(client ^ Math.imul(group, 0x9e3779b1), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
    return ((hash ^ (hash >>> 16)) & this.#mask) << 1;
  }
}

/** Doubly linked lists over entries 1 .. n, oldest first: an entry is in at most one list. */
class RecencyLists {
  /** Four words a list: oldest, newest, size, and the generation that wrote them. */
  readonly #heads: Int32Array;
  readonly #older: Int32Array;
  readonly #newer: Int32Array;
  #generation = 1;

  constructor(lists: number, entries: number) {
    this.#heads = new Int32Array(lists * 4);
    this.#older = new Int32Array(entries + 1);
    this.#newer = new Int32Array(entries + 1);
  }

  size(list: number): number {
    return this.#heads[list * 4 + 3] === this.#generation ? this.#heads[list * 4 + 2]! : 0;
  }

  oldest(list: number): number {
    return this.#heads[list * 4]!;
  }

  append(list: number, entry: number): void {
    const heads = this.#heads;
    const at = list * 4;
    if (heads[at + 3] !== this.#generation) {
      heads.fill(0, at, at + 3);
      heads[at + 3] = this.#generation;
    }
    const newest = heads[at + 1]!;
    this.#older[entry] = newest;
    this.#newer[entry] = 0;
    if (newest === 0) heads[at] = entry;
    else this.#newer[newest] = entry;
    heads[at + 1] = entry;
    heads[at + 2]!++;
  }

  remove(list: number, entry: number): void {
    const heads = this.#heads;
    const at = list * 4;
    const older = this.#older[entry]!;
    const newer = this.#newer[entry]!;
    if (older === 0) heads[at] = newer;
    else this.#newer[older] = newer;
    if (newer === 0) heads[at + 1] = older;
    else this.#older[newer] = older;
    heads[at + 2]!--;
  }

  clear(): void {
    this.#generation = (this.#generation + 1) | 0;
  }
}
