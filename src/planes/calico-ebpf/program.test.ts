import { describe, expect, it } from "vitest";
import { type Cluster, EXTERNAL_IP, parseAddress, TCP } from "../../cluster/cluster.js";
import { generateCluster, MIXED } from "../../cluster/generate.js";
import { DROP } from "../plane.js";
import { LpmTrie, MISS } from "../shared/lpm/trie.js";
import { calicoEbpf } from "./index.js";
import { LOOKUP_BITS, portWord, sourceWord } from "./layout.js";
import { ENTRY_WORDS } from "./maps/entries.js";
import { CalicoProgram } from "./program.js";
import { backendEntries, frontendEntries } from "./ruleset.js";

const address = (text: string): number => parseAddress(text)! | 0;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const clean = (services: number, endpoints = 4, extra = {}) =>
  generateCluster({ services, seed: 3, endpoints: { kind: "constant", count: endpoints }, ...extra });

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
    const trie = new LpmTrie(10, 10, "raise it");
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

describe("a walk in IPv6", () => {
  it("counts the bits of addresses: a plain frontend has 152, one for a source range as many more as the range", () => {
    const cluster = generateCluster({
      services: 40,
      seed: 2,
      ...MIXED,
      types: "mixed",
      sourceRangeShare: 1,
      emptyShare: 0,
      family: 6,
    });
    const { network } = cluster;
    const s = cluster.rangeStart.findIndex((start, at) => cluster.rangeStart[at + 1]! > start);
    const p = cluster.portStart[s]!;
    const range = { base: cluster.rangeBase[cluster.rangeStart[s]!]!, prefixLength: 0 };
    range.prefixLength = cluster.rangePrefixLength[cluster.rangeStart[s]!]!;
    const found = (src: number, dst: number) => {
      const path: string[] = [];
      const flow = { src, sport: 1, dst, dport: cluster.port[p]!, protocol: cluster.protocol[p]! };
      calicoEbpf.compile(cluster).model(1).explain(flow, 0, path);
      return /: \/(\d+) found/.exec(path[0]!)?.[1];
    };
    expect(found(network.podCidr.base + 1, cluster.clusterIp[s]!)).toBe("152");
    const length = network.ipv6!.cidr6(range).prefixLength;
    expect(length).toBeGreaterThan(32);
    expect(found(range.base + 1, cluster.externalAddress[cluster.externalStart[s]!]!)).toBe(
      String(152 + length),
    );
  });

  it("writes keys of 40 bytes that begin with their length, and no more bits than a lookup asks for", () => {
    const cluster = generateCluster({
      services: 30,
      seed: 1,
      types: "mixed",
      sourceRangeShare: 1,
      family: 6,
    });
    for (const { key, value } of frontendEntries(new CalicoProgram(cluster, {}))) {
      expect([key.length, value.length]).toEqual([40, 20]);
      const bits = new DataView(key.buffer).getUint32(0, true);
      expect(bits).toBeGreaterThanOrEqual(152);
      expect(bits).toBeLessThanOrEqual(280);
      // fd00, 2001 or 3fff; or all ones, which stands for any node.
      expect(["fd00", "2001", "3fff", "ffff"]).toContain(Buffer.from(key.subarray(4, 6)).toString("hex"));
    }
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
