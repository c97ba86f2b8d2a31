/** Results that were edited by hand: they are refused in one line, or everything is drawn from them. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { fakeResults, withConnections, withEndpoints, withPrograms } from "../../test/support/results.js";
import { trials } from "../../test/support/trials.js";
import { CHARTS } from "../charts/index.js";
import { InputError } from "../errors.js";
import { Random } from "../random.js";
import { readResults } from "../results/files.js";
import type { Results } from "../results/schema.js";
import { pageData } from "./html/data.js";
import { csvTable, markdownTable } from "./tables/table.js";
import { textCharts } from "./terminal/text-chart.js";

const folder = mkdtempSync(join(os.tmpdir(), "lbscale-edited-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const whole = () =>
  withPrograms(withConnections(withEndpoints(fakeResults({ services: [1, 100, 1000], replicates: 3 }))));

function read(value: unknown, prefix = ""): Results {
  const path = join(folder, "results.json");
  writeFileSync(path, prefix + JSON.stringify(value));
  return readResults(path);
}

function drawEverything(results: Results): void {
  for (const chart of CHARTS) chart.build(results, { theme: "light", width: 1600, height: 900 });
  textCharts(results);
  markdownTable(results);
  csvTable(results);
  pageData(results);
}

/** Every place in a value that holds a number, a text or a list, as keys from the outside in. */
function placesIn(value: unknown, keys: readonly string[] = []): (readonly string[])[] {
  if (value === null || typeof value !== "object") return [keys];
  const inner = Object.entries(value).flatMap(([key, part]) => placesIn(part, [...keys, key]));
  return Array.isArray(value) ? [keys, ...inner] : inner;
}

function edit(results: Results, keys: readonly string[], change: (value: unknown) => unknown): void {
  const last = keys.at(-1);
  if (last === undefined) return;
  let at = results as unknown as Record<string, unknown>;
  for (const key of keys.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[last] = change(at[last]);
}

describe("results.json that was edited by hand", () => {
  it.each([
    ["medians of 0", 0, /a time is not above 0/],
    ["negative medians", -5, /a time is not above 0/],
    ["medians that no axis can hold", 1e308, /too long/],
  ])("is refused for %s", (_what, median, message) => {
    const results = whole();
    for (const cell of results.cells) if (cell.estimate) cell.estimate.median = median;
    expect(() => read(results)).toThrow(message);
  });

  it.each([
    ["no cells", (results: Results) => results.cells.splice(0), /cells: it is empty/],
    [
      "a schedule of cells that are not there",
      (results: Results) => results.run.schedule.push([99_999]),
      /no cell 99999/,
    ],
    [
      "a start that is no date",
      (results: Results) => Object.assign(results.run, { startedAt: "yesterday" }),
      /no date/,
    ],
    [
      "an end before its start",
      (results: Results) => Object.assign(results.run, { finishedAt: "2001-01-01T00:00:00.000Z" }),
      /before/,
    ],
  ])("is refused for %s", (_what, change, message) => {
    const results = whole();
    change(results);
    expect(() => read(results)).toThrow(message);
  });

  it("is read with a byte-order mark in front", () => {
    expect(read(whole(), "\uFEFF").cells).toHaveLength(whole().cells.length);
  });

  it("is drawn with 2,000 cells", () => {
    const results = fakeResults({ services: [1], planes: ["iptables"], replicates: 1 });
    const [cell] = results.cells;
    results.cells = Array.from({ length: 2_000 }, (_, i) => ({ ...cell!, services: i + 1 }));
    drawEverything(read(results));
  });

  it("is refused in words or drawn, whatever number, text or list in it is another", () => {
    const random = Random.fromSeed(20, "edited");
    const places = placesIn(whole());
    const values = [0, -5, 1e308, 1e18, 1e-300, 0.5, 1, 2 ** 31, "", "x", [], null];
    const crashes: string[] = [];
    for (let i = 0; i < trials(40, 600); i++) {
      const results = whole();
      const changed = Array.from({ length: 1 + random.below(3) }, () => places[random.below(places.length)]!);
      try {
        for (const keys of changed) edit(results, keys, () => values[random.below(values.length)]);
      } catch {
        // An edit removed the place of the next one.
      }
      try {
        drawEverything(read(results));
      } catch (error) {
        if (!(error instanceof InputError))
          crashes.push(
            `${changed.map((keys) => keys.join(".")).join(", ")}: ${(error as Error).stack?.slice(0, 400)}`,
          );
      }
    }
    expect(crashes).toEqual([]);
  });
});
