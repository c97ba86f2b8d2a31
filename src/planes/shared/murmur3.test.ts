import { describe, expect, it } from "vitest";
import { murmur3x64128 } from "./murmur3.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const hex = (halves: [bigint, bigint]) => halves.map((half) => half.toString(16).padStart(16, "0")).join("");

describe("murmur3x64128", () => {
  // The vectors that github.com/spaolacci/murmur3 and Cilium's pkg/murmur3 test against.
  it.each([
    [0, "", "00000000000000000000000000000000"],
    [0, "hello", "cbd8a7b341bd9b025b1e906a48ae1d19"],
    [0, "hello, world", "342fac623a5ebc8e4cdcbc079642414d"],
    [0, "19 Jan 2038 at 3:14:07 AM", "b89e5988b737affc664fc2950231b2cb"],
    [0, "The quick brown fox jumps over the lazy dog.", "cd99481f9ee902c9695da1a38987b6e7"],
    [1, "hello", "a78ddff5adae8d10128900ef20900135"],
  ])("with seed %i hashes %j to %s", (seed, text, expected) => {
    expect(hex(murmur3x64128(bytes(text), seed))).toBe(expected);
  });

  it("passes SMHasher's verification of keys of every length up to 255", () => {
    const littleEndian = ([h1, h2]: [bigint, bigint]) => new Uint8Array(BigUint64Array.of(h1, h2).buffer);
    const all = new Uint8Array(256 * 16);
    for (let n = 0; n < 256; n++) {
      const key = Uint8Array.from({ length: n }, (_, i) => i);
      all.set(littleEndian(murmur3x64128(key, 256 - n)), n * 16);
    }
    const digest = littleEndian(murmur3x64128(all, 0));
    expect(new DataView(digest.buffer).getUint32(0, true)).toBe(0x6384ba69);
  });
});
