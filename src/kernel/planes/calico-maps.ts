/** Calico's map contents for the kernel, and one change as writes to them, in the loader's format (native/loader.c). */

import type { EndpointUpdate } from "../../cluster/endpoint-updates.js";
import { routeEntries } from "../../planes/calico-ebpf/maps/routes.js";
import { CalicoProgram } from "../../planes/calico-ebpf/program.js";
import { backendEntries, frontendEntries, type MapEntry } from "../../planes/calico-ebpf/ruleset.js";
import { entry, writeIpv6 } from "../../planes/ebpf/dump/map-bytes.js";
import {
  ARRAY_LEAST,
  BPF_F_NO_PREALLOC,
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
export function* calicoMaps(program: CalicoProgram, options: MapOptions): Iterable<Uint8Array> {
  const { cluster } = program;
  const targets = lookupTargets(cluster, false);
  yield settings(cluster, options, targets.count);
  const names = mapNames(cluster);
  yield capacities([
    [names.natFrontends, program.frontendCapacity],
    [names.natBackends, program.backendCapacity, BPF_F_NO_PREALLOC],
    [names.natMaglev, program.maglevCapacity, BPF_F_NO_PREALLOC],
    [names.routes, program.routeCapacity],
    [names.connections, options.connections ?? CONNECTIONS],
    ["lookup_targets", Math.max(ARRAY_LEAST, targets.count)],
  ]);
  yield* section(names.natFrontends, elementsOf(frontendEntries(program)));
  yield* section(names.natBackends, elementsOf(backendEntries(program)));
  yield* section(names.routes, elementsOf(routes(program)));
  yield* section("lookup_targets", targets);
}

function elementsOf(entries: Iterable<MapEntry>): Elements {
  const all = [...entries];
  return {
    keys: Buffer.concat(all.map(({ key }) => key)),
    values: Buffer.concat(all.map(({ value }) => value)),
    count: all.length,
  };
}

/** A length and an address; flags, and a next hop that nothing here reads. */
function* routes({ cluster }: CalicoProgram): Iterable<MapEntry> {
  const { ipv6 } = cluster.network;
  for (const { address, prefixLength, flags } of routeEntries(cluster)) {
    const block = { base: address >>> 0, prefixLength };
    const range = ipv6?.cidr6(block);
    yield entry(range ? 20 : 8, range ? 20 : 8, (key, value) => {
      key.setUint32(0, (range ?? block).prefixLength, true);
      if (range) writeIpv6(key, 4, range.base);
      else key.setUint32(4, block.base);
      value.setUint32(0, flags, true);
    });
  }
}

/** What felix writes for a change, in its order: make before break. A section whose values have no bytes deletes its key. */
export function* calicoWrites({ servicePort, before, after }: EndpointUpdate): Iterable<Uint8Array> {
  const of = ({ cluster }: EndpointUpdate["before"]) => {
    const program = new CalicoProgram(cluster, {});
    // A service-port's number is the id in a frontend's value and in a backend's key.
    const own = ({ key, value }: MapEntry, isFrontend: boolean) =>
      Buffer.from(isFrontend ? value : key).readUInt32LE(0) === servicePort;
    const listed = (entries: Iterable<MapEntry>, isFrontend: boolean) =>
      new Map(
        [...entries]
          .filter((entry) => own(entry, isFrontend))
          .map((entry) => [Buffer.from(entry.key).toString("hex"), entry]),
      );
    return {
      frontends: listed(frontendEntries(program), true),
      backends: listed(backendEntries(program), false),
    };
  };
  const [was, is] = [of(before), of(after)];
  const { natFrontends, natBackends } = mapNames(after.cluster);
  yield* removals(natFrontends, was.frontends, is.frontends);
  yield* updates(natBackends, was.backends, is.backends);
  yield* updates(natFrontends, was.frontends, is.frontends);
  yield* removals(natBackends, was.backends, is.backends);
}

type Listed = ReadonlyMap<string, MapEntry>;

function* updates(map: string, was: Listed, is: Listed): Iterable<Uint8Array> {
  for (const [name, { key, value }] of is) {
    const old = was.get(name);
    if (old && Buffer.compare(old.value, value) === 0) continue;
    yield header(map, key.byteLength, value.byteLength, 1);
    yield key;
    yield value;
  }
}

function* removals(map: string, was: Listed, is: Listed): Iterable<Uint8Array> {
  for (const [name, { key }] of was) {
    if (is.has(name)) continue;
    yield header(map, key.byteLength, 0, 1);
    yield key;
  }
}
