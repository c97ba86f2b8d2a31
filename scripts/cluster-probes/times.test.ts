import { describe, expect, it } from "vitest";
import { microsecondsOf, tableOf, timesOf, timesOfCurl, timesOfFortio, timesOfShell } from "./times.js";

describe("times of other tools", () => {
  it("of a shell are differences of its clock, and failed where the program's status says so", () => {
    const lines = [
      "1764446400.999990 1764446401.000010 0",
      "1764446401.000000 1764446401.000040 0",
      "1764446401.000000 1764446402.000000 1",
    ];
    expect(timesOfShell(`${lines.join("\n")}\n`)).toEqual({
      samples: 2,
      failed: 1,
      p50: 30_000,
      p90: 38_000,
      p99: expect.closeTo(39_800),
    });
    // Where the locale writes a comma.
    expect(microsecondsOf("1764446401,000040") - microsecondsOf("1764446401.000000")).toBe(40);
  });

  it("of curl are seconds, and zero is no connection", () => {
    expect(timesOfCurl("0.000085\n0.000000\n0.000095\n")).toMatchObject({
      samples: 2,
      failed: 1,
      p50: 90_000,
    });
  });

  it("of fortio are the percentiles that it was asked for, and what is missing of its requests failed", () => {
    const Percentiles = [
      { Percentile: 50, Value: 4e-5 },
      { Percentile: 90, Value: 6e-5 },
      { Percentile: 99, Value: 1.25e-3 },
    ];
    const json = JSON.stringify({ DurationHistogram: { Count: 1990, Percentiles, Max: 1 } });
    expect(timesOfFortio(json, 2000)).toEqual({
      samples: 1990,
      failed: 10,
      p50: expect.closeTo(40_000),
      p90: expect.closeTo(60_000),
      p99: expect.closeTo(1_250_000),
    });
    const lacking = JSON.stringify({ DurationHistogram: { Count: 1, Percentiles: [] } });
    expect(timesOfFortio(lacking, 1).p50).toBeNaN();
    expect(() => timesOfFortio('{"DurationHistogram":{}}', 1)).toThrow("Count");
  });

  it("are a table in Markdown, with a field for each column", () => {
    const times = timesOf([1500, 2500].map((ns) => ({ ns, isReached: true })));
    const table = tableOf([{ what: "a connection", by: "`nc`", ...times }]).split("\n");
    expect(table.map((line) => line.split("|").length)).toEqual([9, 9, 9]);
    expect(table.at(-1)).toBe("| a connection | `nc` | 2 | 0 | 2 µs | 2.4 µs | 2.5 µs |");
  });
});
