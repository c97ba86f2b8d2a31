/** Lookups under skewed traffic: a list cares where the popular services stand, a table does not. */

import { formatCount } from "../format.js";
import { cellsOf, noiseFloorNs, type Point, seriesOf } from "../series.js";
import { headline, intervalWords, measureWords, provenance } from "../words.js";
import type { Chart } from "./chart.js";
import { clusteredColumns } from "./columns.js";

/** The variants of bench/skew.ts, in the order of the groups. */
const TRAFFIC = [
  { variant: "uniform", label: "uniform" },
  { variant: "popular first", label: "popular services first" },
  { variant: "popular anywhere", label: "popular anywhere" },
  { variant: "popular last", label: "popular services last" },
];

export const skew: Chart = {
  id: "skew",
  title: "Time of one lookup under uniform and Zipf traffic, by where popular services stand (model)",
  build(results, view) {
    const measure = {
      lane: "model",
      scenario: "skew",
      variants: TRAFFIC.map(({ variant }) => variant),
    } as const;
    const all = cellsOf(results, measure);
    const services = Math.max(...all.map((cell) => cell.services));
    const cells = all.filter((cell) => cell.services === services);
    if (!cells.some((cell) => cell.estimate)) return { skipped: "no model skew was measured" };
    const planes = new Map<string, Map<string, Point>>();
    for (const { plane, variant, points } of seriesOf(cells)) {
      planes.set(plane, (planes.get(plane) ?? new Map()).set(variant, points[0]!));
    }
    const groups = TRAFFIC.filter(({ variant }) => cells.some((cell) => cell.variant === variant));
    const words = {
      title: headline(results, ["skew"]) ?? "Lookups when few services get most of the traffic",
      subtitle: `${measureWords(measure, results)}, ${intervalWords(cells)} · linear scale · lower is better`,
      caption: [
        provenance(results, measure, cells),
        // The exponent is bench/skew.ts': a chart must be readable without the program that measured it.
        `popularity by Zipf's law with exponent 1.1 over ${formatCount(services)} services`,
        ...(cells.some((cell) => cell.estimate === null) ? ["hollow circle: could not be measured"] : []),
      ].join(" · "),
    };
    return clusteredColumns(words, view, {
      groups: groups.map(({ label }) => ({ label, words: label })),
      axis: "Which services most flows go to, in the order of the rule list",
      rows: [...planes].map(([plane, points]) => ({
        plane,
        points: groups.map(({ variant }) => points.get(variant)),
      })),
      floorNs: noiseFloorNs(cells),
    });
  },
};
