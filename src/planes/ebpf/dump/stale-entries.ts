/**
 * Entries that Cilium 1.20.2 forgets to delete and no lookup reaches (pkg/loadbalancer/reconciler/bpf_reconciler.go):
 * - Of a backend that leaves, only the affinity match of the frontend that is updated last goes (updateFrontend).
 * - Of a NodePort with an internal scope, the entries of that scope at the node's addresses stay when it is removed or loses the
 *   scope: the addresses are remembered by port and protocol alone (Delete, nodePortAddrByPort).
 */

import { FLAGS2 } from "../cilium-flags.js";
import { SCOPE_INTERNAL } from "../layout.js";
import { AFFINITY_MATCH, type HexMaps, MAP_LAYOUTS, type MapLayout } from "./map-names.js";

/** What a backend that is not ready has for a state; it has no slot. */
const MAINTENANCE_BYTE = 3;

/**
 * The maps without them. A backend that is not ready has no slot, so that nothing shows which frontend refers
 * to it: where frontends were forgotten, `listed` decides, the backend maps' keys without their numbers, by
 * which Services of today still have it.
 */
export function withoutStale(maps: HexMaps, listed?: ReadonlySet<string>): HexMaps {
  const found: Stale = { ids: new Set(), members: new Map(), used: new Set(), forgotten: new Set() };
  const tests = MAP_LAYOUTS.map((layout) => findStale(maps, layout, found));
  const keep = (name: string, test: (key: Buffer, value: Buffer) => boolean) =>
    maps[name]?.filter(([key, value]) => test(Buffer.from(key, "hex"), Buffer.from(value, "hex")));
  const kept: Record<string, HexMaps[string] | undefined> = {
    ...maps,
    [AFFINITY_MATCH]: keep(AFFINITY_MATCH, (key) => {
      const revNat = key.readUInt16BE(4);
      return !found.ids.has(revNat) && (found.members.get(revNat)?.has(key.readUInt32LE(0)) ?? false);
    }),
  };
  for (const [i, layout] of MAP_LAYOUTS.entries()) {
    kept[layout.services] = keep(layout.services, (key) => !tests[i]!(key));
    kept[layout.backends] = keep(layout.backends, (key, value) => {
      const id = key.readUInt32LE(0);
      if (value[layout.addressBytes + 3] === MAINTENANCE_BYTE)
        return found.ids.size === 0 || listed === undefined || listed.has(backendKey(value, layout));
      return found.used.has(id) || !found.forgotten.has(id);
    });
    kept[layout.reverseNat] = keep(layout.reverseNat, (key) => !found.ids.has(key.readUInt16BE(0)));
    kept[layout.maglev] = keep(layout.maglev, (key) => !found.ids.has(key.readUInt16BE(0)));
    kept[layout.sourceRanges] = keep(layout.sourceRanges, (key) => !found.ids.has(key.readUInt16BE(4)));
  }
  return Object.fromEntries(Object.entries(kept).flatMap(([name, list]) => (list ? [[name, list]] : [])));
}

/** The backends of these maps, whatever their numbers and states. */
export function listedBackends(maps: HexMaps): Set<string> {
  return new Set(
    MAP_LAYOUTS.flatMap((layout) =>
      (maps[layout.backends] ?? []).map(([, value]) => backendKey(Buffer.from(value, "hex"), layout)),
    ),
  );
}

/** Address, port and protocol. */
function backendKey(value: Buffer, { addressBytes }: MapLayout): string {
  return value.toString("hex", 0, addressBytes + 3);
}

/** What no lookup reaches, by the numbers that both families share. */
interface Stale {
  /** rev_nat ids of masters. */
  readonly ids: Set<number>;
  /** Backends in slots, by rev_nat id. */
  readonly members: Map<number, Set<number>>;
  /** Backends of slots that are reached, and of those that are not. */
  readonly used: Set<number>;
  readonly forgotten: Set<number>;
}

/** Looks through a family's services. Returns the test of a key. */
function findStale(maps: HexMaps, layout: MapLayout, found: Stale): (key: Buffer) => boolean {
  const { addressBytes: wide } = layout;
  const slotOf = (key: Buffer): number => key.readUInt16LE(wide + 2);
  const scopeOf = (key: Buffer): number => key[wide + 5]!;
  /** Without slot and scope. */
  const frontendOf = (key: Buffer): string => `${key.toString("hex", 0, wide + 2)} ${key[wide + 4]}`;
  const services = (maps[layout.services] ?? []).map(
    ([key, value]) => [Buffer.from(key, "hex"), Buffer.from(value, "hex")] as const,
  );
  /** Flags of masters by address, port and protocol. */
  const outside = new Map<string, number>();
  for (const [key, value] of services) {
    if (slotOf(key) === 0 && scopeOf(key) !== SCOPE_INTERNAL) outside.set(frontendOf(key), value[9]!);
  }
  const isStale = (key: Buffer) =>
    scopeOf(key) === SCOPE_INTERNAL && ((outside.get(frontendOf(key)) ?? 0) & FLAGS2.twoScopes) === 0;
  for (const [key, value] of services) {
    const revNat = value.readUInt16BE(6);
    if (isStale(key)) found.ids.add(revNat);
    if (slotOf(key) === 0) continue;
    const backend = value.readUInt32LE(0);
    found.members.set(revNat, (found.members.get(revNat) ?? new Set()).add(backend));
    (isStale(key) ? found.forgotten : found.used).add(backend);
  }
  return isStale;
}

/** How many backends only forgotten entries refer to: the agent keeps these too, with calls that it then does not make. */
export function staleBackends(maps: HexMaps): number {
  const count = (all: HexMaps) =>
    MAP_LAYOUTS.reduce((sum, { backends }) => sum + (all[backends] ?? []).length, 0);
  return count(maps) - count(withoutStale(maps));
}
