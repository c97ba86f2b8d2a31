/**
 * All planes: to add one, add its folder and a line here. Descriptions are at hand; code is loaded plane by plane, because a
 * timed child needs just one.
 */

import { CALICO_EBPF } from "./calico-ebpf/descriptor.js";
import type { PlaneDescriptor } from "./descriptor.js";
import { EBPF, EBPF_MAGLEV } from "./ebpf/descriptor.js";
import { IPTABLES } from "./iptables/descriptor.js";
import { IPVS } from "./ipvs/descriptor.js";
import { NFTABLES } from "./nftables/descriptor.js";
import type { Plane, PlaneId } from "./plane.js";

/** A plane before its code is loaded. */
export interface PlaneEntry {
  readonly descriptor: PlaneDescriptor;
  /** Loads the plane's code and nothing of the others. */
  load(): Promise<Plane>;
}

/** In the order in which they are listed. */
export const PLANE_ENTRIES: readonly PlaneEntry[] = [
  { descriptor: IPTABLES, load: async () => (await import("./iptables/index.js")).iptables },
  { descriptor: IPVS, load: async () => (await import("./ipvs/index.js")).ipvs },
  { descriptor: NFTABLES, load: async () => (await import("./nftables/index.js")).nftables },
  { descriptor: EBPF, load: async () => (await import("./ebpf/index.js")).ebpf },
  { descriptor: EBPF_MAGLEV, load: async () => (await import("./ebpf/index.js")).ebpfMaglev },
  { descriptor: CALICO_EBPF, load: async () => (await import("./calico-ebpf/index.js")).calicoEbpf },
];

/** Ids of the planes there are, in the order in which they are listed. */
export const PLANE_IDS: readonly PlaneId[] = PLANE_ENTRIES.map(({ descriptor }) => descriptor.id);

/**
 * Loads one plane's code and nothing of the others.
 *
 * @param entries where to look; the planes of this package by default
 * @throws Error for an id that no entry has
 */
export function loadPlane(id: PlaneId, entries: readonly PlaneEntry[] = PLANE_ENTRIES): Promise<Plane> {
  const entry = entries.find(({ descriptor }) => descriptor.id === id);
  if (!entry)
    throw new Error(
      `no plane ${id}: its registry has ${entries.map((known) => known.descriptor.id).join(", ")}`,
    );
  return entry.load();
}
