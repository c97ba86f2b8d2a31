import { describe, expect, it } from "vitest";
import fc from "../../../test/support/properties.js";
import { type Cluster, EXTERNAL_IP, maskTo, parseAddress, TCP } from "../../cluster/cluster.js";
import { flowAt, generateTrace } from "../../cluster/flows.js";
import { generateCluster, MIXED } from "../../cluster/generate.js";
import { DROP, type Flow, PASS } from "../plane.js";
import { calicoEbpf } from "./index.js";
import { LOOKUP_BITS, portWord, sourceWord } from "./layout.js";
import { ENTRY_WORDS } from "./maps/entries.js";
import { LpmTrie, MISS } from "./maps/trie.js";
import { CalicoProgram } from "./program.js";
import { backendEntries, frontendEntries } from "./ruleset.js";

const address = (text: string): number => parseAddress(text)! | 0;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const clean = (services: number, endpoints = 4, extra = {}) =>
  generateCluster({ services, seed: 3, endpoints: { kind: "constant", count: endpoints }, ...extra });

interface Prefix {
  readonly words: readonly [number, number, number];
  readonly length: number;
}

/** Few different bits, so that prefixes nest and share long beginnings. */
const word = fc.oneof(
  fc.constantFrom(0, 1, -1, 0x80000000 | 0, 0x0a600001, 0x0a600003),
  fc.nat().map((x) => x | 0),
);
const prefix: fc.Arbitrary<Prefix> = fc
  .tuple(fc.tuple(word, word, word), fc.integer({ min: 0, max: 88 }))
  .map(([words, length]) => ({ words: mask(words, length), length }));

function mask(words: readonly number[], length: number): [number, number, number] {
  const part = (at: number) => maskTo(words[at]! >>> 0, Math.max(0, Math.min(32, length - 32 * at))) | 0;
  return [part(0), part(1), part(2)];
}

const covers = (entry: Prefix, key: readonly number[]) =>
  mask(key, entry.length).every((part, at) => part === entry.words[at]);
const name = ({ words, length }: Prefix) => `${words.join(".")}/${length}`;

describe("an LPM trie", () => {
  it("finds the longest prefix that covers a key, after any updates and deletions", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(prefix, fc.boolean()), { maxLength: 60 }),
        fc.array(fc.tuple(word, word, word), { minLength: 1, maxLength: 30 }),
        (steps, keys) => {
          const trie = new LpmTrie(1000, 1);
          const listed = new Map<string, { entry: Prefix; value: number }>();
          for (const [value, [entry, gone]] of steps.entries()) {
            if (gone) {
              expect(trie.remove(...entry.words, entry.length)).toBe(listed.delete(name(entry)));
            } else {
              // The words move when they grow.
              const node = trie.update(...entry.words, entry.length);
              trie.words[node + 9] = value;
              listed.set(name(entry), { entry, value });
            }
          }
          expect(trie.entries).toBe(listed.size);
          expect(trie.nodes).toBeLessThanOrEqual(Math.max(0, 2 * listed.size - 1) + steps.length);
          const own = [...listed.values()].map(({ entry }) => entry.words);
          for (const key of [...keys, ...own]) {
            const best = [...listed.values()]
              .filter(({ entry }) => covers(entry, key))
              .sort((a, b) => b.entry.length - a.entry.length)[0];
            const found = trie.find(key[0], key[1], key[2], LOOKUP_BITS);
            expect(found === MISS ? undefined : trie.words[found + 9]).toBe(best?.value);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it("has one intermediate node less than entries, where none covers another", () => {
    const program = new CalicoProgram(clean(500), {});
    const trie = program.model(1).maps.frontends;
    expect(trie.nodes).toBe(2 * trie.entries - 1);
  });

  it("refuses an entry beyond its size, and takes one that is there", () => {
    const trie = new LpmTrie(1, 1);
    trie.update(1, 0, 0, 32);
    trie.update(1, 0, 0, 32);
    expect(() => trie.update(2, 0, 0, 32)).toThrow(/full: the kernel refuses \(ENOSPC\)/);
  });
});

describe("Calico's maps", () => {
  /** The vector that was tried on a real trie: 10.96.0.10:80/TCP. */
  const vector = (): Cluster => ({
    ...clean(1, 1),
    clusterIp: Uint32Array.of(parseAddress("10.96.0.10")!),
    port: Uint16Array.of(80),
    protocol: Uint8Array.of(TCP),
    endpointLocal: Uint8Array.of(0),
  });

  it("hold the bytes of the test vector", () => {
    const [entry] = [...frontendEntries(new CalicoProgram(vector(), {}))];
    expect(hex(entry!.key)).toBe("380000000a60000a5000060000000000");
    expect(hex(entry!.value)).toBe("0000000001000000000000000000000000000000");
  });

  it("find the test vector from any source, its /80 entry for its sources, and nothing at port 81", () => {
    const trie = new LpmTrie(10, 10);
    const service = address("10.96.0.10");
    const source = address("198.51.100.0");
    const plain = trie.update(service, portWord(80, TCP, 0), 0, 56);
    const ranged = trie.update(service, portWord(80, TCP, source), sourceWord(source), 80);
    const find = (from: string, port: number) =>
      trie.find(service, portWord(port, TCP, address(from)), sourceWord(address(from)), LOOKUP_BITS);
    expect(find("10.0.0.1", 80)).toBe(plain);
    expect(find("198.51.100.7", 80)).toBe(ranged);
    expect(find("198.51.100.7", 81)).toBe(MISS);
  });

  it("number the endpoints of this node first", () => {
    const cluster = clean(3, 6, { localShare: 0.5 });
    const program = new CalicoProgram(cluster, {});
    const local = [...frontendEntries(program)].map(({ value }) =>
      new DataView(value.buffer).getUint32(8, true),
    );
    for (const { key, value } of backendEntries(program)) {
      const p = new DataView(key.buffer).getUint32(0, true);
      const ordinal = new DataView(key.buffer).getUint32(4, true);
      const row = cluster.endpointAddress.indexOf(
        new DataView(value.buffer).getUint32(0),
        cluster.endpointStart[p]!,
      );
      expect(cluster.endpointLocal[row]).toBe(Number(ordinal < local[p]!));
    }
  });

  it("let in what a source range holds and drop the rest, for an external IP too", () => {
    const ranged = generateCluster({
      services: 40,
      seed: 2,
      ...MIXED,
      types: "mixed",
      sourceRangeShare: 1,
      emptyShare: 0,
    });
    const cluster = { ...ranged, externalKind: ranged.externalKind.map(() => EXTERNAL_IP) };
    const s = cluster.rangeStart.findIndex((start, at) => cluster.rangeStart[at + 1]! > start);
    const p = cluster.portStart[s]!;
    const model = calicoEbpf.compile(cluster).model(1);
    const from = (src: number) =>
      model.lookup(
        src | 0,
        1,
        cluster.externalAddress[cluster.externalStart[s]!]! | 0,
        cluster.port[p]!,
        cluster.protocol[p]!,
        0,
      );
    expect(from(cluster.rangeBase[cluster.rangeStart[s]!]! + 1)).toBeGreaterThanOrEqual(0);
    expect(from(parseAddress("203.0.113.9")!)).toBe(DROP);
  });

  it("refuse a cluster that is larger than the size asked for, and enlarge stock maps with a note", () => {
    expect(() => calicoEbpf.compile(clean(100), { calicoMapEntries: 50 })).toThrow(
      /holds 50 entries and this cluster needs 100.*bpfMapSizeNATFrontend/,
    );
    expect(calicoEbpf.compile(clean(100)).facts().frontendCapacity).toBe(65_536);
    const large = calicoEbpf.compile(clean(70_000, 1)).facts();
    expect([large.frontendCapacity, large.enlarged]).toEqual([
      131_072,
      expect.stringMatching(/beyond Calico's maps/),
    ]);
  });
});

describe("a walk down the frontend trie", () => {
  const meanVisited = (cluster: Cluster, entry: "clusterIp" | "nodePort" = "clusterIp") => {
    const model = calicoEbpf.compile(cluster).model(1);
    const { words, length } = generateTrace(cluster, { flows: 2000, seed: 5, entry });
    let nodes = 0;
    // The last probe of a hit is the backend's.
    for (let flow = 0; flow < length; flow++) nodes += model.explain(flowAt(words, flow), 0).work.hashProbes;
    return nodes / length - 1;
  };

  it("visits about log₂ N nodes, one more for each doubling, whether addresses are random or sequential", () => {
    for (const vips of ["random", "sequential"] as const) {
      const at = [256, 4096, 65_536].map((services) => meanVisited(clean(services, 1, { vips })));
      for (const [i, steps] of [8, 12, 16].entries()) {
        // The leaf, and the root of a random trie is reached at bits that all addresses share.
        expect(at[i]! - steps).toBeGreaterThan(-0.5);
        expect(at[i]! - steps).toBeLessThan(2.5);
      }
    }
  });

  it("branches over the low byte of a NodePort first", () => {
    const cluster = clean(2000, 1, { types: "nodePort" });
    const trie = calicoEbpf.compile(cluster).model(1) as unknown as { maps: { frontends: LpmTrie } };
    const node = cluster.network.nodeAddresses[0]! | 0;
    const bits = trie.maps.frontends
      .path(node, portWord(cluster.nodePort[0]!, TCP, 0), 0, LOOKUP_BITS)
      .map((at) => trie.maps.frontends.words[at + 4]!);
    expect(bits.filter((bit) => bit >= 32 && bit < 40).length).toBeGreaterThanOrEqual(7);
  });

  it("is told node by node, with the bit that decides", () => {
    const cluster = clean(50, 2);
    const { words } = generateTrace(cluster, { flows: 1, seed: 1 });
    const path: string[] = [];
    const { work } = calicoEbpf.compile(cluster).model(1).explain(flowAt(words, 0), 0, path);
    expect(path[0]).toMatch(/^cali_v4_nat_fe\[.*\]: \/56 found, nodes visited: \d+$/);
    const visited = path.filter((line) => line.includes("├"));
    expect(visited.at(-1)).toMatch(/entry \/56/);
    expect(visited.length + 1).toBeLessThanOrEqual(work.hashProbes);
    expect(visited[0]).toMatch(/intermediate \/\d+ [01…]*: equal, bit \d+ is [01]/);
  });

  it("costs a pod that calls no service a failed walk and a walk of the routes", () => {
    const cluster = clean(50, 2);
    const elsewhere: Flow = {
      src: cluster.network.clientCidr.base + 1,
      sport: 1,
      dst: 0xcb007101,
      dport: 80,
      protocol: TCP,
    };
    const { decision, work } = calicoEbpf.compile(cluster).model(1).explain(elsewhere, 0);
    expect([decision, work.mapLookups]).toEqual([PASS, 2]);
  });
});

describe("an update", () => {
  it("writes a backend and every frontend that counts it for a remote endpoint that joins", () => {
    const cluster = clean(10, 5);
    const { mapWrites } = calicoEbpf.compile(cluster).update({ kind: "join", servicePort: 3 });
    expect(mapWrites).toBe(1 + 1);
  });

  it("shifts ordinals behind a local endpoint that leaves, and deletes the last", () => {
    const cluster = { ...clean(1, 4), endpointLocal: Uint8Array.of(1, 1, 0, 0) };
    const { mapWrites } = calicoEbpf.compile(cluster).update({ kind: "leave", servicePort: 0, endpoint: 0 });
    // Three ordinals take another endpoint, one frontend counts three of which one is local, the fourth ordinal goes.
    expect(mapWrites).toBe(3 + 1 + 1);
  });

  it("says that new backends come before the frontends that count them, and old ones go last", () => {
    const { notes } = calicoEbpf.compile(clean(1, 2)).update({ kind: "rollout", servicePort: 0, share: 1 });
    expect(notes[0]).toMatch(/^backends \d+, then frontends \d+, then deleted backends \d+/);
  });

  it("keeps the trie's shape: a frontend is replaced, not added", () => {
    expect(ENTRY_WORDS).toBe(10);
    const program = new CalicoProgram(clean(20), {});
    const live = program.live(1, 200);
    const { maps } = live.model as unknown as { maps: { frontends: LpmTrie } };
    const before = [maps.frontends.entries, maps.frontends.nodes];
    maps.frontends.update(program.entries.frontends.view()[0]!, program.entries.frontends.view()[1]!, 0, 56);
    expect([maps.frontends.entries, maps.frontends.nodes]).toEqual(before);
  });
});
