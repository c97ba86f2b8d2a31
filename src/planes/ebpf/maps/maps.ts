/** The load-balancing maps that a model walks. */

import type { Cluster } from "../../../cluster/cluster.js";
import type { LpmTrie } from "../../shared/lpm/trie.js";
import type { BackendMap, OuterMap, ServiceMap } from "./htab.js";
import type { Ipcache } from "./ipcache.js";

export interface Maps {
  readonly services: ServiceMap;
  readonly backends: BackendMap;
  /** lb4_source_range. */
  readonly ranges: LpmTrie;
  readonly ipcache: Ipcache;
}

export interface MaglevMaps extends Maps {
  readonly outer: OuterMap;
  /** All inner arrays: backend ids, `tableSize` for each frontend. */
  readonly tables: Int32Array;
  readonly tableSize: number;
}

export interface Context {
  readonly cluster: Cluster;
  readonly frontendPort: Int32Array;
  /** Whether the decision is made at a socket, in connect(), or for a packet. */
  readonly atSocket: boolean;
}
