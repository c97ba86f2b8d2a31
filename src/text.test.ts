import { describe, expect, it } from "vitest";
import fc from "../test/support/properties.js";
import {
  csvField,
  escapeMarkdown,
  escapeXml,
  formatBytes,
  formatCount,
  formatDecimalBytes,
  formatNs,
  nsFormatter,
  plainText,
} from "./text.js";

describe("formatNs", () => {
  it.each([
    [0, "0 ns"],
    [0.42, "0.4 ns"],
    [2.24, "2.2 ns"],
    [35, "35 ns"],
    [999.4, "999 ns"],
    [999.7, "1 µs"],
    [1234, "1.2 µs"],
    [3e6, "3 ms"],
    [2.5e9, "2.5 s"],
    [5e13, "50000 s"],
    [-1500, "-1.5 µs"],
    [Number.NaN, "–"],
  ])("writes %d as %s", (ns, text) => {
    expect(formatNs(ns)).toBe(text);
  });

  it("labels one axis in one unit", () => {
    expect([0, 500, 1000, 1500].map(nsFormatter(1500))).toEqual(["0", "0.5 µs", "1 µs", "1.5 µs"]);
    expect([250_000, 1_200_000].map(nsFormatter(960_000))).toEqual(["250 µs", "1,200 µs"]);
  });

  it("separates thousands of counts", () => {
    expect(formatCount(30_000)).toBe("30,000");
  });
});

describe("plainText", () => {
  it.each([
    ["a colour", "\x1b[31mred\x1b[0m", "red"],
    ["a terminal title", "\x1b]0;owned\x07name", "name"],
    ["an 8-bit sequence", "\x9b2Jname", "name"],
    ["line breaks", "one\r\ntwo\u2028three", "one two three"],
    ["bidirectional controls", "abc\u202edef\u2066", "abcdef"],
    ["a lone surrogate", "a\ud800b", "ab"],
    ["a carriage return over text", "safe\rEVIL", "safe EVIL"],
  ])("removes %s", (_, text, plain) => {
    expect(plainText(text)).toBe(plain);
  });

  it("is bounded and free of control characters for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        const plain = plainText(text, 40);
        expect([...plain].length).toBeLessThanOrEqual(40);
        expect(plain).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
      }),
      { numRuns: 50 },
    );
  });
});

describe("escapes", () => {
  it("leaves nothing that XML would read as markup", () => {
    expect(escapeXml(`<a b="c">&'\x00`)).toBe("&lt;a b=&quot;c&quot;&gt;&amp;&#39;");
  });

  it("keeps a Markdown cell one cell without links or markup", () => {
    expect(escapeMarkdown("a|b\n[x](y) <i> `c` https://z")).toBe(
      "a\\|b \\[x\\](y) \\<i\\> \\`c\\` https\\://z",
    );
    expect(escapeMarkdown("1. item")).toBe("1\\. item");
    expect(escapeMarkdown("- item")).toBe("\\- item");
  });

  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1"])(
    "keeps a spreadsheet from running %j",
    (text) => {
      expect(csvField(text)).toBe(`"'${text}"`);
    },
  );

  it("quotes separators and quotes, and leaves numbers and plain words alone", () => {
    expect(csvField('a "b", c')).toBe('"a ""b"", c"');
    expect(csvField(-1.5)).toBe("-1.5");
    expect(csvField("iptables")).toBe("iptables");
    expect(csvField(null)).toBe("");
  });
});

describe("bytes", () => {
  it("are written in the unit that leaves the fewest digits", () => {
    expect([0, 512, 4096, 1_310_720, 48_234_496].map(formatBytes)).toEqual([
      "0 B",
      "512 B",
      "4 KiB",
      "1.3 MiB",
      "46 MiB",
    ]);
    expect([1, 1000, 1e5, 1e6, 1e9].map(formatDecimalBytes)).toEqual([
      "1 B",
      "1 kB",
      "100 kB",
      "1 MB",
      "1 GB",
    ]);
  });
});
