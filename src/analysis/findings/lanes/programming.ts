/** What kube-proxy and Cilium take to program a node: how versions and modes differ, at the largest N that they share. */

import { cellId } from "../../../results/cells.js";
import {
  comparePlanes,
  datapathNote,
  planeLabel,
  planeReport,
  shortLabel,
} from "../../../results/descriptors.js";
import { outcomesOf } from "../../../results/runs/outcomes.js";
import type { Cell, Finding, Results } from "../../../results/schema.js";
import { findCell, isMeasured, type MeasuredCell, selectCells } from "../../../results/select.js";
import { maxOf } from "../../../stats/extent.js";
import { formatCount, formatNs, plainText } from "../../../text.js";
import { formatFactor, formatSpan, headlineFactor, percent, ratioInterval } from "../common.js";

/** One endpoint's change, from the API's event to the end of the sync. */
export function programmingTime(results: Results): Finding | null {
  return comparedPrograms(results, {
    id: "kernel-programming",
    cells: selectCells(results, { lane: "kernel", scenario: "programming", variant: "" }),
    headline: (slow, span, n) =>
      pickShort([`${slow} takes ${span} per change at ${n} Services`, `${slow}: ${span} per change at ${n}`]),
    versionsHeadline: (old, factor, newest, n) => `At ${n} Services ${old} takes ${factor} ${newest}'s time`,
    sentence: (n, times) =>
      `In real programs, at ${n} Services, one endpoint change is programmed in ${times}`,
  });
}

/** From a node without rules to the last Service that answers. */
export function firstSyncTime(results: Results): Finding | null {
  return comparedPrograms(results, {
    id: "kernel-first-sync",
    cells: selectCells(results, { lane: "kernel", scenario: "sync", variant: "first" }),
    headline: (slow, span, n) => `At ${n} Services ${slow} needs ${span} to sync`,
    sentence: (n, times) =>
      `From the program's start, at ${n} Services, the last Service answers after ${times}`,
  });
}

/** The newest rules of a new node in one transaction, over the same in the smallest stages, at the largest N of both. */
export function coldStart(results: Results): Finding | null {
  const all = selectCells(results, { lane: "kernel", scenario: "cold-start" }).filter(isMeasured);
  const services = maxOf(all.filter(({ variant }) => variant !== "").map((cell) => cell.services));
  const here = selectCells(all, { services });
  const plane = [...new Set(here.map((cell) => cell.plane))].sort(comparePlanes(results)).at(-1);
  if (plane === undefined) return null;
  const own = selectCells(here, { plane });
  const whole = findCell(own, { variant: "" });
  const [staged] = own
    .filter(({ variant }) => variant !== "")
    .sort((a, b) => stageOf(a.variant) - stageOf(b.variant));
  if (whole === undefined || staged === undefined) return null;
  const interval = ratioInterval(whole, staged);
  const value = whole.estimate.median / staged.estimate.median;
  const n = formatCount(services);
  const verdict =
    interval[0] > 1 || interval[1] < 1
      ? `one transaction takes ${formatFactor(value, interval)} as long`
      : `their intervals allow no difference (${formatFactor(value, interval)})`;
  return {
    id: "kernel-cold-start",
    headline: `Loading ${n} Services: ${shortLabel(results, whole.plane)} takes ${formatSpan(whole.estimate.median, whole.estimate.interval)}`,
    sentence:
      `nft loads the rules of ${n} Services (${planeLabel(results, whole.plane)}) onto a new node in ${formatNs(whole.estimate.median)} in one transaction, ` +
      `in ${formatNs(staged.estimate.median)} with ${plainText(staged.variant, 40)}: ${verdict}.`,
    cells: [whole, staged].map(cellId),
    value,
    interval,
  };
}

/** The first headline of ten words, or the last: a program's name may have a run's name behind it. */
function pickShort(headlines: readonly string[]): string {
  return headlines.find((headline) => headline.split(" ").length <= 10) ?? headlines.at(-1)!;
}

/** Services of a transaction, as the variant's name begins with. */
function stageOf(variant: string): number {
  return Number.parseInt(variant.replaceAll(",", ""), 10);
}

/** What one endpoint change a second keeps a rule list's control plane at work, at the largest N: by kube-proxy itself. */
export function changeLoad(results: Results): Finding | null {
  const cells = selectCells(results, { lane: "kernel", scenario: "programming", variant: "" })
    .filter(isMeasured)
    .filter(({ plane }) => planeReport(results, plane).structure === "list");
  const services = maxOf(cells.map((cell) => cell.services));
  const newest = newestOf(results, selectCells(cells, { services }));
  const [cell] = newest.toSorted((a, b) => a.estimate.median - b.estimate.median);
  // Of one program in several runs, as in IPv4 and IPv6, none is the one to speak of.
  if (cell === undefined || repeated(results, newest) !== null) return null;
  const { median, interval } = cell.estimate;
  const share = median / NS_PER_SECOND;
  const n = formatCount(services);
  return {
    id: "kernel-change-load",
    headline: `At ${n} Services ${shortLabel(results, cell.plane)} works ${formatSpan(median, interval)} per change`,
    sentence:
      `At ${n} Services ${planeLabel(results, cell.plane)} takes ${formatNs(median)} [${interval.map(formatNs).join(", ")}] for one endpoint change: ` +
      (share < 1
        ? `with one change per second it is busy for ${percent(share)} of the time.`
        : "it can't keep up with one change per second without gathering several."),
    cells: [cellId(cell)],
    value: median,
    interval,
  };
}

const NS_PER_SECOND = 1e9;

/** What isn't the measured program's own, as sentences. */
function notesOf(cells: readonly MeasuredCell[]): string[] {
  const note = datapathNote(cells);
  return note === false ? [] : [`${note}.`];
}

interface ProgramsFinding {
  readonly id: string;
  readonly cells: readonly Cell[];
  headline(slow: string, span: string, n: string): string;
  /** Instead, where an older version takes twice the time of the newest, or more. */
  versionsHeadline?(old: string, factor: string, newest: string, n: string): string;
  sentence(n: string, times: string): string;
}

/**
 * What programs take at the largest N that several were measured at, the slowest first. A factor is that of the newest versions
 * as they are installed alone: an older one, or one whose clock was turned down for a measurement, is named and not compared.
 * Programs that several runs measured, as in IPv4 and IPv6, are compared each with itself. Null where there is one alone.
 */
function comparedPrograms(
  results: Results,
  { id, cells, headline, versionsHeadline, sentence }: ProgramsFinding,
): Finding | null {
  const measured = cells.filter(isMeasured);
  const sizes = [...new Set(measured.map(({ services }) => services))].sort((a, b) => b - a);
  for (const services of sizes) {
    const here = selectCells(measured, { services }).sort((a, b) => b.estimate.median - a.estimate.median);
    if (here.length < 2) continue;
    const newest = newestOf(results, here);
    const others = here.filter((cell) => !newest.includes(cell));
    const verdict = repeated(results, newest) ?? among(results, newest);
    if (verdict === null && others.length === 0) return null;
    const [slow] = newest;
    if (slow === undefined) continue;
    const n = formatCount(services);
    const times = (some: readonly MeasuredCell[]) =>
      some
        .map(({ plane, estimate }) => `${formatNs(estimate.median)} by ${planeLabel(results, plane)}`)
        .join(", ");
    const { median, interval } = slow.estimate;
    const change = betweenVersions(results, newest, others);
    const title =
      versionsHeadline && change && change.interval[0] >= 2
        ? versionsHeadline(
            shortLabel(results, change.old.plane),
            headlineFactor(change.factor, change.interval),
            minorOf(change.newest),
            n,
          )
        : headline(shortLabel(results, slow.plane), formatSpan(median, interval), n);
    return {
      id,
      headline: title,
      sentence: [
        `${sentence(n, times(newest))}${verdict === null ? "" : `: ${verdict}`}.`,
        ...(others.length === 0 ? [] : [`Older versions and other settings: ${times(others)}.`]),
        ...(change === null ? [] : [`${compared(results, change.old, change.newest)}.`]),
        ...unfinished(results, selectCells(cells, { services })),
        ...notesOf(here),
      ].join(" "),
      cells: here.map(cellId),
      value: median,
      interval,
    };
  }
  return null;
}

/** What a program is but for its version and its settings. */
function kindOf(results: Results, { plane, facts }: Cell): string {
  const { structure } = planeReport(results, plane);
  return facts.cilium === undefined ? `kube-proxy ${structure} ${facts.tables ?? ""}` : "cilium";
}

/** `1.37.2` as a number that grows with it; 0: unknown. */
function versionOf({ facts }: Cell): number {
  const [, major, minor, patch] =
    /(?<!\d)(\d{1,4})\.(\d{1,4})\.(\d{1,4})/.exec(String(facts.kubeProxy ?? facts.cilium ?? "")) ?? [];
  return Number(major ?? 0) * 1e6 + Number(minor ?? 0) * 1e3 + Number(patch ?? 0);
}

/** The longest wait of a program is that of an installed one. */
function waitOf({ facts }: Cell): number {
  const wait = Number.parseInt(String(facts.reflectorWaitTime ?? 0), 10);
  return Number.isFinite(wait) ? wait : 0;
}

/** Of each kind of program the newest version, with the settings that it has as it is installed. */
function newestOf(results: Results, cells: readonly MeasuredCell[]): MeasuredCell[] {
  return cells.filter((cell) => {
    const alike = cells.filter((other) => kindOf(results, other) === kindOf(results, cell));
    const newest = alike.filter((other) => versionOf(other) === maxOf(alike.map(versionOf)));
    return newest.includes(cell) && waitOf(cell) === maxOf(newest.map(waitOf));
  });
}

/** `1.37` of version 1.37.2. */
const minorOf = (cell: Cell): string =>
  `${Math.floor(versionOf(cell) / 1e6)}.${Math.floor(versionOf(cell) / 1e3) % 1e3}`;

/** A factor whose interval is wider says little. */
const WIDEST_FACTOR = 4;

interface VersionChange {
  readonly old: MeasuredCell;
  readonly newest: MeasuredCell;
  readonly factor: number;
  readonly interval: [number, number];
}

/** The program whose time changed most from its oldest version to its newest, with the same settings; null: none surely did. */
function betweenVersions(
  results: Results,
  newest: readonly MeasuredCell[],
  others: readonly MeasuredCell[],
): VersionChange | null {
  const changes = newest.flatMap((cell): VersionChange[] => {
    const [old] = others
      .filter((other) => kindOf(results, other) === kindOf(results, cell) && waitOf(other) === waitOf(cell))
      .toSorted((a, b) => versionOf(a) - versionOf(b));
    if (old === undefined || versionOf(old) === versionOf(cell)) return [];
    const interval = ratioInterval(old, cell);
    const factor = old.estimate.median / cell.estimate.median;
    return interval[0] > 1 ? [{ old, newest: cell, factor, interval }] : [];
  });
  return changes.toSorted((a, b) => b.factor - a.factor)[0] ?? null;
}

/** Each program that was measured more than once, against itself; null: none was. */
function repeated(results: Results, cells: readonly MeasuredCell[]): string | null {
  const said = new Map<string, string>();
  for (const slow of cells) {
    const kind = kindOf(results, slow);
    const fast = cells.findLast((other) => other !== slow && kindOf(results, other) === kind);
    if (versionOf(slow) > 0 && fast && !said.has(kind)) said.set(kind, compared(results, slow, fast));
  }
  return said.size === 0 ? null : [...said.values()].join("; ");
}

function compared(results: Results, slow: MeasuredCell, fast: MeasuredCell): string {
  const interval = ratioInterval(slow, fast);
  const [name, other] = [slow, fast].map(({ plane }) => planeLabel(results, plane));
  return interval[0] > 1
    ? `${name} takes ${formatFactor(slow.estimate.median / fast.estimate.median, interval)} the time of ${other}`
    : `the intervals of ${name} and ${other} overlap`;
}

/** The slowest against the fastest, and neighbours that their intervals don't tell apart; null: nothing can be told. */
function among(results: Results, cells: readonly MeasuredCell[]): string | null {
  const [slow, fast] = [cells[0], cells.at(-1)];
  if (slow === undefined || fast === undefined || slow === fast) return null;
  const interval = ratioInterval(slow, fast);
  if (!(interval[0] > 1)) return null;
  const alike = cells.slice(1).flatMap((cell, i) => {
    const above = cells[i]!;
    return ratioInterval(above, cell)[0] > 1 ? [] : [compared(results, above, cell)];
  });
  // A time that is mostly a wait for a clock's tick, as Cilium's, is spread over the whole tick.
  const isTelling = interval[1] <= WIDEST_FACTOR * interval[0];
  const factor = formatFactor(slow.estimate.median / fast.estimate.median, interval);
  const said = [...(isTelling ? [`the slowest takes ${factor} the fastest`] : []), ...alike];
  return said.length === 0 ? null : said.join(", ");
}

/** Which programs have no time there, and why: without them the others are survivors. */
function unfinished(results: Results, cells: readonly Cell[]): string[] {
  const without = cells.filter((cell) => !isMeasured(cell));
  const reasons = new Map<string, string[]>();
  for (const cell of without) {
    const [outcome] = outcomesOf(cell);
    if (cell.estimate === null && outcome === undefined) continue;
    const reason =
      cell.estimate === null
        ? plainText(outcome!.reason.replace(/; [^;]* were spent on it$/, ""), 120)
        : "measured once";
    reasons.set(reason, [...(reasons.get(reason) ?? []), planeLabel(results, cell.plane)]);
  }
  if (reasons.size === 0) return [];
  const said = [...reasons].map(([reason, names]) => `${names.join(", ")} (${reason})`);
  return [`Without a time there: ${said.join("; ")}.`];
}
