/** The program as map contents for the kernel, in the loader's format (native/loader.c), from the model's own columns. */

import { type Cluster, servesPolicyLocal } from "../../cluster/cluster.js";
import { ENTRY_WORDS } from "../../planes/ebpf/maps/entries.js";
import type { EbpfProgram } from "../../planes/ebpf/program.js";
import {
  ARRAY_LEAST,
  BPF_F_NO_PREALLOC,
  bytesOf,
  CONNECTIONS,
  capacities,
  type Elements,
  header,
  lookupTargets,
  type MapOptions,
  section,
  settings,
} from "./map-input.js";

/** Settings, capacities and the contents of all maps, in chunks. */
export function* ebpfMaps(program: EbpfProgram, options: MapOptions): Iterable<Uint8Array> {
  const { cluster, mapEntries } = program;
  // LRU maps are preallocated always.
  const flags = program.preallocated ? 0 : BPF_F_NO_PREALLOC;
  const targets = lookupTargets(cluster, program.maglevSize !== null);
  yield settings(cluster, { ...options, maglevSize: program.maglevSize }, targets.count);
  yield capacities([
    ["lb4_services", mapEntries, flags],
    ["lb4_backends", mapEntries, flags],
    ["lb4_reverse", mapEntries, flags],
    ["lb4_affinity", mapEntries],
    ["lb4_ranges", mapEntries],
    ["lb4_maglev", mapEntries, flags],
    ["ct4", options.connections ?? CONNECTIONS],
    ["lookup_targets", Math.max(ARRAY_LEAST, targets.count)],
  ]);
  yield* section("lb4_services", serviceEntries(program));
  yield* section("lb4_backends", backendEntries(cluster));
  yield* section("lb4_reverse", reverseEntries(program));
  yield* section("lb4_ranges", rangeEntries(program));
  yield* section("lookup_targets", targets);
  if (program.maglevSize !== null) yield* maglevSection(program, program.maglevSize);
}

/** lb4_services: three words of key, three of value, as the model's entries are. */
function serviceEntries({ entries }: EbpfProgram): Elements {
  const words = entries.services.view();
  const half = ENTRY_WORDS / 2;
  const count = words.length / ENTRY_WORDS;
  const keys = new Int32Array(count * half);
  const values = new Int32Array(count * half);
  for (let i = 0; i < count; i++) {
    const at = i * ENTRY_WORDS;
    keys.set(words.subarray(at, at + half), i * half);
    values.set(words.subarray(at + half, at + ENTRY_WORDS), i * half);
  }
  return { keys: bytesOf(keys), values: bytesOf(values), count };
}

/** lb4_backends: id → struct backend. */
function backendEntries(cluster: Cluster): Elements {
  const count = cluster.endpoints;
  const keys = Uint32Array.from({ length: count }, (_, e) => e + 1);
  const values = new Uint32Array(count * 3);
  for (let p = 0; p < cluster.servicePorts; p++) {
    for (let e = cluster.endpointStart[p]!; e < cluster.endpointStart[p + 1]!; e++) {
      values.set(backendValue(cluster, p, e), e * 3);
    }
  }
  return { keys: bytesOf(keys), values: bytesOf(values), count };
}

/** struct backend: address; port and protocol; whether it is on this node. */
export function backendValue(cluster: Cluster, p: number, e: number): [number, number, number] {
  return [
    cluster.endpointAddress[e]!,
    cluster.endpointPort[e]! | (cluster.protocol[p]! << 16),
    Number(servesPolicyLocal(cluster.endpointLocal[e]!)),
  ];
}

/** lb4_reverse: rev_nat → the frontend's address and port, read off its master entry. */
function reverseEntries({ entries }: EbpfProgram): Elements {
  const words = entries.services.view();
  const count = entries.frontendPort.length;
  const keys = Uint16Array.from({ length: count }, (_, i) => i + 1);
  const values = new Int32Array(count * 2);
  for (let at = 0; at < words.length; at += ENTRY_WORDS) {
    const revNat = words[at + 4]! >>> 16;
    // Slots and wildcards have none.
    if (revNat === 0) continue;
    values[(revNat - 1) * 2] = words[at]!;
    values[(revNat - 1) * 2 + 1] = words[at + 1]! & 0xffff;
  }
  return { keys: bytesOf(keys), values: bytesOf(values), count };
}

/** lb4_ranges: an LPM trie over rev_nat (32 bits with padding) and the source, in network byte order as a trie must be. */
function rangeEntries({ sourceRanges }: EbpfProgram): Elements {
  const keys = sourceRanges.map(({ revNat, base, prefixLength }) => {
    const key = Buffer.alloc(12);
    key.writeUInt32LE(32 + prefixLength, 0);
    key.writeUInt16LE(revNat, 4);
    key.writeUInt32BE(base, 8);
    return key;
  });
  const values = new Uint32Array(keys.length).fill(1);
  return { keys: Buffer.concat(keys), values: bytesOf(values), count: keys.length };
}

/** lb4_maglev: rev_nat → a table of its own, one after another, so that they are never all in memory. */
function* maglevSection(program: EbpfProgram, size: number): Iterable<Uint8Array> {
  const frontends = program.tableFrontends;
  if (frontends.length === 0) return;
  yield header("lb4_maglev", 2, size * 4, frontends.length);
  yield bytesOf(Uint16Array.from(frontends, (frontend) => frontend + 1));
  const taken = new Uint8Array(size);
  for (const frontend of frontends) {
    const table = new Int32Array(size);
    program.fillMaglev(frontend, table, taken);
    yield bytesOf(table);
  }
}
