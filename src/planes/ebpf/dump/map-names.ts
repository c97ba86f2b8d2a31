/** Cilium's load-balancing maps by name, as they are read. */

/** Keys and values of each map as hexadecimal bytes. */
export type HexMaps = Readonly<Record<string, readonly (readonly [key: string, value: string])[]>>;

export const SERVICES = "cilium_lb4_services_v2";
export const BACKENDS = "cilium_lb4_backends_v3";
export const REVERSE_NAT = "cilium_lb4_reverse_nat";
export const SOURCE_RANGES = "cilium_lb4_source_range";
export const AFFINITY_MATCH = "cilium_lb_affinity_match";
export const MAGLEV = "cilium_lb4_maglev";
