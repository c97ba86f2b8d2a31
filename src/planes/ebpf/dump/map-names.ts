/** Cilium's load-balancing maps by name, as they are read, and where their keys and values have what. */

import type { Family } from "../../../cluster/family.js";

/** Keys and values of each map as hexadecimal bytes. */
export type HexMaps = Readonly<Record<string, readonly (readonly [key: string, value: string])[]>>;

/** The maps of one family (bpf/lib/common.h, struct lb4_key, lb6_key and so on). */
export interface MapLayout {
  readonly family: Family;
  /** An address lies in front of what else a key or value has: the rest is the same in both families. */
  readonly addressBytes: 4 | 16;
  readonly services: string;
  readonly backends: string;
  readonly reverseNat: string;
  readonly sourceRanges: string;
  readonly maglev: string;
}

function layoutOf(family: Family): MapLayout {
  const name = (map: string) => `cilium_lb${family}_${map}`;
  return {
    family,
    addressBytes: family === 4 ? 4 : 16,
    services: name("services_v2"),
    backends: name("backends_v3"),
    reverseNat: name("reverse_nat"),
    sourceRanges: name("source_range"),
    maglev: name("maglev"),
  };
}

export const MAP_LAYOUTS: readonly [MapLayout, MapLayout] = [layoutOf(4), layoutOf(6)];

/** The maps of a family. */
export function mapLayout(family: Family): MapLayout {
  return MAP_LAYOUTS[family === 4 ? 0 : 1];
}

/** The one map that both families share, as they share the numbers of backends and frontends. */
export const AFFINITY_MATCH = "cilium_lb_affinity_match";

export const { services: SERVICES, backends: BACKENDS, maglev: MAGLEV } = MAP_LAYOUTS[0];
