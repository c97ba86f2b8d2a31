import { describe, expect, it } from "vitest";
import fc from "../../../test/support/properties.js";
import { jhash, jhash1, jhash2, jhash3, jhash4, jhash5, jhash14, jhashU16 } from "./jhash.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const littleEndian = (...words: number[]) => new Uint8Array(Int32Array.from(words).buffer);

describe("jhash", () => {
  // lookup3.c, driver5(): hashlittle starts from the same 0xdeadbeef + length + initval as the kernel.
  it("gives the values that lookup3.c prints for its self-test", () => {
    const fourscore = bytes("Four score and seven years ago");
    expect(jhash(fourscore, 0) >>> 0).toBe(0x17770551);
    expect(jhash(fourscore, 1) >>> 0).toBe(0xcd628161);
    expect(jhash(bytes(""), 0) >>> 0).toBe(0xdeadbeef);
    expect(jhash(bytes(""), 0xdeadbeef) >>> 0).toBe(0xbd5b7dde);
  });

  it("gives the same for whole words as for their bytes", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), fc.integer(), fc.integer(), (a, b, c, seed) => {
        expect(jhash1(a, seed)).toBe(jhash(littleEndian(a), seed));
        expect(jhash2(a, b, seed)).toBe(jhash(littleEndian(a, b), seed));
        expect(jhash3(a, b, c, seed)).toBe(jhash(littleEndian(a, b, c), seed));
        expect(jhash4(a, b, c, ~a, seed)).toBe(jhash(littleEndian(a, b, c, ~a), seed));
        expect(jhash5(a, b, c, ~a, ~b, seed)).toBe(jhash(littleEndian(a, b, c, ~a, ~b), seed));
        expect(jhash14(a, b, c, ~a, seed)).toBe(jhash(littleEndian(a, b, c, ~a).subarray(0, 14), seed));
        expect(jhashU16(a, seed)).toBe(jhash(littleEndian(a).subarray(0, 2), seed));
      }),
    );
  });
});
