/** Up to how many Services a plane's maps reach as they are installed: from what the run says of its planes. */

import { planeReport } from "../results/descriptors.js";
import type { Cell, Results } from "../results/schema.js";
import { selectCells } from "../results/select.js";
import { maxOf, minOf } from "../stats/extent.js";
import { formatCount } from "../text.js";
import type { Series } from "./series.js";

/** The last number of Services that fits, of one port and a cluster IP each. */
export interface StockEnds {
  /** Beyond it maps are enlarged; null: nothing needs to be. */
  readonly enlarged: number | null;
  /** Beyond it nothing helps; null: there is no such limit. */
  readonly final: number | null;
}

const NO_ENDS: StockEnds = { enlarged: null, final: null };

/** Ends of a plane. None where clusters are given or entered elsewhere: their Services take other numbers of entries. */
export function stockEnds({ run, cluster, planes }: Results, plane: string): StockEnds {
  const { stockMaps = [], entry } = planeReport({ planes }, plane);
  if (cluster.source !== "synthetic" || run.entry !== "clusterIp" || entry !== undefined) return NO_ENDS;
  const { endpointsPerService, planes: options } = run.settings;
  const least = (maps: typeof stockMaps): number | null => {
    const ends = maps.flatMap(({ most, perService, perEndpoint }) => {
      const taken = perService + perEndpoint * endpointsPerService;
      return taken > 0 ? [Math.floor(most / taken)] : [];
    });
    return ends.length > 0 ? minOf(ends) : null;
  };
  return {
    // Whoever gives a map's size has no stock map.
    enlarged: least(stockMaps.filter(({ option }) => option !== null && options[option] === undefined)),
    final: least(stockMaps.filter(({ option }) => option === null)),
  };
}

/** What the marks of ends mean, for those planes whose points go beyond them; false: none does. */
export function stockNote(
  results: Results,
  lines: readonly { readonly plane: string; readonly largest: number }[],
): string | false {
  const planes = [...new Set(lines.map(({ plane }) => plane))];
  const beyond = (which: keyof StockEnds): string[] =>
    planes.flatMap((plane) => {
      const end = stockEnds(results, plane)[which];
      const reaches = lines.some((line) => line.plane === plane && end !== null && line.largest > end);
      return reaches ? [`${planeReport(results, plane).label} at ${formatCount(end!)} Services`] : [];
    });
  const [enlarged, final] = [beyond("enlarged"), beyond("final")];
  const said = [
    enlarged.length > 0 &&
      `double bar: stock maps are full (${enlarged.join(", ")}), dots: variant with enlarged maps`,
    final.length > 0 && `double bar: no map of any size holds more (${final.join(", ")})`,
  ].filter((part) => part !== false);
  return said.length > 0 && said.join(" · ");
}

/**
 * ` (maps enlarged beyond 10,922 Services)` after a number of Services that lies beyond a plane's stock maps;
 * otherwise empty.
 */
export function formatEnlarged(results: Results, plane: string, services: number): string {
  const { enlarged } = stockEnds(results, plane);
  if (enlarged === null || services <= enlarged) return "";
  return ` (${ENLARGED} beyond ${formatCount(enlarged)} Services)`;
}

/** What every sentence about such numbers of Services has in it. */
export const ENLARGED = "maps enlarged";

/**
 * Beyond what numbers of Services these cells rest on enlarged maps, a plane each: `eBPF hash beyond 10,922 Services: maps
 * enlarged, as the default ones are full there`; empty where none does.
 */
export function enlargedNote(results: Results, cells: readonly Cell[]): string {
  const planes = [...new Set(cells.map(({ plane }) => plane))];
  const beyond = planes.flatMap((plane) => {
    const { enlarged } = stockEnds(results, plane);
    const largest = maxOf(selectCells(cells, { plane }).map(({ services }) => services));
    if (enlarged === null || largest <= enlarged) return [];
    return [`${planeReport(results, plane).label} beyond ${formatCount(enlarged)} Services`];
  });
  return beyond.length === 0 ? "" : `${beyond.join(", ")}: ${ENLARGED}, as the default ones are full there`;
}

/** How far lines reach. */
export function largestOf(series: readonly Series[]): { plane: string; largest: number }[] {
  return series.map(({ plane, points }) => ({ plane, largest: maxOf(points.map(({ n }) => n)) }));
}
