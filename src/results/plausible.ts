/** What no run can hold, though each field has its type: files that were edited by hand, or by a program. */

import type { Cell, Results } from "./schema.js";

/** 31 years in nanoseconds, an exabyte: beyond it no axis can be drawn. */
const MOST = 1e18;
/** A date as `Date.toISOString` writes it. */
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** What is wrong with results whose fields have their types, in words; null: nothing. */
export function implausibility(results: Results): string | null {
  const { run, cells, crossovers } = results;
  if (cells.length === 0) return "cells: it is empty, and every run has one";
  if (!isDate(run.startedAt)) return `run.startedAt: ${JSON.stringify(run.startedAt)} is no date`;
  if (run.finishedAt !== null) {
    if (!isDate(run.finishedAt)) return `run.finishedAt: ${JSON.stringify(run.finishedAt)} is no date`;
    if (run.finishedAt < run.startedAt) return "run.finishedAt: it is before run.startedAt";
  }
  for (const [block, order] of run.schedule.entries()) {
    const wrong = order.find((index) => !(index >= 0 && index < cells.length));
    if (wrong !== undefined) return `run.schedule.${block}: there is no cell ${wrong}`;
  }
  for (const [index, cell] of cells.entries()) {
    const wrong = wrongInCell(cell);
    if (wrong !== null) return `cells.${index}.${wrong}`;
  }
  const crossing = crossovers.findIndex(
    ({ services, interval }) => ![services, ...interval].every(isPositive),
  );
  if (crossing >= 0) return `crossovers.${crossing}: a number of Services is not above 0`;
  return null;
}

function wrongInCell({
  lane,
  services,
  endpoints,
  estimate,
  adjusted,
  percentiles,
  relativeToBaseline,
  counts,
  replicates,
}: Cell): string | null {
  if (!(services >= 1 && services <= MOST)) return `services: ${services} is not at least 1`;
  if (!isCount(endpoints)) return `endpoints: ${endpoints} is less than 0, or too many`;
  // A program may spend no time at all on a part: a kube-proxy that lists nothing, a slab that does not grow.
  const isTime = lane === "model" ? isPositive : isCount;
  for (const [name, made] of Object.entries({ estimate, adjusted })) {
    if (made && ![made.median, ...made.interval].every(isTime))
      return `${name}: a time is not above 0, or too long`;
    if (made && made.interval[0] > made.interval[1])
      return `${name}.interval: its ends are the wrong way round`;
  }
  for (const [name, percentile] of Object.entries(percentiles ?? {})) {
    if (percentile === null || typeof percentile === "number") continue;
    if (![percentile.value, ...percentile.interval].every(isTime))
      return `percentiles.${name}: a time is not above 0, or too long`;
  }
  for (const [name, times] of Object.entries(relativeToBaseline ?? {})) {
    if (times !== null && ![times.value, ...times.interval].every(isPositive))
      return `relativeToBaseline.${name}: it is not above 0, or too large`;
  }
  const count = Object.entries(counts ?? {}).find(([, value]) => !isCount(value));
  if (count) return `counts.${count[0]}: ${count[1]} is less than 0, or too many`;
  for (const [index, { median, samples, singles, floorNs, work }] of replicates.entries()) {
    const times = [median, floorNs, ...Object.values(work)];
    if (!times.every(isCount) || !samples.every(isCount) || !(singles?.ns ?? []).every(isCount))
      return `replicates.${index}: a time is less than 0, or too long`;
    // What a connection visits in the kernel of a live cluster is not known.
    const isCounted = lane !== "cluster" || (singles?.visited ?? []).length > 0;
    if (singles !== null && isCounted && singles.ns.length !== singles.visited.length)
      return `replicates.${index}.singles: ns and visited differ in length`;
  }
  return null;
}

const isDate = (text: string): boolean => DATE.test(text) && !Number.isNaN(Date.parse(text));
const isPositive = (value: number): boolean => value > 0 && value <= MOST;
const isCount = (value: number): boolean => value >= 0 && value <= MOST;
