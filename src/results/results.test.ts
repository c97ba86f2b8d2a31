import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { estimateCell } from "./estimate.js";
import {
  readResults,
  readResultsFile,
  writeFileAtomically,
  writePackedResults,
  writeResults,
} from "./files.js";
import { summarize } from "./summarize.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(os.tmpdir(), "lbscale-results-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("results.json", () => {
  it("is read back as it was written", () => {
    const results = fakeResults();
    writeResults(folder, results);
    expect(readResults(folder)).toEqual(results);
  });

  it("is read back where a program spent no time at all on a part", () => {
    const results = fakeResults();
    const { plane } = results.cells[0]!;
    for (const cell of results.cells) cell.lane = "kernel";
    for (const cell of results.cells.filter((each) => each.plane === plane))
      for (const replicate of cell.replicates) replicate.median = 0;
    summarize(results);
    writeResults(folder, results);
    const read = readResults(folder);
    expect(read.fits).toEqual(results.fits);
    expect(read.fits.filter((fit) => fit.plane === plane && fit.quantity === "time")).toEqual([]);
    expect(read.crossovers).toEqual(results.crossovers);
  });

  it("may hold fields that this version does not know", () => {
    const path = join(folder, "future.json");
    writeFileSync(path, JSON.stringify({ ...fakeResults(), future: { field: 1 } }));
    expect(readResults(path).schemaVersion).toBe(1);
  });

  it("names the field that is wrong", () => {
    const path = join(folder, "wrong.json");
    const results = fakeResults();
    writeFileSync(path, JSON.stringify({ ...results, run: { ...results.run, seed: "one" } }));
    expect(() => readResults(path)).toThrow(/run\.seed/);
  });

  it("is refused where it holds more than may be read, packed or not", () => {
    const results = fakeResults();
    const size = JSON.stringify(results).length;
    for (const write of [writeResults, writePackedResults]) {
      const own = mkdtempSync(join(folder, "large-"));
      write(own, results);
      expect(readResultsFile(own, 2 * size).results).toEqual(results);
      expect(() => readResultsFile(own, size / 2)).toThrow(/results\.json\S* holds more than/);
    }
  });

  it("leaves no temporary file, whether a write works or not", () => {
    writeFileAtomically(join(folder, "whole.txt"), "text");
    expect(() => writeFileAtomically(join(folder, "none", "x.txt"), "text")).toThrow();
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});

describe("estimateCell", () => {
  const replicates = (medians: readonly number[]) =>
    medians.map((median) => ({ median, samples: [median, median] }));

  it("is the median of the replicates' medians", () => {
    expect(estimateCell(replicates([3, 1, 2]), 1, 0.95)?.median).toBe(2);
  });

  it("gives a range below six replicates, where no interval of a median reaches 95 %", () => {
    expect(estimateCell(replicates([3, 1, 2, 5, 4]), 1, 0.95)).toMatchObject({
      kind: "range",
      interval: [1, 5],
    });
    expect(estimateCell(replicates([3, 1, 2, 5, 4, 6]), 1, 0.95)?.kind).toBe("ci95");
    // Three looks share the 5 %: six replicates reach 96.9 %, and 98.3 % are needed.
    expect(estimateCell(replicates([3, 1, 2, 5, 4, 6]), 1, 1 - 0.05 / 3)?.kind).toBe("range");
    expect(estimateCell(replicates([3, 1, 2, 5, 4, 6, 7]), 1, 1 - 0.05 / 3)?.kind).toBe("ci95");
  });

  it("is nothing without replicates", () => {
    expect(estimateCell([], 1, 0.95)).toBeNull();
  });
});
