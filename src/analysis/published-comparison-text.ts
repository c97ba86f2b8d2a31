/** Published measurements, alone and compared with a run, as text. */

import type { Reference, ReferenceTable, Source } from "../reference/index.js";
import type { Results } from "../results/schema.js";
import { countOf, formatCount, formatNs, plainText } from "../text.js";
import type { PublishedComparison } from "./published-comparison.js";
import type { Shape } from "./published-shape.js";

const KINDS: Readonly<Record<Source["kind"], string>> = {
  text: "printed in the source",
  chart: "read from its chart",
  derived: "computed from published numbers",
  quoted: "quoted by a third party, the original was not read",
};

/** Title, source, what was timed and how the numbers were read. */
export function formatSource({ id, title, url, date, timed, unit, kind, error }: Source): string[] {
  return [
    `${id}: ${title}${date === null ? "" : `, ${date}`}`,
    url,
    `${timed} [${unit}; ${KINDS[kind]}${error === null ? "" : `, ±${error} ${unit}`}]`,
  ];
}

/** Rows of a published data set, heading first: a line for each number of services. */
export function referenceTable({ series }: Reference): string[][] {
  const sizes = [...new Set(series.flatMap(({ points }) => points.map(({ services }) => services)))];
  return [
    ["services", ...series.map(({ label }) => label)],
    ...sizes
      .sort((a, b) => a - b)
      .map((services) => [
        formatCount(services),
        ...series.map(({ points }) => {
          const point = points.find((candidate) => candidate.services === services);
          return point ? point.value.toLocaleString("en-US", { maximumFractionDigits: 4 }) : "–";
        }),
      ]),
  ];
}

/** Rows of a published table without a services axis. */
export function plainTable({ head, rows }: ReferenceTable): string[][] {
  const text = (field: string | number | null) =>
    field === null
      ? "–"
      : typeof field === "number"
        ? field.toLocaleString("en-US", { maximumFractionDigits: 4 })
        : field;
  return [[...head], ...rows.map((row) => row.map(text))];
}

/** Rows of the shapes, heading first. */
export function shapeTable({ shapes }: PublishedComparison): string[][] {
  return [
    ["shape", "of", "services", "published", "run", "verdict"],
    ...shapes.map((shape) => {
      const { quantity, label, from, to, published, run } = shape;
      const size = from === to ? formatCount(from) : `${formatCount(from)} to ${formatCount(to)}`;
      const own = "unavailable" in run ? "–" : valueText(shape, run.value, run.interval);
      return [
        quantity,
        label,
        size,
        valueText(shape, published.value, published.interval),
        own,
        verdictText(shape),
      ];
    }),
  ];
}

/** What the run's number says next to the published one, in the words of the quantity. */
function verdictText({ quantity, verdict }: Shape): string {
  if (verdict === null) return "not measured";
  if (verdict === "alike") return "alike";
  const words = {
    growth: ["the run grows more", "the run grows less"],
    slope: ["a Service costs more in the run", "a Service costs less in the run"],
    "slope per rule": ["a rule costs more in the run", "a rule costs less in the run"],
    flatness: ["the run is less flat", "the run is flatter"],
    "p99 / p50": ["the run spreads more", "the run spreads less"],
  }[quantity];
  return words[verdict === "run higher" ? 0 : 1]!;
}

/**
 * How the two differ, and why, where both document it: what was timed, rules per service, CPU.
 *
 * @param comparison What `compareWith` returned.
 * @param results Results of the run.
 * @returns One sentence per difference.
 * @example
 * ```ts
 * import { compareWith, formatSourceDifferences, readResults, referenceById } from "lbscale/results";
 *
 * const run = readResults("results/default");
 * console.log(formatSourceDifferences(compareWith(referenceById("tigera")!, run), run).join("\n"));
 * ```
 */
export function formatSourceDifferences(
  { reference, scenario, shapes, constantParts, rulesPerService }: PublishedComparison,
  { environment, run }: Results,
): string[] {
  const isComparable = shapes.some(({ verdict }) => verdict !== null);
  const reasons = shapes.flatMap(({ run: own }) => ("unavailable" in own ? [own.unavailable] : []));
  const missing =
    reasons.length === 0
      ? []
      : [`not measured, ${countOf(reasons.length, "row")}: ${[...new Set(reasons)].join("; ")}`];
  if (!isComparable) return missing;
  const timed =
    scenario === "update"
      ? "the run counts the bytes that one joining endpoint hands to the kernel, and times nothing"
      : scenario === "sync"
        ? "the run times how long its own model takes to build, no kube-proxy"
        : `the run times the choice of an endpoint alone, at a ${run.entry === "nodePort" ? "NodePort" : "cluster IP"}, in a model`;
  const parts = constantParts.flatMap(({ label, published, run: own }) =>
    own === null
      ? []
      : [
          `of the time at the most Services, ${percent(published)} (published) and ${percent(own)} (run) are already spent at the fewest: ${label}`,
        ],
  );
  const { published: stated, run: counted } = rulesPerService;
  return [
    `timed: ${reference.timed}; ${timed}`,
    ...parts,
    ...(counted === null
      ? []
      : [
          `additional rules visited per Service: ${stated ? `${stated.value} (${stated.basis})` : "not stated"}; in the run ${counted.toFixed(2)}, counted`,
        ]),
    ...slopeRatio(shapes),
    `processor: the published one is not documented further; the run had ${plainText(environment.cpu, 60)} and Node ${plainText(environment.node, 20)}`,
    ...reference.notes,
    ...missing,
  ];
}

/** How much more expensive a rule is in the published measurement, from both slopes' intervals. */
function slopeRatio(shapes: readonly Shape[]): string[] {
  return shapes.flatMap(({ quantity, label, published, run }) => {
    if (quantity !== "slope per rule" || "unavailable" in run || !(run.interval[0] > 0)) return [];
    const [low, high] = published.interval ?? [published.value, published.value];
    const ratio = [published.value / run.value, low / run.interval[1], high / run.interval[0]] as const;
    const [value, least, most] = ratio.map((number) => Number(number.toPrecision(2)));
    return [`a rule costs ${value} times [${least}, ${most}] as much there as in the run: ${label}`];
  });
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

function valueText({ quantity }: Shape, value: number, interval: readonly [number, number] | null): string {
  const text = (number: number) =>
    quantity === "slope" || quantity === "slope per rule"
      ? formatNs(number)
      : `×${number < 100 ? number.toPrecision(3) : formatCount(Number(number.toPrecision(3)))}`;
  return interval === null || interval[0] === interval[1]
    ? text(value)
    : `${text(value)} [${interval.map(text).join(", ")}]`;
}
