/** What a run reports while it goes on. */

/** One report of a run. */
export type RunEvent =
  /** Cells are known and nothing was measured yet. */
  | {
      readonly kind: "planned";
      readonly runId: string;
      /** Folder of the run; null: it is kept in memory. */
      readonly out: string | null;
      readonly cells: number;
      /** Replicates that every cell gets, time permitting. */
      readonly leastReplicates: number;
    }
  /** Models are being checked against the contract. */
  | { readonly kind: "certifying"; readonly planes: readonly string[] }
  /** Something that the user should know and that stops nothing. */
  | { readonly kind: "note"; readonly text: string }
  /** Before each replicate, and never while one is timed. */
  | {
      readonly kind: "measuring";
      readonly done: number;
      /** Probably, where cells may stop at an interim analysis. */
      readonly total: number;
      /** Milliseconds until the probable end; null: not known yet. */
      readonly leftMs: number | null;
      /** Should no cell stop at an interim analysis; null or absent: `total` and `leftMs` depend on none. */
      readonly mostLeftMs?: number | null;
      /** What is measured now, such as `ebpf, 100 services`. */
      readonly what: string;
      /** What changes with each part of the run that someone may wait for; every part is then spoken of. */
      readonly phase?: string;
    };
