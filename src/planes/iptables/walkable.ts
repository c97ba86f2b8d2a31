import type { Cluster } from "../../cluster/cluster.js";
import type { EntrySizes } from "./layout.js";
import type { ChainKind } from "./rules/rules.js";

/** What a walk needs of a table. */
export interface Walkable {
  readonly words: Int32Array;
  readonly sizes: EntrySizes;
  /** Byte offset where a chain's first rule (or tail) begins. */
  start(kind: ChainKind, index?: number): number;
  /** What the chain that begins at a byte offset is called, in words. */
  nameAt(start: number, cluster: Cluster): string;
}
