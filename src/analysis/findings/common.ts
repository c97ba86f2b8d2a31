/** What findings share: which cells may be spoken of, and how numbers are said. */

import { claimants, measuredPlanes } from "../../results/descriptors.js";
import type { Results } from "../../results/schema.js";
import { isMeasured, type MeasuredCell, selectCells } from "../../results/select.js";
import { formatCount, formatNs } from "../../text.js";

/** Below this many different N, or a smaller spread of N, growth is not spoken of. */
const MIN_POINTS = 4;
const MIN_SPREAD = 100;

/** Planes that a rule list is compared with: not those of consistent choice, which a pod's connection never meets in Cilium. */
export function rivalsOf(results: Results, list: string): string[] {
  const consistent = claimants(results, "consistent-choice");
  return measuredPlanes(results).filter((plane) => plane !== list && !consistent.includes(plane));
}

/** Cells of the `lookup` scenario in the model lane that have an estimate worth speaking of. */
export function measuredCells(results: Results): MeasuredCell[] {
  return selectCells(results, { lane: "model", scenario: "lookup" }).filter(isMeasured);
}

/** Whether cells, sorted by N, are at least four and span a factor of 100 in N: enough for a claim on growth. */
export function spreadsWidely(cells: readonly MeasuredCell[]): boolean {
  return cells.length >= MIN_POINTS && cells.at(-1)!.services >= MIN_SPREAD * cells[0]!.services;
}

/** Exactly the same rules and map lookups in every cell (hash probes vary with the load of a table). */
export function sameLookups(cells: readonly MeasuredCell[]): boolean {
  const [first] = cells;
  return cells.every(
    ({ work }) =>
      work !== null &&
      work.mapLookups === first?.work?.mapLookups &&
      work.rulesVisited === first.work.rulesVisited,
  );
}

/** Conservative: the ends of one interval over the opposite ends of the other. */
export function ratioInterval(above: MeasuredCell, below: MeasuredCell): [number, number] {
  const [aLow, aHigh] = above.estimate.interval;
  const [bLow, bHigh] = below.estimate.interval;
  return [aLow / bHigh, aHigh / bLow];
}

/** Two significant digits, never in exponent form from a millionth on. */
export function twoDigits(value: number): string {
  const rounded = Number(value.toPrecision(2));
  return Math.abs(rounded) < 1 ? String(rounded) : formatCount(rounded);
}

/** The end of an interval: `1.0`, where `twoDigits` says 1, so that an interval above 1 does not seem to hold it. */
function intervalEnd(value: number): string {
  return value >= 1 && value < 9.95 ? value.toPrecision(2) : twoDigits(value);
}

/** A factor and its interval, as sentences say them: `6.2 times [5.9, 6.6]`. */
export function formatFactor(value: number, interval: readonly number[]): string {
  return `${factorText(value)} times [${interval.map(intervalEnd).join(", ")}]`;
}

/** `1.0` where `twoDigits` says 1: "1 times" reads as a count. */
function factorText(value: number): string {
  const text = twoDigits(value);
  return text === "1" ? "1.0" : text;
}

/** A time and its interval, as headlines say them: `75 µs (63–84 µs)`, one word that no line breaks. */
export function formatSpan(ns: number, interval: readonly number[]): string {
  const [low = "", high = ""] = interval.map(formatNs);
  const [number, unit] = low.split(" ");
  const span = low === high ? "" : ` (${high.endsWith(` ${unit}`) ? number : low}–${high})`;
  return `${formatNs(ns)}${span}`.replaceAll(" ", "\u00a0");
}

/** A factor and its interval, as headlines say them: `6.2×\u00a0(5.9–6.6)`, one word that no line breaks. */
export function headlineFactor(value: number, interval: readonly number[]): string {
  const ends = [...new Set(interval.map(intervalEnd))];
  return `${factorText(value)}×${ends.length > 1 ? `\u00a0(${ends.join("–")})` : ""}`;
}

/** A factor that is close to 1 and its interval: `×1.10 [1.09, 1.12]`, or with a unit `1.10 times [1.09, 1.12]`. */
export function formatHundredths(
  { value, interval }: { readonly value: number; readonly interval: readonly number[] },
  unit?: string,
): string {
  const factor = unit === undefined ? `×${value.toFixed(2)}` : `${value.toFixed(2)}${unit}`;
  return `${factor} [${interval.map((end) => end.toFixed(2)).join(", ")}]`;
}

/** A share, 0 to 1, as whole percent: `12 %`. */
export function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

/** `eBPF's`, `nftables'`. */
export function possessive(name: string): string {
  return name.endsWith("s") ? `${name}'` : `${name}'s`;
}

/**
 * Two times and what one takes more than the other, all in one unit with a digit more than usual, so that they add up:
 * `87.3 µs`, `36.6 µs` and `50.7 µs`.
 */
export function formatDifference(
  above: number,
  below: number,
): { above: string; below: string; difference: string } {
  const [unit, ns] = above >= 1e9 ? (["s", 1e9] as const) : unitBelowSeconds(above);
  const digits = above / ns >= 10 ? 1 : 2;
  const [a, b] = [above, below].map((value) => Number((value / ns).toFixed(digits))) as [number, number];
  const say = (value: number) => `${value.toFixed(digits)} ${unit}`;
  return { above: say(a), below: say(b), difference: say(a - b) };
}

function unitBelowSeconds(ns: number): readonly [unit: string, ns: number] {
  if (ns >= 1e6) return ["ms", 1e6];
  return ns >= 1e3 ? ["µs", 1e3] : ["ns", 1];
}
