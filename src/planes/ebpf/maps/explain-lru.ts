/** Lookups and inserts of `lru.ts`, counted by walks of their own. */

import type { Work } from "../../plane.js";
import { jhash } from "../../shared/jhash.js";
import { HASH, KEY, NEXT } from "../layout.js";
import { MISS } from "./htab.js";
import type { LruMap } from "./lru.js";

export type LruKey = readonly [number, number, number, number];

/** Finds a key as `find` does; `keyBytes` of it are hashed, as bytes. */
export function explainFind(map: LruMap, key: LruKey, keyBytes: number, work: Work): number {
  work.mapLookups++;
  for (let element = map.words[bucket(map, key, keyBytes)]!; element !== MISS; ) {
    work.stateProbes++;
    if (key.every((word, i) => map.words[element + KEY + i] === word)) return element;
    element = map.words[element + NEXT]!;
  }
  return MISS;
}

/** Counts what inserting a key that is not there compares (the victim's chain, then its own), and inserts it. */
export function explainInsert(map: LruMap, key: LruKey, keyBytes: number, work: Work): number {
  const own = bucket(map, key, keyBytes);
  const { victim } = map;
  if (victim !== MISS) {
    const chain = elements(map, map.bucketOf(map.words[victim + HASH]!));
    work.stateProbes += chain.indexOf(victim) + 1;
  }
  work.stateProbes += elements(map, own).filter((element) => element !== victim).length;
  work.entriesWritten++;
  return map.insert(...key);
}

function elements(map: LruMap, from: number): number[] {
  const chain: number[] = [];
  for (let at = map.words[from]!; at !== MISS; at = map.words[at + NEXT]!) chain.push(at);
  return chain;
}

function bucket(map: LruMap, key: LruKey, keyBytes: number): number {
  const bytes = new Uint8Array(Int32Array.from(key).buffer, 0, keyBytes);
  return map.bucketOf(jhash(bytes, map.hashSeed));
}
