/** Options of Cilium's kube-proxy replacement that users may set. */

import type { PlaneOption } from "../option.js";

/** Table sizes that Cilium offers: primes, each above 100 times the endpoints it is meant for. */
export const MAGLEV_SIZES = [251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521, 131071] as const;
export const DEFAULT_MAGLEV_SIZE = 16381;

export const EBPF_OPTIONS: readonly PlaneOption[] = [
  {
    name: "ebpf-map-max",
    describe: "Entries of Cilium's maps (bpf-lb-map-max); as many as the cluster needs by default",
    key: "ebpfMapEntries",
    numbers: { min: 1, max: 2 ** 24 },
  },
  {
    name: "ebpf-prealloc",
    describe:
      "Cilium's maps as the agent makes them by itself, preallocated; by default as Helm's chart has them, not",
    key: "ebpfPrealloc",
    isFlag: true,
    default: false,
  },
  {
    name: "maglev-table-size",
    describe: `Maglev table size (entries): ${MAGLEV_SIZES.join(", ")}; ${DEFAULT_MAGLEV_SIZE} by default`,
    key: "maglevTableSize",
    numbers: MAGLEV_SIZES,
  },
];
