import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { maskTo } from "../../src/cluster/cluster.js";
import { generateCluster } from "../../src/cluster/generate.js";
import { compileProgram } from "../../src/kernel/native.js";
import { LOOKUP_BITS } from "../../src/planes/calico-ebpf/layout.js";
import { CalicoProgram } from "../../src/planes/calico-ebpf/program.js";
import { IPCACHE_FAMILY, ipcacheEntries } from "../../src/planes/ebpf/maps/ipcache.js";
import { LpmTrie, MISS } from "../../src/planes/shared/lpm/trie.js";
import { Random } from "../../src/random.js";

const KEYS = 1_000_000;
/** Where the tests keep which entry a node is. */
const INDEX = 9;
/** struct lpm_trie_node 24, data 12, value 20: what the kernel accounts for an entry. */
const MEMLOCK = 56;

interface Entry {
  readonly words: readonly [number, number, number];
  readonly length: number;
}

/** Why the kernel can't be asked here; in CI it must be. */
const missing =
  process.getuid?.() !== 0 || spawnSync("sh", ["-c", "command -v cc"]).status !== 0
    ? "a BPF map needs Linux, root and a C compiler"
    : null;
const inKernel = missing !== null && process.env.CI === undefined ? it.skip : it;

let folder: string;
let program: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lbscale-trie-"));
  if (missing === null) program = await compileProgram("trie", folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(to: Buffer, at: number, { words, length }: Entry): void {
  to.writeUInt32LE(length, at);
  for (const [i, word] of words.entries()) to.writeInt32BE(word, at + 4 + 4 * i);
}

/** What a real trie of these entries, which holds `most`, finds: the number of the entry, or -1. */
function ask(entries: readonly Entry[], keys: readonly Entry["words"][], most = entries.length) {
  const input = Buffer.alloc(8 + 36 * entries.length + 16 * keys.length);
  input.writeUInt32LE(entries.length, 0);
  input.writeUInt32LE(keys.length, 4);
  for (const [i, entry] of entries.entries()) {
    write(input, 8 + 36 * i, entry);
    input.writeUInt32LE(i, 8 + 36 * i + 16);
  }
  const first = 8 + 36 * entries.length;
  for (const [i, words] of keys.entries()) write(input, first + 16 * i, { words, length: LOOKUP_BITS });
  const output = execFileSync(program, [String(most)], { input, maxBuffer: 2 ** 30 });
  const answers = Int32Array.from(keys, (_, i) => output.readInt32LE(4 * i));
  return { answers, memlock: output.readUInt32LE(4 * keys.length) };
}

/** The model of the same entries, held to the kernel's answers. Returns how many keys were misses. */
function compare(entries: readonly Entry[], keys: readonly Entry["words"][]): number {
  const trie = new LpmTrie(entries.length, entries.length, "raise it");
  for (const [i, { words, length }] of entries.entries()) {
    const node = trie.update(...words, length);
    trie.words[node + INDEX] = i;
  }
  const { answers, memlock } = ask(entries, keys);
  let misses = 0;
  let wrong = 0;
  for (const [i, [k0, k1, k2]] of keys.entries()) {
    const found = trie.find(k0, k1, k2, LOOKUP_BITS);
    const own = found === MISS ? -1 : trie.words[found + INDEX]!;
    if (own !== answers[i]) wrong++;
    if (own < 0) misses++;
  }
  expect(wrong).toBe(0);
  expect(memlock).toBe(MEMLOCK * trie.entries);
  return misses;
}

/** Keys near entries: themselves, with one bit turned, with other bits behind the prefix; and some anywhere. */
function keysNear(entries: readonly Entry[], random: Random): Entry["words"][] {
  return Array.from({ length: KEYS }, () => {
    const words: [number, number, number] = [...entries[random.below(entries.length)]!.words];
    const turned = random.below(LOOKUP_BITS);
    const kind = random.below(4);
    if (kind === 1) words[turned >>> 5]! ^= 1 << (31 - (turned & 31));
    else if (kind === 2) words[2] = random.nextInt32() & ~0xff;
    else if (kind === 3) words[random.below(2)] = random.nextInt32();
    words[2] &= ~0xff;
    return words;
  });
}

const masked = (words: Entry["words"], length: number): Entry => ({
  words: [0, 1, 2].map(
    (at) => maskTo(words[at]! >>> 0, Math.max(0, Math.min(32, length - 32 * at))) | 0,
  ) as unknown as Entry["words"],
  length,
});

/** The last of equal prefixes counts, as in a map; order is kept. */
const distinct = (entries: readonly Entry[]): Entry[] => [
  ...new Map(entries.map((entry) => [`${entry.words.join()}/${entry.length}`, entry])).values(),
];

describe(`the model's trie and the kernel's${missing === null ? "" : ` (${missing})`}`, () => {
  const ofProgram = (services: number, seed: number): Entry[] => {
    const cluster = generateCluster({
      services,
      seed,
      types: "mixed",
      sourceRangeShare: 0.7,
      endpoints: { kind: "constant", count: 2 },
    });
    const words = new CalicoProgram(cluster, {}).entries.frontends.view();
    return distinct(
      Array.from({ length: words.length / 10 }, (_, i) => ({
        words: [words[10 * i]!, words[10 * i + 1]!, words[10 * i + 2]!] as const,
        length: words[10 * i + 3]!,
      })),
    );
  };

  inKernel("answer a million keys alike for the frontends of a cluster with source ranges", () => {
    const entries = ofProgram(5000, 3);
    expect(entries.some(({ length }) => length > 56)).toBe(true);
    const misses = compare(entries, keysNear(entries, Random.fromSeed(1, "trie")));
    expect(misses).toBeGreaterThan(KEYS / 10);
  });

  inKernel("answer a million keys alike for nested prefixes of one long beginning, in any order", () => {
    const random = Random.fromSeed(2, "trie");
    const nested = Array.from({ length: 4000 }, () => {
      const words = [0x0a60000a, (random.below(4) << 24) | 0x600, random.nextInt32() & 0x3f00ff00] as const;
      return masked(words, 20 + random.below(69));
    });
    const misses = compare(distinct(nested), keysNear(nested, random));
    expect(misses).toBeGreaterThan(KEYS / 100);
  });

  inKernel(
    "answer a million keys alike for source ranges, each within the one before, of one frontend",
    () => {
      const random = Random.fromSeed(4, "trie");
      // Every length from the frontend alone to one client, around a few clients, in any order.
      const nested = Array.from({ length: 600 }, () => {
        const client = [0xc6336407, 0xc6336408, 0xc6b36407][random.below(3)]!;
        return masked([0x0a60000a, 0x50000600 | (client >>> 24), client << 8], 56 + random.below(33));
      });
      const entries = distinct(nested);
      expect(new Set(entries.map(({ length }) => length)).size).toBe(33);
      compare(entries, keysNear(entries, random));
    },
  );

  inKernel("answer a million keys alike for Cilium's ipcache of 40,000 pods", () => {
    const cluster = generateCluster({ services: 10_000, seed: 1, endpoints: { kind: "constant", count: 4 } });
    const entries = Array.from(ipcacheEntries(cluster), ({ address, prefixLength }) =>
      masked([IPCACHE_FAMILY, address | 0, 0], 32 + prefixLength),
    );
    expect(compare(entries, keysNear(entries, Random.fromSeed(5, "trie")))).toBeGreaterThan(KEYS / 100);
  });

  const addresses = (count: number): Entry[] => {
    const random = Random.fromSeed(3, "trie");
    const entries = new Map<number, Entry>();
    while (entries.size < count) {
      const address = 0x0a600000 + random.below(1 << 20);
      entries.set(address, masked([address, 0x50000600, 0], 56));
    }
    return [...entries.values()];
  };

  inKernel("answer a million keys alike in a full map of 65,536 entries", () => {
    const full = addresses(65_536);
    expect(compare(full, keysNear(full, Random.fromSeed(3, "keys")))).toBeGreaterThan(KEYS / 10);
  });

  inKernel("refuse the 65,537th entry alike, and write one that is there", () => {
    const full = addresses(65_537);
    const fill = (entries: readonly Entry[]) => {
      const trie = new LpmTrie(65_536, 65_536, "raise it");
      for (const { words, length } of entries) trie.update(...words, length);
    };
    expect(() => fill(full)).toThrow("is full: the kernel refuses (ENOSPC)");
    expect(() => ask(full, [], 65_536)).toThrow("No space left on device");
    const again = [...full.slice(0, 65_536), full[7]!];
    expect(() => fill(again)).not.toThrow();
    expect(ask(again, [full[7]!.words], 65_536)).toEqual({
      answers: Int32Array.of(65_536),
      memlock: MEMLOCK * 65_536,
    });
  });
});
