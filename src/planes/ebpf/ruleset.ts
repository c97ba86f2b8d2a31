/**
 * The program's map entries as bytes, in the layout of Cilium's bpf/lib/lb.h: what bpftool would load, and
 * lbscale import reads.
 */

import { INGRESS_IP, isExternalIp, isIngressIp } from "../../cluster/cluster.js";
import { familyOf } from "../../cluster/family.js";
import { PlaneLimitError } from "../../errors.js";
import { FLAGS, FLAGS2, RANGE_STATIC_BITS } from "./cilium-flags.js";
import { MAX_FRONTENDS } from "./descriptor.js";
import { backendIds, type Given, NOTHING_GIVEN, type Numbers } from "./dump/backend-ids.js";
import { entry, hexBytes, type MapEntry, writeAddress, writeIpv6 } from "./dump/map-bytes.js";
import { AFFINITY_MATCH, type MapLayout, mapLayout } from "./dump/map-names.js";
import {
  AFFINITY,
  AFFINITY_MASK,
  EXTERNAL_LOCAL,
  ROUTABLE,
  SCOPE_INTERNAL,
  SOURCE_RANGE,
  TWO_SCOPES,
} from "./layout.js";
import { ENTRY_WORDS } from "./maps/entries.js";
import { ACTIVE, stateOf } from "./maps/slots.js";
import type { EbpfProgram } from "./program.js";

/** What a backend's value says of its state (NewBackendFlags): 2, quarantined, is no state that Kubernetes knows. */
const STATE_BYTES = [0, 1, 1, 2, 3] as const;

/** Entries of one map, in the order in which an agent could write them. */
export interface MapDump {
  readonly name: string;
  entries(): Iterable<MapEntry>;
}

/**
 * The load-balancing maps of a program, without Maglev's tables. Addresses, ports and rev_nat ids are in network byte
 * order, counts and backend ids in the machine's (x86-64). `given`: numbers that another family has. Throws PlaneLimitError
 * beyond 65,535 frontends.
 */
export function ciliumMaps(program: EbpfProgram, given: Given = NOTHING_GIVEN): readonly MapDump[] {
  const frontends = program.entries.frontendPort.length + given.frontends;
  if (frontends > MAX_FRONTENDS) {
    throw new PlaneLimitError(
      `${frontends} frontends: Cilium numbers them with 16 bits, use at most ${MAX_FRONTENDS}`,
    );
  }
  const ids = backendIds(program, given);
  const layout = mapLayout(familyOf(program.cluster.network));
  return [
    { name: layout.backends, entries: () => backendEntries(program, ids, layout) },
    { name: layout.services, entries: () => serviceEntries(program, ids, layout) },
    { name: layout.reverseNat, entries: () => reverseNatEntries(program, ids, layout) },
    { name: layout.sourceRanges, entries: () => sourceRangeEntries(program, ids, layout) },
    { name: AFFINITY_MATCH, entries: () => affinityEntries(program, ids) },
  ];
}

/** Maps of both families as one agent has them: it numbers frontends and backends of both in one row. */
function mapsOfAll(programs: readonly EbpfProgram[]): MapDump[] {
  const maps = new Map<string, MapDump[]>();
  let given: Given = { backends: 0, frontends: 0 };
  for (const program of programs) {
    for (const map of ciliumMaps(program, given)) maps.set(map.name, [...(maps.get(map.name) ?? []), map]);
    given = {
      backends: given.backends + backendIds(program, given).rows.length,
      frontends: given.frontends + program.entries.frontendPort.length,
    };
  }
  return [...maps].map(([name, parts]) => ({
    name,
    *entries() {
      for (const part of parts) yield* part.entries();
    },
  }));
}

/** The same of one or both families as one JSON object in chunks: a map's name, and its entries as bpftool prints bytes. */
export function* ciliumMapsJson(...programs: readonly EbpfProgram[]): Iterable<string> {
  yield "{";
  for (const [i, { name, entries }] of mapsOfAll(programs).entries()) {
    yield `${i === 0 ? "" : ","}\n"${name}": [`;
    let chunk = "";
    let first = true;
    for (const { key, value } of entries()) {
      chunk += `${first ? "" : ","}\n{"key":${hexBytes(key)},"value":${hexBytes(value)}}`;
      first = false;
      if (chunk.length < 65_536) continue;
      yield chunk;
      chunk = "";
    }
    yield `${chunk}]`;
  }
  yield "\n}\n";
}

function* backendEntries(
  program: EbpfProgram,
  { rows, given }: Numbers,
  { addressBytes: wide }: MapLayout,
): Iterable<MapEntry> {
  const { cluster, states } = program;
  const protocolOf = protocolsOf(program);
  for (const [i, row] of rows.entries()) {
    yield entry(4, wide + 8, (key, value) => {
      key.setUint32(0, given.backends + i + 1, true);
      writeAddress(value, 0, cluster.endpointAddress[row]!, cluster.network.ipv6);
      value.setUint16(wide, cluster.endpointPort[row]!);
      value.setUint8(wide + 2, protocolOf(row));
      value.setUint8(wide + 3, STATE_BYTES[stateOf(cluster, row, states)]!);
    });
  }
}

/** Protocol of an endpoint's service-port, by row. */
function protocolsOf({ cluster }: EbpfProgram): (row: number) => number {
  const protocols = new Uint8Array(cluster.endpoints);
  for (let p = 0; p < cluster.servicePorts; p++) {
    protocols.fill(cluster.protocol[p]!, cluster.endpointStart[p], cluster.endpointStart[p + 1]);
  }
  return (row) => protocols[row]!;
}

function* serviceEntries(
  program: EbpfProgram,
  { idOf, given }: Numbers,
  { addressBytes: wide }: MapLayout,
): Iterable<MapEntry> {
  const { ipv6 } = program.cluster.network;
  const words = program.entries.services.view();
  const balancers = ingressAddresses(program);
  // Slots follow their master and repeat its rev_nat id and flags.
  let revNat = 0;
  let masterFlags = 0;
  const { backendStart, counts } = program.entries;
  const [start, countOf] = [backendStart.view(), counts.view()];
  for (let at = 0; at < words.length; at += ENTRY_WORDS) {
    const [address = 0, portAndSlot = 0, third = 0, first = 0, count = 0, flags = 0] = words.subarray(
      at,
      at + ENTRY_WORDS,
    );
    const slot = portAndSlot >>> 16;
    if (slot === 0) {
      revNat = count >>> 16;
      masterFlags = flags;
    }
    yield entry(wide + 8, 12, (key, value) => {
      writeAddress(key, 0, address, ipv6);
      key.setUint16(wide, portAndSlot & 0xffff);
      key.setUint16(wide + 2, slot, true);
      key.setUint8(wide + 4, third & 0xff);
      key.setUint8(wide + 5, (third >>> 8) & 0xff);
      if (slot > 0) value.setUint32(0, idOf(first - 1), true);
      else {
        // The upper byte, the algorithm, is 0 unless an annotation chooses one.
        value.setUint32(0, first & AFFINITY_MASK, true);
        value.setUint16(4, count & 0xffff, true);
        // Slots beyond the count: qcount.
        if (revNat > 0) value.setUint16(10, start[revNat]! - start[revNat - 1]! - countOf[revNat - 1]!, true);
      }
      value.setUint16(6, revNat > 0 ? given.frontends + revNat : 0);
      if (revNat > 0) {
        const port = portAndSlot & 0xffff;
        setFlags(program, value, { address, port, scope: third >>> 8, flags: masterFlags, revNat });
      } else if (balancers.has(address >>> 0)) value.setUint8(8, FLAGS.loadBalancer);
    });
  }
}

function ingressAddresses({ cluster }: EbpfProgram): ReadonlySet<number> {
  return new Set(cluster.externalAddress.filter((_, x) => cluster.externalKind[x] === INGRESS_IP));
}

/** The model numbers its flags by itself; these are the kernel's, with what kind of address it is. */
function setFlags(
  { cluster, entries }: EbpfProgram,
  value: DataView,
  { address, port, scope, flags, revNat }: Record<"address" | "port" | "scope" | "flags" | "revNat", number>,
): void {
  const p = entries.frontendPort.view()[revNat - 1]!;
  const s = cluster.service[p]!;
  // An external IP may be the node's own address: then the port tells the two apart.
  const isNodePort =
    address === 0 || (cluster.network.nodeAddresses.includes(address >>> 0) && port === cluster.nodePort[p]);
  let first = 0;
  if (flags & ROUTABLE) first |= FLAGS.routable;
  if (flags & AFFINITY) first |= FLAGS.affinity;
  if (flags & SOURCE_RANGE) first |= FLAGS.sourceRange;
  if (flags & EXTERNAL_LOCAL) first |= FLAGS.externalLocal;
  if (isNodePort) first |= FLAGS.nodePort;
  for (let x = cluster.externalStart[s]!; x < cluster.externalStart[s + 1]!; x++) {
    if (isNodePort || cluster.externalAddress[x] !== address >>> 0) continue;
    const kind = cluster.externalKind[x]!;
    // What is both stays a load balancer's for the inside, where an external IP has no entry.
    const isBalancer = isIngressIp(kind) && (!isExternalIp(kind) || scope === SCOPE_INTERNAL);
    first |= isBalancer ? FLAGS.loadBalancer : FLAGS.externalIp;
  }
  value.setUint8(8, first);
  value.setUint8(
    9,
    (cluster.internalLocal[s] ? FLAGS2.internalLocal : 0) | (flags & TWO_SCOPES ? FLAGS2.twoScopes : 0),
  );
}

/** Masters' key words and rev_nat id. */
function* masters({
  entries,
}: EbpfProgram): Iterable<{ address: number; port: number; flags: number; revNat: number }> {
  const words = entries.services.view();
  for (let at = 0; at < words.length; at += ENTRY_WORDS) {
    const revNat = words[at + 4]! >>> 16;
    if (words[at + 1]! >>> 16 !== 0 || revNat === 0) continue;
    yield { address: words[at]!, port: words[at + 1]! & 0xffff, flags: words[at + 5]!, revNat };
  }
}

function* reverseNatEntries(
  program: EbpfProgram,
  { given }: Numbers,
  { addressBytes: wide }: MapLayout,
): Iterable<MapEntry> {
  for (const { address, port, revNat } of masters(program)) {
    yield entry(2, wide + 2, (key, value) => {
      key.setUint16(0, given.frontends + revNat);
      writeAddress(value, 0, address, program.cluster.network.ipv6);
      value.setUint16(wide, port);
    });
  }
}

function* sourceRangeEntries(
  program: EbpfProgram,
  { given }: Numbers,
  { addressBytes: wide }: MapLayout,
): Iterable<MapEntry> {
  const { ipv6 } = program.cluster.network;
  for (const { revNat, base, prefixLength } of program.sourceRanges) {
    // In IPv6 a range is a block of numbers, which has the range's own length only where both are whole.
    const range = ipv6?.cidr6({ base: base >>> 0, prefixLength });
    yield entry(wide + 8, 1, (key) => {
      key.setUint32(0, RANGE_STATIC_BITS + (range?.prefixLength ?? prefixLength), true);
      key.setUint16(4, given.frontends + revNat);
      if (range) writeIpv6(key, 8, range.base);
      else key.setUint32(8, base);
    });
  }
}

function* affinityEntries(program: EbpfProgram, { idOf, given }: Numbers): Iterable<MapEntry> {
  const start = program.entries.backendStart.view();
  const backends = program.entries.backends.view();
  for (const { flags, revNat } of masters(program)) {
    if ((flags & AFFINITY) === 0) continue;
    for (let i = start[revNat - 1]!; i < start[revNat]!; i++) {
      if (stateOf(program.cluster, backends[i]!, program.states) !== ACTIVE) continue;
      yield entry(8, 1, (key) => {
        key.setUint32(0, idOf(backends[i]!), true);
        key.setUint16(4, given.frontends + revNat);
      });
    }
  }
}

/** lb4_maglev and the arrays in it as one entry each: rev_nat id, and the table of backend ids. Large: made one at a time. */
export function* maglevEntries(program: EbpfProgram): Iterable<MapEntry> {
  const { entries, maglevSize } = program;
  if (maglevSize === null) return;
  const { idOf } = backendIds(program);
  const counts = entries.counts.view();
  const table = new Int32Array(maglevSize);
  const taken = new Uint8Array(maglevSize);
  for (const frontend of program.tableFrontends) {
    if (counts[frontend] === 0) continue;
    program.fillMaglev(frontend, table, taken);
    yield entry(2, 4 * maglevSize, (key, value) => {
      key.setUint16(0, frontend + 1);
      for (const [i, id] of table.entries()) value.setUint32(4 * i, idOf(id - 1), true);
    });
  }
}
