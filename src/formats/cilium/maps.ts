/** Cilium's load-balancing maps, an array of `bpftool map dump -j` each (key and value as bytes): what lbscale exports. */

import { oneLine } from "../../cluster/checks.js";
import { maskTo, SCTP, TCP, UDP } from "../../cluster/cluster.js";
import type { Family } from "../../cluster/family.js";
import { maskIpv6 } from "../../cluster/ipv6.js";
import type { RawAddress, RawCidr } from "../../cluster/raw-addresses.js";
import { InvalidInputError } from "../../errors.js";
import { FLAGS, FLAGS2, RANGE_STATIC_BITS } from "../../planes/ebpf/cilium-flags.js";
import { mapLayout } from "../../planes/ebpf/dump/map-names.js";
import type { Backend, RawFrontend } from "./frontends.js";

const MAX_ENTRIES = 10_000_000;
const BYTE = /^0x[\da-f]{1,2}$/i;

interface Master {
  readonly key: DataView;
  readonly value: DataView;
  readonly slots: number[];
}

/** Reads frontends of both families out of map entries. Throws InvalidInputError that names map and entry. */
export function frontendsOfMaps(data: Readonly<Record<string, unknown>>): RawFrontend[] {
  return [...frontendsOfFamily(data, 4), ...frontendsOfFamily(data, 6)];
}

/** The address at the start of a key or value. */
function addressAt(view: DataView, at: number, family: Family): RawAddress {
  return family === 4 ? view.getUint32(at) : (view.getBigUint64(at) << 64n) | view.getBigUint64(at + 8);
}

function frontendsOfFamily(data: Readonly<Record<string, unknown>>, family: Family): RawFrontend[] {
  const { addressBytes: wide, ...names } = mapLayout(family);
  const backends = new Map<number, Backend<RawAddress>>();
  for (const { key, value } of entries(data, names.backends, 4, wide + 8)) {
    const id = key.getUint32(0, true);
    backends.set(id, { id: String(id), address: addressAt(value, 0, family), port: value.getUint16(wide) });
  }
  const ranges = new Map<number, RawCidr[]>();
  for (const { key } of entries(data, names.sourceRanges, wide + 8, 1)) {
    const prefixLength = key.getUint32(0, true) - RANGE_STATIC_BITS;
    if (prefixLength < 0 || prefixLength > wide * 8)
      throw new InvalidInputError(`${names.sourceRanges}: prefix length ${prefixLength}`);
    const revNat = key.getUint16(4);
    const address = addressAt(key, 8, family);
    const base =
      typeof address === "number" ? maskTo(address, prefixLength) : maskIpv6(address, prefixLength);
    const range = { base, prefixLength };
    const list = ranges.get(revNat);
    if (list) list.push(range);
    else ranges.set(revNat, [range]);
  }
  return mastersOf(data, family).flatMap((master) => frontendOf(master, backends, ranges, family) ?? []);
}

function mastersOf(data: Readonly<Record<string, unknown>>, family: Family): Master[] {
  const { addressBytes: wide, ...names } = mapLayout(family);
  const masters = new Map<string, Master>();
  const slots: { name: string; slot: number; backend: number }[] = [];
  for (const { key, value } of entries(data, names.services, wide + 8, 12)) {
    const slot = key.getUint16(wide + 2, true);
    const name = `${addressAt(key, 0, family)} ${key.getUint16(wide)} ${key.getUint8(wide + 4)} ${key.getUint8(wide + 5)}`;
    if (slot === 0) masters.set(name, { key, value, slots: [] });
    else slots.push({ name, slot, backend: value.getUint32(0, true) });
  }
  slots.sort((a, b) => a.slot - b.slot);
  for (const { name, slot, backend } of slots) {
    const master = masters.get(name);
    // Slots beyond the count are left over from before: nothing chooses them.
    if (master && slot <= master.value.getUint16(4, true)) master.slots.push(backend);
  }
  return [...masters.values()];
}

/** Undefined for what is no service: wildcards (port 0) and protocols that have no port. */
function frontendOf(
  { key, value, slots }: Master,
  backends: ReadonlyMap<number, Backend<RawAddress>>,
  ranges: ReadonlyMap<number, RawCidr[]>,
  family: Family,
): RawFrontend | undefined {
  const { addressBytes: wide } = mapLayout(family);
  const address = addressAt(key, 0, family);
  const port = key.getUint16(wide);
  const protocol = key.getUint8(wide + 4);
  if (port === 0 || ![TCP, UDP, SCTP].includes(protocol)) return undefined;
  const flags = value.getUint8(8);
  const flags2 = value.getUint8(9);
  const has = (flag: number) => (flags & flag) !== 0;
  const kind = has(FLAGS.nodePort)
    ? "NodePort"
    : has(FLAGS.loadBalancer)
      ? "LoadBalancer"
      : has(FLAGS.externalIp)
        ? "ExternalIP"
        : "ClusterIP";
  return {
    address,
    port,
    protocol,
    internal: key.getUint8(wide + 5) === 1,
    kind,
    externalLocal: has(FLAGS.externalLocal),
    internalLocal: (flags2 & FLAGS2.internalLocal) !== 0,
    affinitySeconds: has(FLAGS.affinity) ? value.getUint32(0, true) & 0xffffff : 0,
    ranges: has(FLAGS.sourceRange) ? (ranges.get(value.getUint16(6)) ?? []) : [],
    service: undefined,
    backends: slots.flatMap((id) => {
      const backend = backends.get(id);
      return backend && backend.port > 0 ? [backend] : [];
    }),
  };
}

function* entries(
  data: Readonly<Record<string, unknown>>,
  map: string,
  keyBytes: number,
  valueBytes: number,
): Iterable<{ key: DataView; value: DataView }> {
  const list: unknown = Object.hasOwn(data, map) ? data[map] : [];
  if (!Array.isArray(list)) throw new InvalidInputError(`${map}: expected an array of entries`);
  if (list.length > MAX_ENTRIES) throw new InvalidInputError(`${map}: more than ${MAX_ENTRIES} entries`);
  for (const [i, entry] of (list as unknown[]).entries()) {
    const { key, value } = (typeof entry === "object" && entry !== null ? entry : {}) as {
      key?: unknown;
      value?: unknown;
    };
    yield {
      key: bytes(key, keyBytes, `${map}[${i}].key`),
      value: bytes(value, valueBytes, `${map}[${i}].value`),
    };
  }
}

function bytes(value: unknown, length: number, where: string): DataView {
  if (!Array.isArray(value) || value.length !== length) {
    throw new InvalidInputError(
      `${oneLine(where)}: expected ${length} bytes, as bpftool map dump -j prints them`,
    );
  }
  const view = new DataView(new ArrayBuffer(length));
  for (const [i, byte] of (value as unknown[]).entries()) {
    if (typeof byte !== "string" || !BYTE.test(byte))
      throw new InvalidInputError(`${oneLine(where)}: expected bytes such as 0x0a`);
    view.setUint8(i, Number(byte));
  }
  return view;
}
