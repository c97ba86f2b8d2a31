/** Memory of Cilium's maps as the model has them: preallocated (`bpf.preallocateMaps: true`; Helm's default is false). */

import type { MemoryLine } from "../plane.js";
import { BACKEND_WORDS, BUCKET_WORDS, OUTER_WORDS, REVERSE_NAT_WORDS, SERVICE_WORDS } from "./layout.js";
import { powerOfTwo } from "./maps/htab.js";

export interface MapSizes {
  /** Capacity of each map. */
  readonly mapEntries: number;
  readonly services: number;
  readonly backends: number;
  readonly frontends: number;
  /** Entries of a Maglev table, and how many there are; null for random selection. */
  readonly maglev: { readonly size: number; readonly tables: number } | null;
}

/** Three lines a map: elements in use, elements waiting, buckets. */
export function mapMemory(sizes: MapSizes): readonly MemoryLine[] {
  const { mapEntries, services, backends, frontends, maglev } = sizes;
  // bpftool's memlock of a preallocated map shows about a page more than elements and buckets: derived, not exact.
  const derived = (what: string, bytes: number): MemoryLine => ({ what, bytes, known: "derived" });
  const map = (name: string, used: number, elementWords: number): MemoryLine[] => [
    derived(`${name}: elements in use`, used * elementWords * 4),
    derived(`${name}: elements preallocated and unused`, (mapEntries - used) * elementWords * 4),
    derived(`${name}: buckets`, powerOfTwo(mapEntries) * BUCKET_WORDS * 4),
  ];
  const maps = [
    ...map("lb4_services_v2", services, SERVICE_WORDS),
    ...map("lb4_backends_v3", backends, BACKEND_WORDS),
    ...map("lb4_reverse_nat", frontends, REVERSE_NAT_WORDS),
  ];
  if (maglev === null) return maps;
  return [
    ...maps,
    ...map("lb4_maglev", maglev.tables, OUTER_WORDS),
    derived("lb4_maglev: a table a frontend", maglev.tables * maglev.size * 4),
  ];
}
