/** What endpoint changes cost in time, alone, among lookups, and together with connections; and what skew changes. */

import { cellId } from "../../results/cells.js";
import { claimant, measuredPlanes, planeLabel, shortLabel } from "../../results/descriptors.js";
import type { Finding, Results } from "../../results/schema.js";
import { atServices, findCell, isMeasured, type MeasuredCell, measuredCurve } from "../../results/select.js";
import { formatCount, formatNs } from "../../text.js";
import { CHANGES_PER_SECOND, CONNECTIONS_PER_SECOND, loadsOf } from "../load.js";
import {
  formatFactor,
  headlineFactor,
  percent,
  possessive,
  ratioInterval,
  rivalsOf,
  twoDigits,
} from "./common.js";

/** Smaller factors are not worth a sentence. */
const MIN_REPORTED_RATIO = 2;

function curve(results: Results, scenario: string, variant: string, plane: string): MeasuredCell[] {
  return measuredCurve(results, { lane: "model", scenario, variant, plane });
}

/**
 * The rule list at its largest N and the first of its rivals, in the order of the columns, that was measured
 * there, if the list surely takes longer.
 */
function againstRival(results: Results, scenario: string, variant: string) {
  const plane = claimant(results, "list");
  const list = curve(results, scenario, variant, plane).at(-1);
  if (!list) return null;
  for (const other of rivalsOf(results, plane)) {
    const rival = atServices(curve(results, scenario, variant, other), list.services);
    if (!rival) continue;
    const interval = ratioInterval(list, rival);
    if (interval[0] < MIN_REPORTED_RATIO) return null;
    const value = list.estimate.median / rival.estimate.median;
    return {
      list,
      name: planeLabel(results, plane),
      rival,
      value,
      interval,
      cells: [cellId(list), cellId(rival)],
    };
  }
  return null;
}

/**
 * What the list's own operation takes at its largest N, over its smallest, and what a rival takes there: no
 * ratio of the two, since a model's writes are no kernel's. Null where the run timed it in the kernel too.
 */
function growthOfList(
  results: Results,
  scenario: string,
  variant: string,
  { id, things, doing }: { readonly id: string; readonly things: string; doing(name: string): string },
): Finding | null {
  const found = againstRival(results, scenario, variant);
  const few = found && curve(results, scenario, variant, found.list.plane)[0];
  if (!found || !few || few.services === found.list.services) return null;
  if (findCell(results, { lane: "kernel", scenario, plane: few.plane })) return null;
  const { list, name, rival } = found;
  const interval = ratioInterval(list, few);
  if (interval[0] < MIN_REPORTED_RATIO) return null;
  const value = list.estimate.median / few.estimate.median;
  const n = formatCount(list.services);
  return {
    id,
    headline: `From ${formatCount(few.services)} to ${n} Services modelled ${name} ${things} grow ${headlineFactor(value, interval)}`,
    sentence:
      `At ${n} Services ${doing(name)} takes ${formatNs(list.estimate.median)}, ${formatFactor(value, interval)} the ${formatNs(few.estimate.median)} at N = ${formatCount(few.services)}; ` +
      `with ${planeLabel(results, rival.plane)} it takes ${formatNs(rival.estimate.median)}. These are writes into models, without system calls, tools and the control plane's own time, which the kernel lane measures.`,
    cells: [few, list, rival].map(cellId),
    value,
    interval,
  };
}

/**
 * How the time of one endpoint change grows with N in a rule list; null where it is not surely slower than a
 * rival, or not growing.
 */
export function updateTime(results: Results): Finding | null {
  return growthOfList(results, "update", "change", {
    id: "update-time",
    things: "changes",
    doing: (name) =>
      `writing one endpoint change into the model of ${name}, which replaces its whole table (legacy backend),`,
  });
}

/** The same of a rolling restart of a tenth of a service's endpoints. */
export function rolloutTime(results: Results): Finding | null {
  return growthOfList(results, "update", "rollout", {
    id: "update-rollout",
    things: "restarts",
    doing: (name) =>
      `writing a rolling restart of a tenth of a Service's endpoints into the model of ${name}`,
  });
}

/** The same of building the whole program, as a full sync does. */
export function syncTime(results: Results): Finding | null {
  return growthOfList(results, "sync", "", {
    id: "sync",
    things: "builds",
    doing: (name) => `building the whole program of the model of ${name}`,
  });
}

/** Endpoint changes per second that one core writes into a rule list's model while lookups go on, next to a rival's. */
export function churnRate(results: Results): Finding | null {
  const found = againstRival(results, "churn", "changes");
  if (!found) return null;
  const { list, name, rival, value, interval, cells } = found;
  const rate = ({ estimate }: MeasuredCell) => twoDigits(1e9 / estimate.median);
  return {
    id: "churn",
    headline: `At ${formatCount(list.services)} Services modelled ${name} absorbs ${rate(list)} changes per second`,
    sentence:
      `While lookups go on at ${formatCount(list.services)} Services, a core that does nothing else can write ${rate(list)} endpoint changes per second into ${possessive(name)} modelled tables ` +
      `and ${rate(rival)} into those of ${planeLabel(results, rival.plane)}, ${formatFactor(value, interval)} as many: an upper limit of the models, without system calls, tools and the control plane's own time.`,
    cells,
    value,
    interval,
  };
}

/** Lookups after changes, against the same without any in the same run. */
export function lookupUnderChurn(results: Results): Finding | null {
  // Planes are set against each other at the list's N: a plane that was measured at others only would win by its size.
  const list = curve(results, "churn", "lookups", claimant(results, "list"));
  const isShared = ({ services }: MeasuredCell) =>
    list.length === 0 || atServices(list, services) !== undefined;
  const slowed = measuredPlanes(results).flatMap((plane) => {
    const calm = curve(results, "lookup", "", plane);
    return curve(results, "churn", "lookups", plane)
      .filter(isShared)
      .flatMap((after) => {
        const before = atServices(calm, after.services);
        return before ? [{ after, before, interval: ratioInterval(after, before) }] : [];
      });
  });
  const [worst] = slowed
    .filter(({ interval }) => interval[0] > 1)
    .sort((a, b) => b.interval[0] - a.interval[0]);
  if (!worst) return null;
  const { after, before, interval } = worst;
  const value = after.estimate.median / before.estimate.median;
  return {
    id: "churn-lookups",
    headline: `After a change ${shortLabel(results, after.plane)} lookups take ${headlineFactor(value, interval)} as long`,
    sentence:
      `The batch of lookups that follows a change is slowed most in ${planeLabel(results, after.plane)} at ${formatCount(after.services)} Services: ${formatNs(after.estimate.median)} per lookup, against ` +
      `${formatNs(before.estimate.median)} without changes, ${formatFactor(value, interval)}.`,
    cells: [cellId(after), cellId(before)],
    value,
    interval,
  };
}

/** Derived from `connect` and `update`: see analysis/load.ts. */
export function operationalLoad(results: Results): Finding | null {
  const loads = loadsOf(results).filter(({ connect, change }) => isMeasured(connect) && isMeasured(change));
  const list = loads.findLast(({ plane }) => plane === claimant(results, "list"));
  if (!list) return null;
  const rival = rivalsOf(results, list.plane)
    .map((plane) => loads.find((load) => load.plane === plane && load.services === list.services))
    .find((load) => load !== undefined);
  if (!rival) return null;
  const name = planeLabel(results, list.plane);
  const interval: [number, number] = [
    list.interval[0] / rival.interval[1],
    list.interval[1] / rival.interval[0],
  ];
  if (interval[0] < MIN_REPORTED_RATIO) return null;
  const value = list.ns / rival.ns;
  return {
    id: "load",
    headline: `Load costs modelled ${name} ${headlineFactor(value, interval)} ${possessive(shortLabel(results, rival.plane))} CPU time`,
    sentence:
      `With ${formatCount(CONNECTIONS_PER_SECOND)} new connections and ${formatCount(CHANGES_PER_SECOND)} endpoint change per second at ${formatCount(list.services)} Services, ${name} needs ${formatNs(list.ns)} of CPU time per second ` +
      `(${percent(list.changesNs / list.ns)} of it for the change), ${formatFactor(value, interval)} the ${formatNs(rival.ns)} of ${planeLabel(results, rival.plane)}. Computed from connect and update of the models, whose change to a rule list copies its whole table in this process: without system calls, tools and the control plane's own time, which the kernel lane measures.`,
    cells: [list, rival].flatMap(({ connect, change }) => [cellId(connect), cellId(change)]),
    value,
    interval,
  };
}

/** Where the popular services are in a rule list, by exact counts and time. */
export function skewEffect(results: Results): Finding | null {
  const plane = claimant(results, "list");
  const name = planeLabel(results, plane);
  const [first, last] = ["popular first", "popular last"].map((variant) =>
    curve(results, "skew", variant, plane).at(-1),
  );
  if (!first?.work || !last?.work || first.services !== last.services) return null;
  const interval = ratioInterval(last, first);
  if (
    interval[0] < MIN_REPORTED_RATIO ||
    last.work.rulesVisited < MIN_REPORTED_RATIO * first.work.rulesVisited
  )
    return null;
  const value = last.estimate.median / first.estimate.median;
  return {
    id: "skew",
    headline: `Popular Services at the list's end cost ${name} ${headlineFactor(value, interval)}`,
    sentence:
      `Under Zipf traffic over ${formatCount(last.services)} Services a lookup in ${name} visits ${formatCount(first.work.rulesVisited)} rules when the popular Services are at the start of the list and ` +
      `${formatCount(last.work.rulesVisited)} when they are at its end: ${formatNs(first.estimate.median)} and ${formatNs(last.estimate.median)}, ${formatFactor(value, interval)}. kube-proxy orders them at random.`,
    cells: [cellId(first), cellId(last)],
    value,
    interval,
  };
}
