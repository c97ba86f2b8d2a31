/** The program as map contents for the kernel, in the loader's format (native/loader.c), from the model's own columns. */

import { type Cluster, servesPolicyLocal } from "../../cluster/cluster.js";
import { writeIpv6 } from "../../planes/ebpf/dump/map-bytes.js";
import { ENTRY_WORDS } from "../../planes/ebpf/maps/entries.js";
import type { EbpfProgram } from "../../planes/ebpf/program.js";
import {
  ARRAY_LEAST,
  addressWords,
  BPF_F_NO_PREALLOC,
  bytesOf,
  CONNECTIONS,
  capacities,
  type Elements,
  header,
  lookupTargets,
  type MapOptions,
  mapNames,
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
  const names = mapNames(cluster);
  yield capacities([
    [names.services, mapEntries, flags],
    [names.backends, mapEntries, flags],
    [names.reverse, mapEntries, flags],
    [names.affinity, mapEntries],
    [names.ranges, mapEntries],
    [names.maglev, mapEntries, flags],
    [names.connections, options.connections ?? CONNECTIONS],
    ["lookup_targets", Math.max(ARRAY_LEAST, targets.count)],
  ]);
  yield* section(names.services, serviceEntries(program));
  yield* section(names.backends, backendEntries(cluster));
  yield* section(names.reverse, reverseEntries(program));
  yield* section(names.ranges, rangeEntries(program));
  yield* section("lookup_targets", targets);
  if (program.maglevSize !== null) yield* maglevSection(program, program.maglevSize);
}

/** The services' map: an address, two more words of key, and three of value, as the model's entries are. */
function serviceEntries({ cluster, entries }: EbpfProgram): Elements {
  const words = entries.services.view();
  const half = ENTRY_WORDS / 2;
  const count = words.length / ENTRY_WORDS;
  const keyWords = half - 1 + addressWords(cluster.network, 0).length;
  const keys = new Int32Array(count * keyWords);
  const values = new Int32Array(count * half);
  for (let i = 0; i < count; i++) {
    const [address = 0, ...rest] = words.subarray(i * ENTRY_WORDS, i * ENTRY_WORDS + half);
    keys.set([...addressWords(cluster.network, address), ...rest], i * keyWords);
    values.set(words.subarray(i * ENTRY_WORDS + half, (i + 1) * ENTRY_WORDS), i * half);
  }
  return { keys: bytesOf(keys), values: bytesOf(values), count };
}

/** The backends' map: id → struct backend. */
function backendEntries(cluster: Cluster): Elements {
  const count = cluster.endpoints;
  const keys = Uint32Array.from({ length: count }, (_, e) => e + 1);
  const width = addressWords(cluster.network, 0).length + 2;
  const values = new Uint32Array(count * width);
  for (let p = 0; p < cluster.servicePorts; p++) {
    for (let e = cluster.endpointStart[p]!; e < cluster.endpointStart[p + 1]!; e++) {
      values.set(backendValue(cluster, p, e), e * width);
    }
  }
  return { keys: bytesOf(keys), values: bytesOf(values), count };
}

/** struct backend: address; port and protocol; whether it is on this node. */
export function backendValue(cluster: Cluster, p: number, e: number): number[] {
  return [
    ...addressWords(cluster.network, cluster.endpointAddress[e]!),
    cluster.endpointPort[e]! | (cluster.protocol[p]! << 16),
    Number(servesPolicyLocal(cluster.endpointLocal[e]!)),
  ];
}

/** The reverse map: rev_nat → the frontend's address and port, read off its master entry. */
function reverseEntries({ cluster, entries }: EbpfProgram): Elements {
  const words = entries.services.view();
  const count = entries.frontendPort.length;
  const keys = Uint16Array.from({ length: count }, (_, i) => i + 1);
  const width = addressWords(cluster.network, 0).length + 1;
  const values = new Int32Array(count * width);
  for (let at = 0; at < words.length; at += ENTRY_WORDS) {
    const revNat = words[at + 4]! >>> 16;
    // Slots and wildcards have none.
    if (revNat === 0) continue;
    const address = addressWords(cluster.network, words[at]!);
    values.set([...address, words[at + 1]! & 0xffff], (revNat - 1) * width);
  }
  return { keys: bytesOf(keys), values: bytesOf(values), count };
}

/** The ranges' map: a trie over rev_nat (32 bits with padding) and the source, in network byte order as a trie must be. */
function rangeEntries({ cluster, sourceRanges }: EbpfProgram): Elements {
  const { ipv6 } = cluster.network;
  const keys = sourceRanges.map(({ revNat, base, prefixLength }) => {
    const range = ipv6?.cidr6({ base: base >>> 0, prefixLength });
    const key = Buffer.alloc(range ? 24 : 12);
    key.writeUInt32LE(32 + (range?.prefixLength ?? prefixLength), 0);
    key.writeUInt16LE(revNat, 4);
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
    if (range) writeIpv6(view, 8, range.base);
    else view.setUint32(8, base);
    return key;
  });
  const values = new Uint32Array(keys.length).fill(1);
  return { keys: Buffer.concat(keys), values: bytesOf(values), count: keys.length };
}

/** The map of Maglev tables: rev_nat → a table of its own, one after another, so that they are never all in memory. */
function* maglevSection(program: EbpfProgram, size: number): Iterable<Uint8Array> {
  const frontends = program.tableFrontends;
  if (frontends.length === 0) return;
  yield header(mapNames(program.cluster).maglev, 2, size * 4, frontends.length);
  yield bytesOf(Uint16Array.from(frontends, (frontend) => frontend + 1));
  const taken = new Uint8Array(size);
  for (const frontend of frontends) {
    const table = new Int32Array(size);
    program.fillMaglev(frontend, table, taken);
    yield bytesOf(table);
  }
}
