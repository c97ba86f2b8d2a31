/**
 * One change as writes to maps, in the loader's format (native/loader.c): what Cilium's agent writes, in its order. Backends
 * come before the slots that name them, and go after; the master that counts slots follows them (lbmap.go, UpsertService).
 */

import type { Cluster } from "../../cluster/cluster.js";
import type { EndpointUpdate, LiveCluster } from "../../cluster/endpoint-updates.js";
import { AFFINITY_MASK, portSlot, protocolScope, ROUTABLE } from "../../planes/ebpf/layout.js";
import { masterCount, masterFlags } from "../../planes/ebpf/maps/entries.js";
import { type Frontend, frontendsOf } from "../../planes/ebpf/maps/frontends.js";
import { backendName, fillMaglevTable } from "../../planes/ebpf/maps/maglev.js";
import { referencedRows, slotsOf } from "../../planes/ebpf/maps/slots.js";
import { backendValue } from "./ebpf-maps.js";
import { addressWords, header, mapNames } from "./map-input.js";

export interface ChangeOptions {
  /** Index of the service-port's first frontend among all: its rev_nat less one. */
  readonly firstFrontend: number;
  /** null where slots are drawn at random. */
  readonly maglevSize: number | null;
}

/** Sections of a change, each for one element. A section whose values have no bytes deletes its keys. */
export function* ebpfWrites(
  { servicePort, before, after }: EndpointUpdate,
  { firstFrontend, maglevSize }: ChangeOptions,
): Iterable<Uint8Array> {
  const { cluster } = after;
  const names = mapNames(cluster);
  const rows = referencedRows(cluster, servicePort);
  const now = rows.map((row) => after.ids[row]!);
  const old = referencedRows(before.cluster, servicePort).map((row) => before.ids[row]!);
  for (const [position, id] of now.entries()) {
    if (!old.includes(id)) {
      yield* write(names.backends, [id + 1], backendValue(cluster, servicePort, rows[position]!));
    }
  }
  for (const [index, frontend] of frontendsOf(cluster, servicePort).entries()) {
    const [was, is] = [before, after].map((live) => membersOf(live, servicePort, frontend));
    const slots = is!.map(({ id }) => id);
    const slotsBefore = was!.map(({ id }) => id);
    const { count } = slotsOf(cluster, servicePort, frontend.localOnly);
    if (slots.join() === slotsBefore.join()) continue;
    const revNat = firstFrontend + index + 1;
    yield* slotWrites(cluster, servicePort, frontend, revNat, slotsBefore, { slots, count });
    if (maglevSize !== null && (frontend.flags & ROUTABLE) !== 0)
      yield* tableWrite(cluster, servicePort, revNat, is!.slice(0, count), maglevSize);
  }
  for (const id of old) if (!now.includes(id)) yield* write(names.backends, [id + 1], []);
}

/** The slots that differ, then the master if the count does, then those that are too many. */
function* slotWrites(
  cluster: Cluster,
  p: number,
  { address, port, scope, flags }: Frontend,
  revNat: number,
  before: readonly number[],
  { slots: now, count }: { readonly slots: readonly number[]; readonly count: number },
): Iterable<Uint8Array> {
  const names = mapNames(cluster);
  const key = (slot: number) => [
    ...addressWords(cluster.network, address),
    portSlot(port, slot),
    protocolScope(cluster.protocol[p]!, scope),
  ];
  for (const [i, id] of now.entries()) {
    if (id !== before[i]) yield* write(names.services, key(i + 1), [id + 1, 0, 0]);
  }
  if (now.length !== before.length) {
    const seconds = cluster.affinitySeconds[cluster.service[p]!]!;
    const master = [seconds & AFFINITY_MASK, masterCount(count, revNat), masterFlags(flags, seconds, revNat)];
    yield* write(names.services, key(0), master);
  }
  for (let i = now.length; i < before.length; i++) yield* write(names.services, key(i + 1), []);
}

/** A new inner array takes the old one's place. */
function* tableWrite(
  cluster: Cluster,
  p: number,
  revNat: number,
  members: readonly Member[],
  size: number,
): Iterable<Uint8Array> {
  const named = members
    .map(({ row, id }) => ({ id: id + 1, name: backendName(cluster, row, cluster.protocol[p]!) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const table = new Int32Array(size);
  fillMaglevTable(
    named.map(({ name }) => name),
    named.map(({ id }) => id),
    table,
    new Uint8Array(size),
  );
  yield header(mapNames(cluster).maglev, 2, size * 4, 1);
  yield new Uint8Array(Uint16Array.of(revNat).buffer);
  yield new Uint8Array(table.buffer);
}

interface Member {
  readonly row: number;
  readonly id: number;
}

/** A frontend's backends, in the order of their slots. */
function membersOf({ cluster, ids }: LiveCluster, p: number, { localOnly }: Frontend): Member[] {
  return slotsOf(cluster, p, localOnly).rows.map((row) => ({ row, id: ids[row]! }));
}

function* write(map: string, key: readonly number[], value: readonly number[]): Iterable<Uint8Array> {
  yield header(map, key.length * 4, value.length * 4, 1);
  yield new Uint8Array(Uint32Array.from([...key, ...value]).buffer);
}
