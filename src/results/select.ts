/** Selecting cells of a run: one query for findings, charts, tables and advice. */

import type { Cell, Results } from "./schema.js";

/** What a cell must be; what is absent does not matter. */
export interface CellQuery {
  readonly lane?: Cell["lane"];
  readonly scenario?: string;
  readonly plane?: string;
  /** One variant or several; `""` is the plain one. */
  readonly variant?: string | readonly string[];
  readonly services?: number;
}

/** A cell with an estimate. */
export type MeasuredCell = Cell & { estimate: NonNullable<Cell["estimate"]> };

/** One replicate has no spread, and its zero-wide interval would support any sentence. */
export const MIN_REPLICATES = 3;

/** Cells that answer a query, in the order of the run. */
export function selectCells({ cells }: Pick<Results, "cells">, query: CellQuery): Cell[] {
  const { variant } = query;
  const variants = typeof variant === "string" ? [variant] : variant;
  return cells.filter(
    (cell) =>
      (query.lane === undefined || cell.lane === query.lane) &&
      (query.scenario === undefined || cell.scenario === query.scenario) &&
      (query.plane === undefined || cell.plane === query.plane) &&
      (variants === undefined || variants.includes(cell.variant)) &&
      (query.services === undefined || cell.services === query.services),
  );
}

/** Whether a cell has an estimate, and the replicates that a sentence about it takes. */
export function isMeasured(cell: Cell): cell is MeasuredCell {
  return cell.estimate !== null && cell.replicates.length >= MIN_REPLICATES;
}

/** Cells that answer a query and were measured, ascending in N. */
export function measuredCurve(results: Pick<Results, "cells">, query: CellQuery): MeasuredCell[] {
  return ascending(selectCells(results, query).filter(isMeasured));
}

/** Cells ascending in N. */
export function ascending<C extends Cell>(cells: readonly C[]): C[] {
  return cells.toSorted((a, b) => a.services - b.services);
}

/** The cell with this many services, if there is one. */
export function atServices<C extends Cell>(cells: readonly C[], services: number | undefined): C | undefined {
  return cells.find((cell) => cell.services === services);
}
