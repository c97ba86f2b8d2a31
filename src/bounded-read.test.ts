import { describe, expect, it } from "vitest";
import { readAtMost, TooLargeError } from "./bounded-read.js";

describe.skipIf(process.platform === "win32")("reading what may not end", () => {
  it("stops at the limit of a device that has no end", () => {
    expect(() => readAtMost("/dev/zero", 1_000_000)).toThrow(TooLargeError);
  });

  it("returns all bytes of what ends at the limit, and nothing of what has one more", () => {
    const bytes = readAtMost("package.json", 1_000_000);
    expect(bytes.toString("utf8")).toContain('"name": "lbscale"');
    expect(readAtMost("package.json", bytes.length)).toEqual(bytes);
    expect(() => readAtMost("package.json", bytes.length - 1)).toThrow(TooLargeError);
  });
});
