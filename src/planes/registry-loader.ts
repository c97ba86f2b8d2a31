/**
 * All planes: to add one, add its folder and a line here. Descriptions are loaded; code is loaded plane by plane, because a
 * timed child needs just one.
 */

import { CALICO_EBPF } from "./calico-ebpf/descriptor.js";
import type { PlaneDescriptor } from "./descriptor.js";
import { EBPF, EBPF_MAGLEV } from "./ebpf/descriptor.js";
import { IPTABLES } from "./iptables/descriptor.js";
import { IPVS } from "./ipvs/descriptor.js";
import { splitPlaneId } from "./kube-proxy-versions.js";
import { NFTABLES } from "./nftables/descriptor.js";
import type { Plane, PlaneId } from "./plane.js";
import { versionedDescriptor, versionedPlane } from "./versioned.js";

/** A plane before its code is loaded. */
export interface PlaneEntry {
  readonly descriptor: PlaneDescriptor;
  /**
   * Loads the plane's code and nothing of the others.
   *
   * @returns The plane that `descriptor` describes.
   */
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
 * The entry of an id: of a plane, or of one as a version of kube-proxy writes it, such as `nftables@1.35`.
 *
 * @param entries where to look; the planes of this package by default
 * @returns undefined where there is no such plane, or none with such versions
 */
export function findPlane(
  id: PlaneId,
  entries: readonly PlaneEntry[] = PLANE_ENTRIES,
): PlaneEntry | undefined {
  const exact = entries.find(({ descriptor }) => descriptor.id === id);
  if (exact) return exact;
  const { plane, version } = splitPlaneId(id);
  const entry = entries.find(({ descriptor }) => descriptor.id === plane);
  if (!entry || version === undefined || !entry.descriptor.can.versions.includes(version)) return undefined;
  return {
    descriptor: versionedDescriptor(entry.descriptor, version),
    load: async () => versionedPlane(await entry.load(), version),
  };
}

/** Those of the ids that are planes, each once, in the order in which they are shown; and the first that is not a plane. */
export function choosePlanes(
  asked: readonly string[],
  entries: readonly PlaneEntry[] = PLANE_ENTRIES,
): { known: PlaneId[]; unknown: string | undefined } {
  const known = entries.flatMap(({ descriptor: { id, can } }) => [
    id,
    ...can.versions.map((version) => `${id}@${version}`),
  ]);
  return {
    known: known.filter((id) => asked.includes(id)),
    unknown: asked.find((id) => !known.includes(id)),
  };
}

/** Ids that may be asked for, in words that fit after "choose from". */
export function planeChoices(entries: readonly PlaneEntry[] = PLANE_ENTRIES): string {
  const ids = entries.map(({ descriptor }) => descriptor.id).join(", ");
  const versioned = entries.findLast(({ descriptor }) => descriptor.can.versions.length > 0);
  if (!versioned) return ids;
  const { id, can } = versioned.descriptor;
  return `${ids}; kube-proxy's also by its version: ${can.versions.map((version) => `${id}@${version}`).join(", ")}`;
}

/**
 * Loads one plane's code and nothing of the others.
 *
 * @param entries where to look; the planes of this package by default
 * @throws Error for an id that no entry has
 */
export function loadPlane(id: PlaneId, entries: readonly PlaneEntry[] = PLANE_ENTRIES): Promise<Plane> {
  const entry = findPlane(id, entries);
  if (!entry) throw new Error(`no plane ${id}: its registry has ${planeChoices(entries)}`);
  return entry.load();
}
