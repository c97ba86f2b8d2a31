import { describe, expect, it } from "vitest";
import fc from "../../../test/support/properties.js";
import { ABSENT, AffinityTable } from "./affinity.js";

describe("AffinityTable", () => {
  it("finds what was put, by group and client, with value and stamp", () => {
    const table = new AffinityTable({ capacity: 8 });
    table.put(1, -5, 42, 100);
    table.put(2, -5, 43, 101);
    const entry = table.find(1, -5);
    expect([table.value(entry), table.stamp(entry)]).toEqual([42, 100]);
    expect(table.value(table.find(2, -5))).toBe(43);
    expect(table.find(3, -5)).toBe(ABSENT);
    expect(table.find(1, 5)).toBe(ABSENT);
  });

  it("refreshes an entry in place", () => {
    const table = new AffinityTable({ capacity: 8 });
    table.put(1, 7, 1, 10);
    table.put(1, 7, 2, 20);
    expect(table.size).toBe(1);
    expect(table.value(table.find(1, 7))).toBe(2);
    expect(table.stamp(table.find(1, 7))).toBe(20);
  });

  it("evicts the least recently written entry of a full group, and only of that group", () => {
    const table = new AffinityTable({ capacity: 1000, groups: 2, groupLimit: 100 });
    table.put(1, 0, 0, 0);
    for (let client = 0; client < 100; client++) table.put(0, client, client, client);
    table.put(0, 0, 0, 100);
    table.put(0, 100, 100, 101);
    expect(table.find(0, 1)).toBe(ABSENT);
    expect(table.find(0, 0)).not.toBe(ABSENT);
    expect(table.find(1, 0)).not.toBe(ABSENT);
    expect(table.size).toBe(101);
  });

  it("evicts the least recently written entry of all when the table is full", () => {
    const table = new AffinityTable({ capacity: 3, groups: 9, groupLimit: 3 });
    table.put(5, 1, 0, 0);
    table.put(6, 2, 0, 1);
    table.put(7, 3, 0, 2);
    table.put(5, 1, 0, 3);
    table.put(8, 4, 0, 4);
    expect(
      [table.find(5, 1), table.find(6, 2), table.find(7, 3), table.find(8, 4)].map((e) => e !== ABSENT),
    ).toEqual([true, false, true, true]);
  });

  it("forgets everyone on clear, and then holds its whole capacity again", () => {
    const table = new AffinityTable({ capacity: 4, groups: 1, groupLimit: 4 });
    for (let client = 0; client < 4; client++) table.put(0, client, 0, 0);
    table.clear();
    expect(table.size).toBe(0);
    for (let client = 0; client < 4; client++) expect(table.find(0, client)).toBe(ABSENT);
    for (let client = 0; client < 4; client++) table.put(0, client + 2, 0, 0);
    for (let client = 0; client < 4; client++) expect(table.find(0, client + 2)).not.toBe(ABSENT);
  });

  it("behaves like a map that remembers the order of writes", () => {
    const step = fc.record({
      group: fc.nat(2),
      client: fc.nat(6),
      value: fc.integer(),
      clear: fc.nat(30).map((n) => n === 0),
    });
    const limits = fc.record({
      capacity: fc.integer({ min: 1, max: 9 }),
      groupLimit: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(limits, fc.array(step, { maxLength: 120 }), ({ capacity, groupLimit }, steps) => {
        const table = new AffinityTable({ capacity, groups: 3, groupLimit });
        const reference = new Map<string, number>();
        steps.forEach(({ group, client, value, clear }, now) => {
          if (clear) {
            table.clear();
            reference.clear();
          }
          const key = `${group}/${client}`;
          table.put(group, client, value, now);
          const known = reference.delete(key);
          const mates = [...reference.keys()].filter((other) => other.startsWith(`${group}/`));
          if (!known && mates.length >= groupLimit) reference.delete(mates[0]!);
          else if (!known && reference.size >= capacity) reference.delete([...reference.keys()][0]!);
          reference.set(key, value);
          for (let g = 0; g < 3; g++) {
            for (let c = 0; c <= 6; c++) {
              const entry = table.find(g, c);
              expect(entry === ABSENT ? undefined : table.value(entry)).toBe(reference.get(`${g}/${c}`));
            }
          }
        });
      }),
    );
  });
});
