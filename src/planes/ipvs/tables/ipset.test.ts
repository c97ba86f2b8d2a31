import { describe, expect, it } from "vitest";
import fc from "../../../../test/support/properties.js";
import { IpSet } from "./ipset.js";

const int32 = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer());

describe("an ipset", () => {
  it("holds exactly its elements, of one, two or three words", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(int32, int32, int32), { maxLength: 40 }),
        fc.tuple(int32, int32, int32),
        fc.integer(),
        (elements, [a, b, c], initval) => {
          const take = (width: number) =>
            Int32Array.from(elements.flatMap((element) => element.slice(0, width)));
          const one = new IpSet(take(1), 1, initval);
          const two = new IpSet(take(2), 2, initval);
          const three = new IpSet(take(3), 3, initval);
          for (const [x, y, z] of [...elements, [a, b, c] as const]) {
            expect(one.has1(x)).toBe(elements.some((e) => e[0] === x));
            expect(two.has2(x, y)).toBe(elements.some((e) => e[0] === x && e[1] === y));
            expect(three.has3(x, y, z)).toBe(elements.some((e) => e[0] === x && e[1] === y && e[2] === z));
          }
          expect(two.size).toBe(new Set(elements.map((e) => `${e[0]} ${e[1]}`)).size);
        },
      ),
    );
  });

  it("starts with 1024 buckets of 8 bytes", () => {
    expect(new IpSet(new Int32Array(0), 2, 1).bytes()).toBe(8192);
    // One array: a header of 32 bytes and room for two elements of 8.
    expect(new IpSet(Int32Array.of(1, 2), 2, 1).bytes()).toBe(8192 + 32 + 16);
  });

  it("doubles its buckets until none holds more than twelve", () => {
    const elements = Int32Array.from({ length: 60_000 }, (_, i) => 0x0a600000 + i * 7);
    const set = new IpSet(elements, 1, 99);
    expect(set.size).toBe(60_000);
    // 60,000 elements overflow 8192 buckets (mean 7.3) for certain and 2^20 never.
    expect(set.bytes()).toBeGreaterThan(16384 * 8);
    expect(elements.every((element) => set.has1(element))).toBe(true);
  });
});
