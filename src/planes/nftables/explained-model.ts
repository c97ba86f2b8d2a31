/** The part of a model that can be explained. */

import type { AffinityTable } from "../shared/affinity.js";
import type { SourceRanges } from "../shared/source-ranges.js";
import type { Tables } from "./rules/tables.js";
import type { AnonymousMaps } from "./structures/anonymous-maps.js";
import type { ChainMemory } from "./structures/chain-memory.js";
import type { NftLayout } from "./version.js";

/** What an explanation needs of a model: its tables and its state, not its lookup. */
export interface ExplainedModel {
  readonly tables: Tables;
  readonly chains: ChainMemory;
  readonly layout: NftLayout;
  readonly affinity: AffinityTable;
  readonly ranges: SourceRanges;
  readonly maps: AnonymousMaps;
  /** Address and port of the endpoint that was chosen last. */
  readonly target: Int32Array;
  isLocal(address: number): boolean;
  isPod(address: number): boolean;
  isServiceRange(address: number): boolean;
  isMasqueraded(src: number): boolean;
  servesNodePorts(address: number): boolean;
  checksNodePorts(address: number): boolean;
  failsPodTest(blob: number, src: number): boolean;
  remembers(chain: number, timeoutSec: number, src: number, nowSec: number): boolean;
  randomBelow(bound: number): number;
}
