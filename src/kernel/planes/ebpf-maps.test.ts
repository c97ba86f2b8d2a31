import { describe, expect, it } from "vitest";
import { FAMILIES } from "../../cluster/family.js";
import { generateCluster, MIXED } from "../../cluster/generate.js";
import { ENTRY_WORDS } from "../../planes/ebpf/maps/entries.js";
import { EbpfProgram } from "../../planes/ebpf/program.js";
import { ebpfMaps } from "./ebpf-maps.js";

interface Section {
  readonly keys: Buffer;
  readonly values: Buffer;
  readonly count: number;
}

/** Reads the loader's format back. */
function read(program: EbpfProgram): {
  settings: Uint32Array;
  capacities: Map<string, number>;
  flags: Map<string, number>;
  sections: Map<string, Section>;
} {
  const data = Buffer.concat([...ebpfMaps(program, { snatAddress: 0xc0000205 })]);
  let at = 0;
  const bytes = (length: number) => {
    at += length;
    return data.subarray(at - length, at);
  };
  const word = () => bytes(4).readUInt32LE(0);
  const name = () => bytes(16).toString("latin1").replaceAll("\0", "");
  const settings = Uint32Array.from({ length: word() / 4 }, word);
  const capacities = new Map<string, number>();
  const flags = new Map<string, number>();
  for (let left = word(); left > 0; left--) {
    const map = name();
    capacities.set(map, word());
    flags.set(map, word());
  }
  const sections = new Map<string, Section>();
  while (at < data.length) {
    const map = name();
    const [keySize, valueSize, count] = [word(), word(), word()];
    sections.set(map, { keys: bytes(keySize * count), values: bytes(valueSize * count), count });
  }
  return { settings, capacities, flags, sections };
}

describe.each(FAMILIES)("map contents for the kernel, IPv%s", (family) => {
  const cluster = generateCluster({ services: 40, seed: 3, ...MIXED, ...(family === 6 && { family }) });
  const { ipv6 } = cluster.network;
  /** Bytes of an address, in words of the machine's order. */
  const wide = family === 4 ? 4 : 16;
  const addressOf = (number: number): number[] => {
    if (ipv6 === undefined) return [number | 0];
    const words = new Int32Array(4);
    if (number !== 0) ipv6.writeWords(number >>> 0, words, 0);
    return [...words];
  };
  const wordsAt = (bytes: Buffer, at: number, count: number) =>
    Array.from({ length: count }, (_, i) => bytes.readInt32LE(at + 4 * i));
  const program = new EbpfProgram(cluster, {}, "random");
  const { settings, capacities, sections } = read(program);

  it("hold the entries of the model's service map, word for word", () => {
    const words = program.entries.services.view();
    const { keys, values, count } = sections.get(`lb${family}_services`)!;
    expect(count).toBe(words.length / ENTRY_WORDS);
    for (let i = 0; i < count; i++) {
      const [address = 0, ...rest] = words.subarray(i * ENTRY_WORDS, (i + 1) * ENTRY_WORDS);
      const key = wordsAt(keys, i * (wide + 8), wide / 4 + 2);
      expect([...key, ...wordsAt(values, i * 12, 3)]).toEqual([...addressOf(address), ...rest]);
    }
  });

  it("number backends by endpoint, from 1, with address and port", () => {
    const { keys, values, count } = sections.get(`lb${family}_backends`)!;
    expect(count).toBe(cluster.endpoints);
    for (let e = 0; e < count; e++) {
      expect(keys.readUInt32LE(e * 4)).toBe(e + 1);
      const at = e * (wide + 8);
      expect(wordsAt(values, at, wide / 4)).toEqual(addressOf(cluster.endpointAddress[e]!));
      expect(values.readUInt16LE(at + wide)).toBe(cluster.endpointPort[e]);
    }
  });

  it("say for each frontend which address and port an answer comes from", () => {
    const { values, count } = sections.get(`lb${family}_reverse`)!;
    expect(count).toBe(program.entries.frontendPort.length);
    const first = program.entries.frontendPort.view()[0]!;
    expect(wordsAt(values, 0, wide / 4)).toEqual(addressOf(cluster.clusterIp[cluster.service[first]!]!));
    expect(values.readUInt16LE(wide)).toBe(cluster.port[first]);
  });

  it("are not preallocated, as Helm's chart has them, unless that is asked for", () => {
    const flagsOf = (preallocated: boolean) => {
      const { flags } = read(new EbpfProgram(cluster, { ebpfPrealloc: preallocated }, "random"));
      const own = ["services", "backends", "reverse"].map((map) => `lb${family}_${map}`);
      return [...own, `ct${family}`].map((map) => flags.get(map));
    };
    expect(flagsOf(false)).toEqual([1, 1, 1, 0]);
    expect(flagsOf(true)).toEqual([0, 0, 0, 0]);
  });

  it("have the capacities of the model's maps, and the network's addresses as settings", () => {
    expect(capacities.get(`lb${family}_services`)).toBe(program.mapEntries);
    const [maglevSize, , , ...addresses] = settings;
    const { podCidr, nodeAddresses } = cluster.network;
    // 10.128.0.0/9, and a /105.
    const mask = family === 4 ? [0xff800000] : [0xffffffff, 0xffffffff, 0xffffffff, 0xff800000];
    const known = [
      ...addressOf(podCidr.base),
      ...mask,
      ...[0, 1, 2, 3].flatMap((i) => addressOf(nodeAddresses[i] ?? 0)),
      ...addressOf(0xc0000205),
      ...addressOf(podCidr.base + 1),
    ];
    expect(maglevSize).toBe(0);
    expect(addresses.map((word) => word | 0)).toEqual(known.map((word) => word | 0));
  });

  it("give Maglev one table per frontend that is reached from outside, each place a backend of that frontend", () => {
    const size = 251;
    const maglev = new EbpfProgram(cluster, { maglevTableSize: size }, "maglev");
    const tables = read(maglev);
    expect(tables.settings[0]).toBe(size);
    const { keys, values, count } = tables.sections.get(`lb${family}_maglev`)!;
    expect(count).toBe(maglev.entries.routable.view().filter((routable) => routable === 1).length);
    expect(count).toBeGreaterThan(0);
    const start = maglev.entries.backendStart.view();
    const backends = maglev.entries.backends.view();
    for (let table = 0; table < count; table++) {
      const frontend = keys.readUInt16LE(table * 2) - 1;
      expect(maglev.entries.routable.view()[frontend]).toBe(1);
      const own = new Set([...backends.subarray(start[frontend]!, start[frontend + 1]!)].map((e) => e + 1));
      const places = Array.from({ length: size }, (_, i) => values.readUInt32LE((table * size + i) * 4));
      expect(new Set(places)).toEqual(own.size === 0 ? new Set([0]) : own);
    }
  });
});
