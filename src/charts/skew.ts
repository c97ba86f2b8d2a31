/** Lookups under skewed traffic: in a list their position matters, in a table it does not. */

import { cellsOf, noiseFloorNs, type Point, seriesOf } from "../analysis/series.js";
import { findCell, selectCells } from "../results/select.js";
import { maxOf } from "../stats/extent.js";
import { formatCount, formatNs, nsFormatter } from "../text.js";
import { formatMeasure, headline, intervalKind, provenance } from "./caption-text.js";
import type { Chart } from "./chart.js";
import { columnsConfig } from "./clustered.js";
import { seriesStyle } from "./theme.js";

/** The variants of bench/skew.ts, in the order of the groups. */
const TRAFFIC = [
  { variant: "uniform", label: "uniform" },
  { variant: "popular first", label: "popular Services first" },
  { variant: "popular anywhere", label: "popular anywhere" },
  { variant: "popular last", label: "popular Services last" },
];

export const skew: Chart = {
  id: "skew",
  title: "Time of one lookup under uniform and Zipf traffic, by the position of popular Services (model)",
  build(results, view) {
    const measure = {
      lane: "model",
      scenario: "skew",
      variants: TRAFFIC.map(({ variant }) => variant),
    } as const;
    const all = cellsOf(results, measure);
    const services = maxOf(all.map((cell) => cell.services));
    const cells = selectCells(all, { services });
    if (!cells.some((cell) => cell.estimate)) return { skipped: "no model skew was measured" };
    const planes = new Map<string, Map<string, Point>>();
    for (const { plane, variant, points } of seriesOf(results, cells)) {
      planes.set(plane, (planes.get(plane) ?? new Map()).set(variant, points[0]!));
    }
    const groups = TRAFFIC.filter(({ variant }) => findCell(cells, { variant }) !== undefined);
    const words = {
      title: headline(results, ["skew"]) ?? "Lookups when few Services get most of the traffic",
      subtitle: `${formatMeasure(measure, results)}, ${intervalKind(cells)} · linear scale · lower is better`,
      caption: [
        provenance(results, measure, cells),
        // The exponent is bench/skew.ts': a chart must be readable without the program that measured it.
        `popularity by Zipf's law with exponent 1.1 over ${formatCount(services)} Services`,
        ...(cells.some((cell) => cell.estimate === null) ? ["hollow circle: could not be measured"] : []),
      ].join(" · "),
    };
    const rows = [...planes].map(([plane, points]) => {
      const style = seriesStyle(results, plane, view.theme);
      return {
        label: style.columnLabel,
        colour: style.line,
        marks: groups.map(({ variant }) => {
          const point = points.get(variant);
          return (
            point && { value: point.estimate?.median ?? null, interval: point.estimate?.interval ?? null }
          );
        }),
      };
    });
    const described = rows.map(({ label, marks }) => {
      const said = marks.flatMap((mark, i) =>
        mark?.value == null ? [] : [`${formatNs(mark.value)} with ${groups[i]!.label}`],
      );
      return `${label}: ${said.join(", ")}`;
    });
    return {
      ...words,
      description: [words.title, ...described, words.caption].join(". "),
      config: columnsConfig(
        {
          categories: groups.map(({ label }) => label),
          axis: "Which Services most flows go to, in the order of the rule list",
          rows,
          format: formatNs,
          ticks: nsFormatter,
          floorNs: noiseFloorNs(cells),
        },
        words,
        view,
      ),
    };
  },
};
