/** Where chains, blobs and anonymous maps are in memory. */

/** The words, and where the chains of each service-port and endpoint begin. */
export interface ChainMemory {
  readonly words: Int32Array;
  /** Service-port → its chains; NONE where it has none. */
  readonly service: Int32Array;
  readonly local: Int32Array;
  readonly external: Int32Array;
  /** Endpoint's number → its chain. */
  readonly endpoint: Int32Array;
}

/** A word number for each slab: where its next object goes, or how many words it needs. */
export interface Cursors {
  chain: number;
  blob: number;
  endpointBlob: number;
  set: number;
  /** Bucket tables of anonymous maps without a size. */
  table: number;
  element: number;
}
