/** Selecting cells of a run: one query for findings, charts, tables and advice. */

import type { Cell, Results } from "./schema.js";

/** What a cell must be; what is absent does not matter. */
export interface CellQuery {
  readonly lane?: Cell["lane"];
  readonly scenario?: OneOrSeveral;
  readonly plane?: OneOrSeveral;
  /** `""` is the plain one. */
  readonly variant?: OneOrSeveral;
  readonly services?: number;
}

type OneOrSeveral = string | readonly string[];

/** What says which cell a cell is. */
type CellKey = Pick<Cell, keyof CellQuery>;

/** A run, or some of its cells. */
type Cells<C extends CellKey> = readonly C[] | { readonly cells: readonly C[] };

/** A cell with an estimate. */
export type MeasuredCell = Cell & { estimate: NonNullable<Cell["estimate"]> };

/** One replicate has no spread, and its zero-wide interval would support any sentence. */
export const MIN_REPLICATES = 3;

/** Cells that answer a query, in the order of the run. */
export function selectCells<C extends CellKey>(from: Cells<C>, query: CellQuery): C[] {
  return cellsIn(from).filter((cell) => answers(cell, query));
}

/** The first cell that answers a query. */
export function findCell<C extends CellKey>(from: Cells<C>, query: CellQuery): C | undefined {
  return cellsIn(from).find((cell) => answers(cell, query));
}

function cellsIn<C extends CellKey>(from: Cells<C>): readonly C[] {
  return "cells" in from ? from.cells : from;
}

function answers(cell: CellKey, { lane, scenario, plane, variant, services }: CellQuery): boolean {
  return (
    (lane === undefined || cell.lane === lane) &&
    isAmong(cell.scenario, scenario) &&
    isAmong(cell.plane, plane) &&
    isAmong(cell.variant, variant) &&
    (services === undefined || cell.services === services)
  );
}

function isAmong(value: string, wanted: OneOrSeveral | undefined): boolean {
  if (wanted === undefined) return true;
  return typeof wanted === "string" ? value === wanted : wanted.includes(value);
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
  return services === undefined ? undefined : findCell(cells, { services });
}
