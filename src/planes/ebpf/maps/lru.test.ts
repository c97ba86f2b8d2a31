import { describe, expect, it } from "vitest";
import { Random } from "../../../random.js";
import { noWork } from "../../plane.js";
import { explainFind, explainInsert } from "./explain-lru.js";
import { MISS } from "./htab.js";
import { ConnectionMap, CT_BACKEND, ReverseSocketMap } from "./lru.js";

const insert = (map: ConnectionMap, key: number, value = key) => {
  const element = map.insert(key, 1, 2, 3);
  map.words[element + CT_BACKEND] = value;
};
const has = (map: ConnectionMap, key: number) => map.find(key, 1, 2, 3) !== MISS;

describe("LruMap", () => {
  it("evicts the oldest when full", () => {
    const map = new ConnectionMap(4, 1);
    for (let key = 1; key <= 6; key++) insert(map, key);
    expect([1, 2, 3, 4, 5, 6].map((key) => has(map, key))).toEqual([false, false, true, true, true, true]);
  });

  it("goes by insertion: a hit only sets the reference bit", () => {
    const map = new ConnectionMap(2, 1);
    insert(map, 1);
    insert(map, 2);
    map.touch(map.find(1, 1, 2, 3));
    insert(map, 3);
    expect([1, 2, 3].map((key) => has(map, key))).toEqual([false, true, true]);
  });

  it.each([1, 2, 7, 64])(
    "is word for word as it was after a reset, evictions included (%i entries)",
    (entries) => {
      const map = new ConnectionMap(entries, 5);
      for (let key = 1; key <= entries - 1; key++) insert(map, key);
      map.checkpoint();
      // Elements that were never used, and links of what is gone, are no part of the state.
      const state = () => {
        const key = Array.from({ length: 400 }, (_, i) => map.find(i, 1, 2, 3));
        return {
          key,
          victim: map.victim,
          size: map.size,
          value: key.map((e) => (e === MISS ? 0 : map.words[e + CT_BACKEND])),
        };
      };
      const before = state();
      for (let round = 0; round < 3; round++) {
        for (let key = 200; key < 200 + entries * 2 + round; key++) insert(map, key, 7);
        map.reset();
        expect(state()).toEqual(before);
      }
    },
  );

  it("agrees with a map of JavaScript that forgets its oldest key", () => {
    const random = Random.fromSeed(1);
    const map = new ConnectionMap(16, 2);
    const other = new Map<number, number>();
    for (let step = 0; step < 3000; step++) {
      const key = random.below(40);
      expect(has(map, key)).toBe(other.has(key));
      if (other.has(key)) continue;
      insert(map, key, step);
      other.set(key, step);
      if (other.size > 16) other.delete(other.keys().next().value!);
    }
  });

  it("has elements of 120 bytes for connections and of 72 for sockets, and 16 bytes per bucket", () => {
    expect(new ConnectionMap(1024, 1).bytes()).toBe(1024 * (120 + 16));
    expect(new ReverseSocketMap(1024, 1).bytes()).toBe(1024 * (72 + 16));
  });

  it("counts the victim's chain and its own when it inserts", () => {
    const map = new ConnectionMap(1, 1);
    const work = noWork();
    explainInsert(map, [1, 1, 2, 3], 14, work);
    expect(work).toMatchObject({ entriesWritten: 1, stateProbes: 0, mapLookups: 0 });
    // One bucket: the victim is compared to be found, and its chain is then empty.
    explainInsert(map, [2, 1, 2, 3], 14, work);
    expect(work).toMatchObject({ entriesWritten: 2, stateProbes: 1 });
    expect(explainFind(map, [2, 1, 2, 3], 14, work)).not.toBe(MISS);
    expect(work).toMatchObject({ mapLookups: 1, stateProbes: 2 });
  });

  it("refuses more evictions between two resets than it can take back", () => {
    const map = new ConnectionMap(1, 1);
    expect(() => {
      for (let key = 0; key < 70_000; key++) insert(map, key);
    }).toThrow("65536 evictions since the last reset");
  });
});
