import { describe, expect, it } from "vitest";
import { hash32 } from "./hash32.js";

describe("hash32", () => {
  it("takes the upper bits of the product with the golden ratio", () => {
    expect(hash32(1, 32)).toBe(0x61c88647);
    expect(hash32(1, 8)).toBe(0x61);
    expect(hash32(2, 8)).toBe(0xc3);
    // 3 * 0x61c88647 = 0x1_255992d5: the carry beyond 32 bits is lost.
    expect(hash32(3, 8)).toBe(0x25);
    expect(hash32(0, 8)).toBe(0);
  });

  it("treats negative int32 as the same bits unsigned", () => {
    expect(hash32(-1, 32)).toBe(hash32(0xffffffff, 32));
    expect(hash32(-1, 32)).toBe(0x9e3779b9);
  });
});
