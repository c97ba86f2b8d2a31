/** Charts as text, for terminals: 80 columns, no colour, a letter for each line. */

import type { Picture } from "../../charts/chart.js";
import { decadesAround } from "../../charts/kit/axes.js";
import { spreadLabels } from "../../charts/kit/labels.js";
import { axesOf, type PlottedPoint, plottedSeries } from "../../charts/kit/plot-data.js";
import { chartsOf } from "../../charts/run-charts.js";
import type { Results } from "../../results/schema.js";
import { maxOf } from "../../stats/extent.js";

const TEXT_COLUMNS = 80;
/** Rows of each power of ten, and of the whole plot at least. */
const ROWS_PER_DECADE = 3;
const MIN_ROWS = 9;
const MAX_ROWS = 24;
/** Charts are built as for a slide; only their numbers and words are used. */
const VIEW = { theme: "light", width: 1600, height: 900 } as const;
/** Two lines meet here. */
const SEVERAL = "*";

/** Which charts are drawn as text, and how high their plots may be. */
export interface TextChartOptions {
  /** All charts where absent. */
  readonly ids?: readonly string[] | undefined;
  /** The first so many of them. */
  readonly most?: number;
  readonly maxRows?: number;
}

/** The log-log charts of a run, as text. */
export function textCharts(
  results: Results,
  { ids, most = Number.POSITIVE_INFINITY, maxRows = MAX_ROWS }: TextChartOptions = {},
): string[] {
  const texts: string[] = [];
  for (const chart of chartsOf(results)) {
    if (texts.length >= most) break;
    if (ids && !ids.includes(chart.id)) continue;
    const picture = chart.build(results, VIEW);
    const text = "skipped" in picture ? null : textChart(picture, maxRows);
    if (text !== null) texts.push(text);
  }
  return texts;
}

interface Scale {
  readonly min: number;
  readonly max: number;
  readonly cells: number;
}

/** Where a value is on a logarithmic scale, in cells from its lower end. */
function cellOf(value: number, { min, max, cells }: Scale): number {
  const share = Math.log(value / min) / Math.log(max / min);
  return Math.round(Math.max(0, Math.min(1, share)) * (cells - 1));
}

/** A picture as text; null where it is no log-log chart of lines. */
function textChart({ config, title, subtitle }: Picture, maxRows: number): string | null {
  const { value, base } = axesOf(config);
  if (value.type !== "logarithmic" || base.type !== "logarithmic") return null;
  const label = { value: value.ticks?.callback ?? String, base: base.ticks?.callback ?? String };
  const series = plottedSeries(config);
  const letters = lettersOf(series.map((line) => line.label));
  // A row of text is no finer than a power of ten.
  const { min, max } = decadesAround([value.min!, value.max!]);
  const yTicks = powersOfTen(min, max);
  const left = maxOf(yTicks.map((tick) => label.value(tick).length)) + 2;
  const names = series.map((line, i) => `${letters[i]} ${line.label}`);
  const right = maxOf(names.map((name) => name.length)) + 2;
  const wanted = ROWS_PER_DECADE * (yTicks.length - 1) + 1;
  // Each line's name has a row.
  const rows = Math.max(MIN_ROWS, names.length, Math.min(maxRows, wanted));
  const y = { min, max, cells: rows };
  const x = { min: base.min!, max: base.max!, cells: TEXT_COLUMNS - left - right };

  const plot = Array.from({ length: rows }, () => new Array<string>(x.cells).fill(" "));
  for (const { points } of series) drawLine(plot, points, x, y);
  for (const [i, { points }] of series.entries()) {
    for (const point of points) {
      if (point.y === null) continue;
      const row = plot[rows - 1 - cellOf(point.y, y)]!;
      const column = cellOf(Number(point.x), x);
      row[column] = /[· ]/.test(row[column]!) ? letters[i]! : SEVERAL;
    }
  }
  const ends = endNames(series, names, y);
  const ticks = new Map(yTicks.map((tick) => [rows - 1 - cellOf(tick, y), label.value(tick)]));
  const lines = plot.map((row, i) => {
    const tick = ticks.get(i);
    const axis = `${(tick ?? "").padStart(left - 2)} ${tick === undefined ? "│" : "┤"}`;
    return `${axis}${row.join("")} ${ends.get(i) ?? ""}`.trimEnd();
  });
  const several = plot.some((row) => row.includes(SEVERAL)) ? `, ${SEVERAL} several` : "";
  return [
    ...wrapped(title),
    // The measure and what its flows are; the scale is said below the plot.
    ...wrapped(subtitle.split(" · ")[0]!),
    "",
    ...lines,
    ...xAxis(powersOfTen(base.min!, base.max!), x, left, label.base),
    `${" ".repeat(left)}${base.title?.text ?? ""}, log–log${several}`,
    "",
  ]
    .map((line) => [...line.replaceAll("\u00a0", " ")].slice(0, TEXT_COLUMNS).join(""))
    .join("\n");
}

/** A title or subtitle as lines of the chart's width. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && [...`${last} ${word}`].length <= TEXT_COLUMNS)
      lines[lines.length - 1] += ` ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Dots from each measured point to the next; none over a gap. */
function drawLine(plot: string[][], points: readonly PlottedPoint[], x: Scale, y: Scale): void {
  for (const [i, to] of points.entries()) {
    const from = points[i - 1];
    if (!from || from.y === null || to.y === null) continue;
    const [start, end] = [cellOf(Number(from.x), x), cellOf(Number(to.x), x)];
    for (let column = start + 1; column < end; column++) {
      const share = (column - start) / (end - start);
      const at = cellOf(from.y * (to.y / from.y) ** share, y);
      plot[y.cells - 1 - at]![column] = "·";
    }
  }
}

/** The names of lines by the row in which they stand, apart from each other, in the order of the lines' ends. */
function endNames(
  series: readonly { points: readonly PlottedPoint[] }[],
  names: readonly string[],
  y: Scale,
): Map<number, string> {
  const ends = series.flatMap(({ points }, i) => {
    const last = points.findLast((point) => point.y !== null);
    return last ? [{ name: names[i]!, row: y.cells - 1 - cellOf(last.y!, y), y: last.y! }] : [];
  });
  // Sorted by the values themselves, as rows are too coarse to tell them apart.
  ends.sort((a, b) => b.y - a.y);
  const placed = spreadLabels(
    ends.map(({ row }) => row),
    { min: 0, max: y.cells - 1, spacing: 1 },
  );
  const byRow = new Map<number, string>();
  let next = 0;
  for (const [i, { name }] of ends.entries()) {
    const row = Math.max(next, Math.round(placed[i]!));
    byRow.set(row, name);
    next = row + 1;
  }
  return byRow;
}

/** The line below the plot and its numbers. */
function xAxis(ticks: readonly number[], x: Scale, left: number, label: (value: number) => string): string[] {
  const line = new Array<string>(x.cells).fill("─");
  const numbers = new Array<string>(TEXT_COLUMNS + 20).fill(" ");
  let free = 0;
  for (const tick of ticks) {
    const column = cellOf(tick, x);
    line[column] = "┴";
    const text = label(tick);
    const start = Math.max(0, left + column - (text.length >> 1));
    if (start < free || start + text.length > TEXT_COLUMNS) continue;
    numbers.splice(start, text.length, ...text);
    free = start + text.length + 1;
  }
  return [`${" ".repeat(left - 1)}└${line.join("")}`, numbers.join("").trimEnd()];
}

/** A character for each label: of its words' first letters, then of all of it, then a digit. */
function lettersOf(labels: readonly string[]): string[] {
  const taken = new Set<string>([SEVERAL, "·"]);
  return labels.map((label) => {
    const initials = [...label.matchAll(/(?<![a-z0-9])[a-z]/gi)].map(([letter]) => letter);
    const candidates = [...initials, ...[...label].filter((c) => /[a-z0-9]/i.test(c)), ..."0123456789"];
    const letter = candidates.find((candidate) => !taken.has(candidate)) ?? "?";
    taken.add(letter);
    return letter;
  });
}

function powersOfTen(min: number, max: number): number[] {
  const [low, high] = [Math.round(Math.log10(min)), Math.round(Math.log10(max))];
  return Array.from({ length: high - low + 1 }, (_, i) => Number(`1e${low + i}`));
}

const IN_ASCII: Readonly<Record<string, string>> = {
  "│": "|",
  "┤": "+",
  "└": "+",
  "─": "-",
  "┴": "+",
  "·": ".",
  µ: "u",
  "±": "+/-",
  "×": "x",
  "–": "-",
  "…": "...",
  "−": "-",
  "“": '"',
  "”": '"',
  "\u00a0": " ",
};

/** Text for terminals without UTF-8: `us` for `µs`, `|` for lines. What has no stand-in becomes `?`. */
export function asciiText(text: string): string {
  return text.replace(/[^\n -~]/gu, (character) => IN_ASCII[character] ?? "?");
}

/**
 * Whether a terminal's locale says that it has no UTF-8 (POSIX: the first of these that is set decides). Where nothing is
 * set, as in most containers, it is taken to have it.
 */
export function lacksUtf8({ LC_ALL, LC_CTYPE, LANG }: Readonly<Record<string, string | undefined>>): boolean {
  const locale = LC_ALL || LC_CTYPE || LANG || "";
  return locale !== "" && !/utf-?8/i.test(locale);
}
