/** What was counted in bytes, memory, as tables with a line per plane and a column per N. */

import { seriesStyle } from "../../charts/theme.js";
import { comparePlanes } from "../../results/descriptors.js";
import type { Cell, Results } from "../../results/schema.js";
import { selectCells } from "../../results/select.js";
import { formatDecimalBytes } from "../../text.js";
import { timedCells } from "./table.js";

/** A line of a table: `kube-proxy 1.37 nftables` and, where a program runs tools, `…, its tools`. */
export interface BytesLine {
  readonly label: string;
  /** The plane's label in a table of times, which has the reasons of what failed. */
  readonly plane: string;
  /** By N. */
  readonly bytes: ReadonlyMap<number, string>;
}

/** What a program needs, and what the largest of its tools does. */
const COUNTS = [
  { count: "bytes", of: "" },
  { count: "tools bytes", of: ", its tools" },
] as const;

/** Cells of a scenario that counts bytes, those included whose count failed; none where it counts none. */
export function bytesCells({ cells }: Results, scenario: string): Cell[] {
  const counting = selectCells(cells, { scenario, variant: "" }).filter(({ estimate }) => estimate === null);
  return counting.some(({ counts }) => counts?.bytes !== undefined) ? counting : [];
}

/** Lines of such cells, in the order of the columns. */
export function bytesLines(results: Results, cells: readonly Cell[]): BytesLine[] {
  const lanes = [...new Set(cells.map(({ lane }) => lane))];
  const isMixed = new Set(timedCells(results).map(({ lane }) => lane)).size > 1;
  const planes = [...new Set(cells.map(({ plane }) => plane))].sort(comparePlanes(results));
  return lanes.flatMap((lane) =>
    planes.flatMap((plane) => {
      const own = selectCells(cells, { lane, plane });
      const { label } = seriesStyle(results, plane, "light");
      return COUNTS.flatMap(({ count, of }) => {
        if (own.every(({ counts }) => !((counts?.[count] ?? 0) > 0))) return [];
        const bytes = new Map(own.flatMap((cell) => bytesOf(cell, count)));
        const among = isMixed ? ` (${lane})` : "";
        return [{ label: `${label}${of}${among}`, plane: `${label}${among}`, bytes }];
      });
    }),
  );
}

/**
 * Nothing where counting failed, for which the cell has a reason, or where a run ended before it counted; what was counted and
 * has no bytes, a small program's memory, lay within the kernel's noise.
 */
function bytesOf({ services, counts, warnings }: Cell, count: string): [number, string][] {
  const value = counts?.[count];
  if (value === undefined) return warnings.length > 0 || counts === null ? [] : [[services, "in the noise"]];
  // Three digits: a program's memory is no more exact.
  return [[services, formatDecimalBytes(Number(value.toPrecision(3)))]];
}
