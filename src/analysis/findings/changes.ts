/** What endpoint changes cost in time, alone, among lookups, and together with connections; and what skew changes. */

import { cellId } from "../../results/cells.js";
import type { Finding, Results } from "../../results/schema.js";
import { formatCount, formatNs } from "../../text.js";
import { CHANGES_PER_SECOND, CONNECTIONS_PER_SECOND, loadsOf } from "../load.js";
import {
  digits,
  isMeasured,
  type Measured,
  percent,
  planeLabel,
  possessive,
  ratioInterval,
  shortLabel,
  timesWords,
} from "./common.js";

/** Smaller factors are not worth a sentence. */
const MIN_REPORTED_RATIO = 2;
/** The other planes, by what they are compared with iptables for: Cilium is the article's subject. */
const RIVALS = ["ebpf", "nftables", "ipvs"];

function curve(results: Results, scenario: string, variant: string, plane: string): Measured[] {
  return results.cells
    .filter(
      (cell) =>
        cell.lane === "model" &&
        cell.scenario === scenario &&
        cell.variant === variant &&
        cell.plane === plane,
    )
    .filter(isMeasured)
    .sort((a, b) => a.services - b.services);
}

/** iptables at its largest N and the first rival that was measured there, if iptables surely takes longer. */
function againstRival(results: Results, scenario: string, variant: string) {
  const iptables = curve(results, scenario, variant, "iptables").at(-1);
  if (!iptables) return null;
  for (const plane of RIVALS) {
    const rival = curve(results, scenario, variant, plane).find(
      ({ services }) => services === iptables.services,
    );
    if (!rival) continue;
    const interval = ratioInterval(iptables, rival);
    if (interval[0] < MIN_REPORTED_RATIO) return null;
    const value = iptables.estimate.median / rival.estimate.median;
    return { iptables, rival, value, interval, cells: [cellId(iptables), cellId(rival)] };
  }
  return null;
}

export function updateTime(results: Results): Finding | null {
  const found = againstRival(results, "update", "change");
  if (!found) return null;
  const { iptables, rival, value, interval, cells } = found;
  const [few] = curve(results, "update", "change", "iptables");
  return {
    id: "update-time",
    headline: `At ${formatCount(iptables.services)} Services iptables changes take ${digits(value)} times ${possessive(shortLabel(rival.plane))}`,
    sentence:
      `At ${formatCount(iptables.services)} services writing one endpoint change into the model takes ${formatNs(iptables.estimate.median)} in iptables, which replaces its whole table, ` +
      `${timesWords(value, interval)} the ${formatNs(rival.estimate.median)} of ${planeLabel(rival.plane)}` +
      (few!.services === iptables.services
        ? "."
        : `; at N = ${formatCount(few!.services)} iptables takes ${formatNs(few!.estimate.median)}.`),
    cells,
    value,
    interval,
  };
}

export function rolloutTime(results: Results): Finding | null {
  const found = againstRival(results, "update", "rollout");
  if (!found) return null;
  const { iptables, rival, value, interval, cells } = found;
  const n = formatCount(iptables.services);
  return {
    id: "update-rollout",
    headline: `At ${n} Services iptables restarts take ${digits(value)} times ${possessive(shortLabel(rival.plane))}`,
    sentence:
      `At ${n} services writing a rolling restart of a tenth of a service into the model takes ${formatNs(iptables.estimate.median)} in iptables, ` +
      `${timesWords(value, interval)} the ${formatNs(rival.estimate.median)} of ${planeLabel(rival.plane)}.`,
    cells,
    value,
    interval,
  };
}

export function syncTime(results: Results): Finding | null {
  const found = againstRival(results, "sync", "");
  if (!found) return null;
  const { iptables, rival, value, interval, cells } = found;
  const n = formatCount(iptables.services);
  return {
    id: "sync",
    headline: `At ${n} Services iptables builds ${digits(value)} times slower than ${shortLabel(rival.plane)}`,
    sentence:
      `Building the model's whole program of ${n} services takes ${formatNs(iptables.estimate.median)} for iptables, ` +
      `${timesWords(value, interval)} the ${formatNs(rival.estimate.median)} of ${planeLabel(rival.plane)}: without netlink, iptables-restore or bpf().`,
    cells,
    value,
    interval,
  };
}

export function churnRate(results: Results): Finding | null {
  const found = againstRival(results, "churn", "changes");
  if (!found) return null;
  const { iptables, rival, value, interval, cells } = found;
  const rate = ({ estimate }: Measured) => digits(1e9 / estimate.median);
  return {
    id: "churn",
    headline: `At ${formatCount(iptables.services)} Services iptables absorbs ${rate(iptables)} changes a second`,
    sentence:
      `While lookups go on at ${formatCount(iptables.services)} services, a core that does nothing else can write ${rate(iptables)} endpoint changes a second into iptables' tables ` +
      `and ${rate(rival)} into those of ${planeLabel(rival.plane)}, ${timesWords(value, interval)} as many: an upper limit, without system calls.`,
    cells,
    value,
    interval,
  };
}

/** Lookups after changes, against the same without any in the same run. */
export function lookupUnderChurn(results: Results): Finding | null {
  const slowed = ["iptables", ...RIVALS].flatMap((plane) => {
    const calm = curve(results, "lookup", "", plane);
    return curve(results, "churn", "lookups", plane).flatMap((after) => {
      const before = calm.find(({ services }) => services === after.services);
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
    headline: `After a change, ${shortLabel(after.plane)} lookups take ${digits(value)} times as long`,
    sentence:
      `The batch of lookups that follows a change is slowed most in ${planeLabel(after.plane)} at ${formatCount(after.services)} services: ${formatNs(after.estimate.median)} a lookup against ` +
      `${formatNs(before.estimate.median)} without changes, ${timesWords(value, interval)}.`,
    cells: [cellId(after), cellId(before)],
    value,
    interval,
  };
}

/** Derived from `connect` and `update`: see analysis/load.ts. */
export function operationalLoad(results: Results): Finding | null {
  const loads = loadsOf(results).filter(({ connect, change }) => isMeasured(connect) && isMeasured(change));
  const iptables = loads.findLast(({ plane }) => plane === "iptables");
  const rival = RIVALS.map((plane) =>
    loads.find((load) => load.plane === plane && load.services === iptables?.services),
  ).find((load) => load !== undefined);
  if (!iptables || !rival) return null;
  const interval: [number, number] = [
    iptables.interval[0] / rival.interval[1],
    iptables.interval[1] / rival.interval[0],
  ];
  if (interval[0] < MIN_REPORTED_RATIO) return null;
  const value = iptables.ns / rival.ns;
  return {
    id: "load",
    headline: `The same load costs iptables ${digits(value)} times ${possessive(shortLabel(rival.plane))} CPU time`,
    sentence:
      `With ${formatCount(CONNECTIONS_PER_SECOND)} new connections and ${formatCount(CHANGES_PER_SECOND)} endpoint change a second at ${formatCount(iptables.services)} services, iptables needs ${formatNs(iptables.ns)} of CPU time each second ` +
      `(${percent(iptables.changesNs / iptables.ns)} of it for the change), ${timesWords(value, interval)} the ${formatNs(rival.ns)} of ${planeLabel(rival.plane)}. Worked out from connect and update.`,
    cells: [iptables, rival].flatMap(({ connect, change }) => [cellId(connect), cellId(change)]),
    value,
    interval,
  };
}

/** Where the popular services stand in iptables' list, by exact counts and time. */
export function skewEffect(results: Results): Finding | null {
  const [first, last] = ["popular first", "popular last"].map((variant) =>
    curve(results, "skew", variant, "iptables").at(-1),
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
    headline: `Popular services standing last cost iptables ${digits(value)} times as much`,
    sentence:
      `Under Zipf traffic over ${formatCount(last.services)} services a lookup in iptables visits ${formatCount(first.work.rulesVisited)} rules when the popular services stand first and ` +
      `${formatCount(last.work.rulesVisited)} when they stand last: ${formatNs(first.estimate.median)} and ${formatNs(last.estimate.median)}, ${timesWords(value, interval)}. kube-proxy puts them anywhere.`,
    cells: [cellId(first), cellId(last)],
    value,
    interval,
  };
}
