/**
 * Entries of Cilium's load-balancing maps as lines in which no number is left that the agent gives out: a backend stands by its
 * address, a rev_nat id by the key of the master that has it. Two nodes with the same objects have the same lines.
 */

import { createHash } from "node:crypto";
import { formatAddress, protocolName } from "../../../cluster/cluster.js";
import { formatIpv6 } from "../../../cluster/ipv6.js";
import { AFFINITY_MATCH, type HexMaps, MAP_LAYOUTS, type MapLayout } from "./map-names.js";

export interface EntryLinesOptions {
  /**
   * Backends, as `address:port/PROTOCOL`, whose state is not compared: Services do not agree on it, and the one that was written
   * last has it.
   */
  readonly anyState?: ReadonlySet<string>;
}

/** Lines by map, each once. */
export function entryLines(maps: HexMaps, options: EntryLinesOptions = {}): Map<string, Set<string>> {
  const known = new Names(maps);
  const lines = new Map<string, Set<string>>();
  const writers: Record<string, Writer> = {
    ...Object.assign({}, ...MAP_LAYOUTS.map((layout) => writersOf(layout, known, options))),
    [AFFINITY_MATCH]: (key, value) => {
      const [backend, revNat] = [key.readUInt32LE(0), key.readUInt16BE(4)];
      return `${known.frontend(revNat)}: ${known.backend(backend)}, value ${value.toString("hex")}`;
    },
  };
  for (const [map, entries] of Object.entries(maps)) {
    const write = writers[map];
    if (write === undefined) continue;
    const written = new Set<string>();
    for (const [key, value] of entries) {
      written.add(`${map} ${write(Buffer.from(key, "hex"), Buffer.from(value, "hex"))}`);
    }
    lines.set(map, written);
  }
  return lines;
}

type Writer = (key: Buffer, value: Buffer) => string;

/** Writers of one family's maps. */
function writersOf(layout: MapLayout, known: Names, { anyState }: EntryLinesOptions): Record<string, Writer> {
  const { addressBytes: wide } = layout;
  return {
    [layout.services]: (key, value) => serviceLine(known, layout, key, value),
    [layout.backends]: (key, value) => {
      const name = known.backend(key.readUInt32LE(0));
      const state = anyState?.has(name) ? "any" : value[wide + 3];
      return `${name}: state ${state}, cluster and zone ${value.toString("hex", wide + 4)}`;
    },
    [layout.reverseNat]: (key, value) => `${known.frontend(key.readUInt16BE(0))}: ${socketAt(layout, value)}`,
    [layout.sourceRanges]: (key, value) =>
      `${known.frontend(key.readUInt16BE(4))}: ${addressAt(layout, key, 8)}, prefix of ${key.readUInt32LE(0)} bits, value ${value.toString("hex")}`,
    [layout.maglev]: (key, value) => `${known.frontend(key.readUInt16BE(0))}: ${formatTable(known, value)}`,
  };
}

function addressAt({ family }: MapLayout, bytes: Buffer, at: number): string {
  if (family === 4) return formatAddress(bytes.readUInt32BE(at));
  return `[${formatIpv6((bytes.readBigUInt64BE(at) << 64n) | bytes.readBigUInt64BE(at + 8))}]`;
}

/** An address and the port behind it, at the beginning. */
function socketAt(layout: MapLayout, bytes: Buffer): string {
  return `${addressAt(layout, bytes, 0)}:${bytes.readUInt16BE(layout.addressBytes)}`;
}

/** Whose the numbers are. */
class Names {
  readonly #backends = new Map<number, string>();
  readonly #frontends = new Map<number, string>();

  constructor(maps: HexMaps) {
    for (const layout of MAP_LAYOUTS) {
      const { addressBytes: wide, backends, services } = layout;
      for (const [key, value] of maps[backends] ?? []) {
        const bytes = Buffer.from(value, "hex");
        const name = `${socketAt(layout, bytes)}/${protocolOf(bytes[wide + 2]!)}`;
        this.#backends.set(Buffer.from(key, "hex").readUInt32LE(0), name);
      }
      for (const [key, value] of maps[services] ?? []) {
        const [keyBytes, bytes] = [Buffer.from(key, "hex"), Buffer.from(value, "hex")];
        const revNat = bytes.readUInt16BE(6);
        if (keyBytes.readUInt16LE(wide + 2) === 0)
          this.#frontends.set(revNat, frontendName(layout, keyBytes));
      }
    }
    this.#frontends.set(0, "none");
  }

  backend(id: number): string {
    return this.#backends.get(id) ?? "unknown";
  }

  frontend(revNat: number): string {
    return this.#frontends.get(revNat) ?? "unknown";
  }
}

function serviceLine(known: Names, layout: MapLayout, key: Buffer, value: Buffer): string {
  const slot = key.readUInt16LE(layout.addressBytes + 2);
  const first =
    slot > 0
      ? `backend ${known.backend(value.readUInt32LE(0))}`
      : `algorithm ${value[3]}, affinity ${value.readUIntLE(0, 3)} s`;
  return (
    `${frontendName(layout, key)} slot ${slot}: ${first}, count ${value.readUInt16LE(4)}, ` +
    `of ${known.frontend(value.readUInt16BE(6))}, flags ${value.toString("hex", 8, 10)}, qcount ${value.readUInt16LE(10)}`
  );
}

/** Address, port, protocol and, where it is not the external one, scope. */
function frontendName(layout: MapLayout, key: Buffer): string {
  const { addressBytes: wide } = layout;
  const scope = key[wide + 5] === 0 ? "" : " inside";
  return `${socketAt(layout, key)}/${protocolOf(key[wide + 4]!)}${scope}`;
}

const protocolOf = (protocol: number): string => protocolName(protocol).toUpperCase();

/** A table has thousands of places: how many there are of each backend, and a digest of their order. */
function formatTable(known: Names, value: Buffer): string {
  const places = Array.from({ length: value.length / 4 }, (_, i) => known.backend(value.readUInt32LE(4 * i)));
  const counts = new Map<string, number>();
  for (const name of places) counts.set(name, (counts.get(name) ?? 0) + 1);
  const digest = createHash("sha256").update(places.join("\n")).digest("hex").slice(0, 12);
  const shares = [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${count} of ${name}`);
  return `${places.length} places ${digest}: ${shares.join(", ")}`;
}
