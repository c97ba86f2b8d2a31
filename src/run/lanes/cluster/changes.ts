/** How soon a cluster's nodes followed changes, as replicates. Pure: no clock, no process, no network. */

import { PROTOCOLS } from "../../../cluster-lane/bounds.js";
import type { Changed } from "../../../cluster-lane/changes/changes.js";
import type { ChangeTime } from "../../../cluster-lane/changes/times.js";
import { addOutcome } from "../../../results/runs/outcomes.js";
import type { Cell, Results } from "../../../results/schema.js";
import { findCell } from "../../../results/select.js";
import { median, quantileSorted } from "../../../stats/quantile.js";
import { countOf, formatNs } from "../../../text.js";
import { emptyReplicate } from "../replicate.js";
import { CHANGE_KINDS, CHANGE_PARTS, type ChangePart, changeCell } from "./variants.js";

/** A clock's error is spoken of where it is this share of a result. */
const ERROR_SHARE = 0.1;

interface Facts {
  readonly seed: number;
  /** In the cluster, besides the run's. */
  readonly otherServices: number;
  /** Whether nodes are called by their names. */
  readonly names: boolean;
}

/** Adds what was measured at one N to its cells. Every change is a replicate, with a time of each node and family. */
export function addChanged(results: Results, services: number, changed: Changed, facts: Facts): void {
  for (const kind of CHANGE_KINDS) {
    for (const protocol of PROTOCOLS) {
      const own = changed.times.filter((time) => time.kind === kind && time.protocol === protocol);
      for (const part of CHANGE_PARTS) {
        const { scenario, variant } = changeCell(kind, protocol, part);
        const cell = findCell(results, { scenario, variant, services });
        if (!cell) continue;
        const index = results.cells.indexOf(cell);
        const order = (block: number) => block * results.cells.length + index;
        const servicesInCluster = services + facts.otherServices;
        const what = { ...changed, ...facts, servicesInCluster, order };
        addPart(cell, timesOf(own, part), part, what);
        for (const note of notesOf(cell, timesOf(own, part), changed)) addOutcome(cell, "note", note);
      }
    }
  }
}

const timesOf = (times: readonly ChangeTime[], part: ChangePart): readonly ChangeTime[] =>
  part === "IPv4" || part === "IPv6" ? times.filter(({ family }) => `IPv${family}` === part) : times;

function addPart(
  cell: Cell,
  own: readonly ChangeTime[],
  part: ChangePart,
  {
    clockErrorNs,
    creation,
    seed,
    names,
    servicesInCluster,
    times,
    order,
  }: Changed & Facts & { readonly servicesInCluster: number; readonly order: (block: number) => number },
): void {
  // Nodes that follow the same change are not independent of each other.
  const blocks = [...new Set(own.map(({ block }) => block))];
  const replicates = blocks.flatMap((block) => {
    const all = own.filter((time) => time.block === block).map(({ ns }) => ns);
    const seen = all.filter((ns) => ns !== null);
    if (part !== "every node") return seen.length === 0 ? [] : [{ block, ns: seen }];
    // A change that one node has not seen works nowhere yet.
    return seen.length < all.length ? [] : [{ block, ns: [Math.max(...seen)] }];
  });
  if (replicates.length === 0) return;
  for (const { block, ns } of replicates) {
    cell.replicates.push({
      ...emptyReplicate(0),
      samples: ns,
      median: median(ns),
      wallMs: Math.round(Math.max(...ns) / 1e6),
      singles: { ns, visited: [] },
      block,
      order: order(block),
      seed,
    });
  }
  const nodes = [...new Set(times.map(({ node }) => node))].sort();
  const ofNodes = nodes.flatMap((node, i) =>
    factsOfNode(
      names ? node : `node ${i + 1}`,
      own.filter((time) => time.node === node),
    ),
  );
  const errorNs = Math.max(0, ...clockErrorNs.values());
  const all = replicates.flatMap(({ ns }) => ns);
  cell.facts = {
    ...cell.facts,
    servicesInCluster,
    clockErrorNs: errorNs,
    slowestNs: Math.max(...all),
    // Added to the cell's time, it is how long N Services take from the first request to the last answer.
    ...(cell.scenario === "sync" &&
      creation && { createdServices: creation.services, creationNs: median(creation.ns) }),
    ...Object.fromEntries(ofNodes),
  };
}

/** What is said of changes that have no time, and of clocks that are too far apart. */
function notesOf(
  { scenario }: Cell,
  own: readonly ChangeTime[],
  { lost: allLost, clockErrorNs }: Changed,
): string[] {
  const what = scenario === "sync" ? "sync" : "change";
  const lost = scenario === "sync" ? allLost.sync : allLost.programming;
  const seen = own.flatMap(({ ns }) => (ns === null ? [] : [ns]));
  const errorNs = Math.max(0, ...clockErrorNs.values());
  const middle = seen.length === 0 ? Number.POSITIVE_INFINITY : median(seen);
  return [
    seen.length < own.length &&
      `of ${countOf(own.length, what)}, ${own.length - seen.length} did not reach a node in time: they are in no time`,
    lost > 0 &&
      `${countOf(lost, what)} ${lost === 1 ? "was" : "were"} lost, because the API server, a stream to a pod or a Service's address failed`,
    errorNs > ERROR_SHARE * middle &&
      `the clocks of pods and of this machine agree to ${formatNs(errorNs)}, and half the times are below ${formatNs(middle)}`,
  ].filter((note) => note !== false);
}

/** How one node followed: p50, p90 and the slowest of its times. */
function factsOfNode(name: string, times: readonly ChangeTime[]): [string, number][] {
  const sorted = Float64Array.from(times.flatMap(({ ns }) => (ns === null ? [] : [ns]))).sort();
  const slowest = sorted.at(-1);
  if (slowest === undefined) return [];
  return [
    [`${name} p50 ns`, Math.round(quantileSorted(sorted, 0.5))],
    [`${name} p90 ns`, Math.round(quantileSorted(sorted, 0.9))],
    [`${name} slowest ns`, slowest],
  ];
}
