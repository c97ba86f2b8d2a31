import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { textOf } from "./text-of.js";

const TEXT = "kind: Service # é\n";
const MAX = 1_000_000;
const utf16le = Buffer.from(`\uFEFF${TEXT}`, "utf16le");
const utf16be = Buffer.from(utf16le).swap16();

describe("a file's bytes", () => {
  it.each([
    ["UTF-8", Buffer.from(TEXT)],
    ["UTF-16 as PowerShell writes it", utf16le],
    ["UTF-16 of the other byte order", utf16be],
    ["gzip", gzipSync(TEXT)],
    ["UTF-16 within gzip", gzipSync(utf16le)],
  ])("are read as text: %s", (_what, bytes) => {
    expect(textOf(bytes, "f", MAX)).toBe(TEXT);
  });

  const tar = Buffer.alloc(512);
  tar.write("ustar", 257);
  it.each<readonly [string, Buffer, RegExp]>([
    ["a zip archive", Buffer.from("PK\u0003\u0004"), /^f is a zip archive: unpack/],
    ["a tar archive", tar, /^f is a tar archive: unpack.*one node's files$/],
    ["a tar archive within gzip", gzipSync(tar), /^f is a tar archive/],
    ["xz", Buffer.from("fd377a585a00", "hex"), /compressed with xz/],
    ["zstd", Buffer.from("28b52ffd", "hex"), /compressed with zstd/],
    ["gzip that is cut off", gzipSync(TEXT).subarray(0, 15), /gzip and can't be unpacked/],
    ["gzip that unpacks to more than the limit", gzipSync(Buffer.alloc(2 * MAX, 65)), /unpacks to more/],
    ["anything else with zeros", Buffer.from([1, 0, 2]), /is binary/],
  ])("are refused by name: %s", (_what, bytes, message) => {
    expect(() => textOf(bytes, "f", MAX)).toThrow(message);
  });
});
