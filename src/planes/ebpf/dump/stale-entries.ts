/**
 * Entries that Cilium 1.20.2 forgets to delete and no lookup reaches (pkg/loadbalancer/reconciler/bpf_reconciler.go):
 * - Of a backend that leaves, only the affinity match of the frontend that is updated last goes (updateFrontend).
 * - Of a NodePort with an internal scope, the entries of that scope at the node's addresses stay when it is removed or loses the
 *   scope: the addresses are remembered by port and protocol alone (Delete, nodePortAddrByPort).
 */

import { FLAGS2 } from "../cilium-flags.js";
import { SCOPE_INTERNAL } from "../layout.js";
import {
  AFFINITY_MATCH,
  BACKENDS,
  type HexMaps,
  MAGLEV,
  REVERSE_NAT,
  SERVICES,
  SOURCE_RANGES,
} from "./map-names.js";

/** What a backend that is not ready has for a state; it has no slot. */
const MAINTENANCE_BYTE = 3;

/** The maps without them. */
export function withoutStale(maps: HexMaps): HexMaps {
  const services = (maps[SERVICES] ?? []).map(
    ([key, value]) => [Buffer.from(key, "hex"), Buffer.from(value, "hex")] as const,
  );
  /** Flags of masters by address, port and protocol. */
  const outside = new Map<string, number>();
  for (const [key, value] of services) {
    if (slotOf(key) === 0 && key[9] !== SCOPE_INTERNAL) outside.set(frontendOf(key), value[9]!);
  }
  const isStale = (key: Buffer) =>
    key[9] === SCOPE_INTERNAL && ((outside.get(frontendOf(key)) ?? 0) & FLAGS2.twoScopes) === 0;
  const staleIds = new Set<number>();
  /** Backends in slots, by rev_nat id. */
  const members = new Map<number, Set<number>>();
  const used = new Set<number>();
  const forgotten = new Set<number>();
  for (const [key, value] of services) {
    const revNat = value.readUInt16BE(6);
    if (isStale(key)) staleIds.add(revNat);
    if (slotOf(key) === 0) continue;
    const backend = value.readUInt32LE(0);
    members.set(revNat, (members.get(revNat) ?? new Set()).add(backend));
    (isStale(key) ? forgotten : used).add(backend);
  }
  const keep = (name: string, test: (key: Buffer, value: Buffer) => boolean) =>
    (maps[name] ?? []).filter(([key, value]) => test(Buffer.from(key, "hex"), Buffer.from(value, "hex")));
  return {
    ...maps,
    [SERVICES]: keep(SERVICES, (key) => !isStale(key)),
    [BACKENDS]: keep(BACKENDS, (key, value) => {
      const id = key.readUInt32LE(0);
      return used.has(id) || !forgotten.has(id) || value[7] === MAINTENANCE_BYTE;
    }),
    [REVERSE_NAT]: keep(REVERSE_NAT, (key) => !staleIds.has(key.readUInt16BE(0))),
    [MAGLEV]: keep(MAGLEV, (key) => !staleIds.has(key.readUInt16BE(0))),
    [SOURCE_RANGES]: keep(SOURCE_RANGES, (key) => !staleIds.has(key.readUInt16BE(4))),
    [AFFINITY_MATCH]: keep(AFFINITY_MATCH, (key) => {
      const revNat = key.readUInt16BE(4);
      return !staleIds.has(revNat) && (members.get(revNat)?.has(key.readUInt32LE(0)) ?? false);
    }),
  };
}

/** How many backends only forgotten entries refer to: the agent keeps these too, with calls that it then does not make. */
export function staleBackends(maps: HexMaps): number {
  return (maps[BACKENDS] ?? []).length - (withoutStale(maps)[BACKENDS] ?? []).length;
}

const slotOf = (key: Buffer): number => key.readUInt16LE(6);

/** Without slot and scope. */
const frontendOf = (key: Buffer): string => `${key.toString("hex", 0, 6)} ${key[8]}`;
