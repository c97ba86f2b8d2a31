/** The words around charts: findings as titles, what was measured, and where. */

import { familyCondition, flowCondition } from "../analysis/conditions.js";
import { cellsOf, type Measure } from "../analysis/series.js";
import {
  captionOf,
  claimants,
  comparePlanes,
  type Described,
  datapathNote,
  outsideNote,
  scenarioReport,
} from "../results/descriptors.js";
import { resultsDigest } from "../results/digest.js";
import { liveNodes } from "../results/live/live-nodes.js";
import type { Cell, Results } from "../results/schema.js";
import { maxOf, minOf } from "../stats/extent.js";
import { formatCount, plainText } from "../text.js";
import { seriesStyle } from "./theme.js";

/** ONS: "main message in 10 words or less". */
export const MAX_TITLE_WORDS = 10;
const MAX_TITLE_LENGTH = 90;

/** How many digits of a hash people are shown. */
export const HASH_DIGITS = 12;

/** The headline of the first finding there is, or undefined. */
export function headline(results: Results, ids: readonly string[]): string | undefined {
  for (const id of ids) {
    const found = results.findings.find((finding) => finding.id === id);
    const text = plainText(found?.headline ?? "", MAX_TITLE_LENGTH);
    if (text !== "" && text.split(" ").length <= MAX_TITLE_WORDS) return text;
  }
  return undefined;
}

/** The first title that is one: at most ten words, and not too long for two lines. */
export function pickTitle(titles: readonly (string | undefined)[], otherwise: string): string {
  const fits = (title: string) =>
    title.length <= MAX_TITLE_LENGTH && title.split(" ").length <= MAX_TITLE_WORDS;
  return titles.find((title) => title !== undefined && fits(title)) ?? otherwise;
}

/** What is timed, as a subtitle says it: in the words of the scenario, where it has some for this lane. */
export function formatMeasure(measure: Measure, results: Results): string {
  const entry = results.run.entry === "nodePort" ? "NodePort" : "cluster\u00a0IP";
  const caption =
    captionOf(results, measure) ?? `Median time of one ${plainText(measure.scenario, 30)} to a {entry}`;
  return withConditions(caption.replace("{entry}", entry), measure, results);
}

/**
 * A subtitle with what it holds for in front: a model, and flows that are not the usual. A model's times are no kernel's,
 * which is said where the reader looks first and not in small print.
 */
export function withConditions(subtitle: string, measure: Measure, results: Results): string {
  const flows = flowCondition(results, cellsOf(results, measure))?.words;
  const said = [familyCondition(results, [measure.scenario]), flows].filter((words) => words !== undefined);
  if (measure.lane !== "model")
    return said.length === 0 ? subtitle : `${said.join(", ")}: ${lowerFirst(subtitle)}`;
  return `${["Model", ...said.map(lowerFirst)].join(", ")}: ${lowerFirst(subtitle)}`;
}

/** `Median time` within a sentence; `CPU time` as it is. */
function lowerFirst(text: string): string {
  return /^[A-Z][A-Z]/.test(text) ? text : text.charAt(0).toLowerCase() + text.slice(1);
}

/** What the band or whisker around an estimate is: never called an interval when it is a range. */
export function intervalKind(cells: readonly Cell[]): string {
  const kinds = new Set(cells.flatMap((cell) => (cell.estimate ? [cell.estimate.kind] : [])));
  const ranges = cells.filter((c) => c.estimate?.kind === "range").map((c) => c.replicates.length);
  const range = ranges.every((count) => count === 1) ? "measured once" : `range of ${replicatesOf(ranges)}`;
  if (!kinds.has("range")) return "95\u00a0%\u00a0interval";
  return kinds.has("ci95") ? `95\u00a0%\u00a0interval or ${range}` : range;
}

function replicatesOf(counts: readonly number[]): string {
  return counts.every((count) => count === 1) ? "1 replicate" : `${span(counts)} replicates`;
}

/** Which services the packets go to, and where a rule list has these. The scenario `skew` varies both and says so itself. */
function formatTraffic(results: Results, cells: readonly Cell[]): (string | false)[] {
  const { zipf, popular, misses } = results.run.settings;
  const lists = claimants(results, "list");
  const placed =
    zipf === 0 || popular === "random" ? "Services at random positions" : `popular Services ${popular}`;
  return [
    zipf > 0 && `popularity by Zipf's law with exponent ${zipf}`,
    misses > 0 && `${formatCount(100 * misses)} % of flows to no Service`,
    cells.some(({ plane }) => lists.includes(plane)) && `${placed} in the rule list`,
  ];
}

/** Where and how it was measured, so that a picture found alone can be traced to its run. */
export function provenance(results: Results, measure: Measure, cells: readonly Cell[]): string {
  const { environment, run } = results;
  const replicates = cells.flatMap((cell) => cell.replicates);
  const pin = environment.pinnedCpu === null ? "not pinned" : `pinned to CPU ${environment.pinnedCpu}`;
  // A live cluster is measured on its nodes, not where the command runs.
  const here = [
    `Node ${plainText(environment.node, 20).replace(/^v/, "")}`,
    plainText(environment.cpu, 60),
    `${environment.cores} cores, ${pin}`,
  ];
  const parts = [
    kernelOf(results, measure, cells),
    ...(cells.some(({ scenario }) => scenarioReport(results, scenario)?.positionMatters)
      ? formatTraffic(results, cells)
      : []),
    ...(measure.lane === "cluster" ? [nodesOf(results)] : here),
    replicates.some(({ batch }) => batch > 1) &&
      `batches of ${span(replicates.map((replicate) => replicate.batch))} lookups`,
    replicates.length > 0 &&
      replicatesOf(cells.filter((cell) => cell.estimate).map((cell) => cell.replicates.length)),
    plainText(run.startedAt, 40).slice(0, 10),
    truncatedSeriesNote(results, cells),
    outsideNote(results, cells),
    datapathNote(cells),
    `seed ${run.seed}`,
    `results ${resultsHash(results)}`,
    !run.complete && "run not complete",
  ];
  return joinParts(parts);
}

/** The parts of a caption that there are. */
export function joinParts(parts: readonly (string | false | undefined)[]): string {
  return parts.filter((part) => part !== false && part !== undefined && part !== "").join(" · ");
}

/** Which planes were not to be measured up to the largest N of these cells, or false: a line that ends needs a word. */
export function truncatedSeriesNote(results: Described, cells: readonly Cell[]): string | false {
  const largest = new Map<string, number>();
  for (const { plane, services } of cells) {
    largest.set(plane, Math.max(services, largest.get(plane) ?? 0));
  }
  const end = maxOf(largest.values());
  const shorter = [...largest]
    .filter(([, services]) => services < end)
    .sort(([a], [b]) => comparePlanes(results)(a, b))
    .map(
      ([plane, services]) => `${seriesStyle(results, plane, "light").label} up to ${formatCount(services)}`,
    );
  return shorter.length > 0 && `${shorter.join(", ")} Services`;
}

/** In what the packets or lookups of these cells were: a model, this machine's kernel, or a guest's. */
function kernelOf({ environment, cluster }: Results, { lane }: Measure, cells: readonly Cell[]): string {
  if (lane === "model") return "Model of the data planes, not the kernel";
  if (lane === "cluster")
    return `Kubernetes ${plainText(String(cluster.parameters.kubernetes ?? "of unknown version"), 20)}`;
  const host = `Linux kernel ${plainText(environment.kernel, 40)}`;
  if (lane === "kernel") return host;
  const guest = cells.find(({ facts }) => facts.kernel !== undefined)?.facts.kernel ?? "of unknown version";
  return `User-mode Linux ${plainText(String(guest), 40)}, a program on ${host}: system calls are slow in it`;
}

/** How many nodes a live cluster has, and of what kind. */
function nodesOf(results: Results): string | false {
  const nodes = liveNodes(results);
  if (nodes === null) return false;
  const { count, all } = nodes;
  return `${count === 1 ? "1 node" : `${formatCount(count)} nodes`}, kernel ${all("kernel")}, ${all("cpus")} CPUs each`;
}

function span(values: readonly number[]): string {
  const low = minOf(values);
  const high = maxOf(values);
  return low === high ? formatCount(low) : `${formatCount(low)}–${formatCount(high)}`;
}

/** First 12 hex digits of the results' SHA-256: what captions print. */
export function resultsHash(results: Results): string {
  return resultsDigest(results).slice(0, HASH_DIGITS);
}
