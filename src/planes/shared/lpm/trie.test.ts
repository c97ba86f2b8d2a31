import { describe, expect, it } from "vitest";
import fc from "../../../../test/support/properties.js";
import { maskTo } from "../../../cluster/cluster.js";
import { generateCluster } from "../../../cluster/generate.js";
import { LOOKUP_BITS } from "../../calico-ebpf/layout.js";
import { CalicoProgram } from "../../calico-ebpf/program.js";
import { LpmTrie, MISS } from "./trie.js";

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
          const trie = new LpmTrie(1000, 1, "raise it");
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
    const trie = new LpmTrie(1, 1, "raise it");
    trie.update(1, 0, 0, 32);
    trie.update(1, 0, 0, 32);
    expect(() => trie.update(2, 0, 0, 32)).toThrow(/full: the kernel refuses \(ENOSPC\)/);
  });
});
