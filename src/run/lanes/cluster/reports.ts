/** What probes in a cluster measured, as replicates. Pure: no clock, no process, no network. */

import type { Protocol } from "../../../cluster-lane/bounds.js";
import type { DetectedPlane } from "../../../cluster-lane/inspect/detect.js";
import type { Probed } from "../../../cluster-lane/measure.js";
import type { PathTimes, PlacedTimes, ProbeLog, ProbeRound } from "../../../cluster-lane/probe-reports.js";
import { thin } from "../../../measure/replicate/samples.js";
import type { PlaneReport } from "../../../planes/descriptor.js";
import { idleFacts } from "../../../results/live/idle-states.js";
import { addOutcome } from "../../../results/runs/outcomes.js";
import type { Cell, Replicate, Results } from "../../../results/schema.js";
import { quantileSorted } from "../../../stats/quantile.js";
import { countOf as countText, formatCount } from "../../../text.js";
import { emptyReplicate } from "../replicate.js";
import { type ConnectionPart, connectionsOf } from "./variants.js";

/** Scenarios that come from connections, both from the same. */
const CONNECTIONS = ["connect", "established"] as const;
type ConnectionScenario = (typeof CONNECTIONS)[number];

const TIMES: Readonly<Record<ConnectionScenario, (times: PathTimes) => number[]>> = {
  connect: ({ connectNs }) => connectNs,
  established: ({ exchangeNs }) => exchangeNs,
};

/** Kept of a cell, one by one: 200 lie beyond its p99.9. A minute of three nodes is 180,000. */
const MOST_SINGLES = 200_000;

/** Others' Services are spoken of where they are this share of ours. */
const OTHERS_SHARE = 0.1;

/** What the reports hold in addition to times. */
export interface ClusterFacts {
  readonly plane: DetectedPlane;
  readonly otherServices: number;
  readonly seed: number;
  /** Id of the plane that stands for connections to endpoints themselves. */
  readonly bare: string;
  /** Whether nodes are called by their names. */
  readonly names: boolean;
}

/** Adds what was measured at one N to its cells. Every round of every node is a replicate. */
export function addProbed(
  results: Results,
  services: number,
  probed: readonly Probed[],
  facts: ClusterFacts,
): void {
  for (const [index, cell] of results.cells.entries()) {
    const connections = connectionsOf(cell.variant);
    if (cell.services !== services || !isScenario(cell.scenario) || connections === undefined) continue;
    const { protocol, part } = connections;
    const roundsOf = ({ log }: Probed) => log.rounds.filter((round) => round.protocol === protocol);
    const rounds = Math.max(0, ...probed.map((each) => roundsOf(each).length));
    const path = cell.plane === facts.bare ? "endpoint" : "service";
    const timesOf = timesAt(cell.scenario, path, part);
    const every = Math.ceil(Math.max(1, countOf(probed, timesOf, roundsOf) / MOST_SINGLES));
    for (let block = 0; block < rounds; block++) {
      for (const [node, each] of probed.entries()) {
        const round = roundsOf(each)[block];
        const times = round ? timesOf(round) : [];
        if (!round || times.length === 0) continue;
        cell.replicates.push({
          ...replicateOf(round, times, { clockNs: each.log.clockNs, every }),
          block,
          node,
          order: block * results.cells.length + index,
          seed: facts.seed,
          floorNs: middle(timesAt(cell.scenario, "endpoint", part)(round)),
        });
      }
    }
    cell.facts = {
      ...cell.facts,
      ...factsOf(cell.scenario, timesOf, ofProtocol(probed, protocol), facts, services),
    };
    for (const note of notesOf(ofProtocol(probed, protocol), services, facts.otherServices))
      addOutcome(cell, "note", note);
  }
  for (const { log } of probed) {
    for (const { outcomes } of log.rounds) {
      results.equivalence.flows += outcomes.reached + outcomes.wrong;
      results.equivalence.disagreements += outcomes.wrong;
    }
  }
}

/** Whether one of these connections belongs to a part. */
const BELONGS: Readonly<Record<ConnectionPart, (times: PlacedTimes, i: number) => boolean>> = {
  all: () => true,
  "same node": ({ isNear }, i) => isNear[i] === true,
  "other node": ({ isNear }, i) => isNear[i] !== true,
  IPv4: ({ isIpv6 }, i) => isIpv6[i] !== true,
  IPv6: ({ isIpv6 }, i) => isIpv6[i] === true,
};

/** What a scenario takes from a round, of the connections of a part. */
function timesAt(scenario: ConnectionScenario, path: "service" | "endpoint", part: ConnectionPart) {
  return ({ [path]: times }: Readonly<Record<typeof path, PlacedTimes>>): number[] =>
    TIMES[scenario](times).filter((_, i) => BELONGS[part](times, i));
}

interface OfProtocol {
  readonly node: string;
  readonly log: Omit<ProbeLog, "loopback"> & {
    readonly loopback: PathTimes;
  };
}

/** What probes measured with one protocol. */
function ofProtocol(probed: readonly Probed[], protocol: Protocol): OfProtocol[] {
  return probed.map(({ node, log }) => ({
    node,
    log: {
      ...log,
      rounds: log.rounds.filter((round) => round.protocol === protocol),
      loopback: log.loopback[protocol] ?? { connectNs: [], exchangeNs: [] },
    },
  }));
}

function isScenario(id: string): id is ConnectionScenario {
  return (CONNECTIONS as readonly string[]).includes(id);
}

/** Connections of all rounds of all probes. */
function countOf(
  probed: readonly Probed[],
  timesOf: (round: ProbeRound) => number[],
  roundsOf: (each: Probed) => readonly ProbeRound[],
): number {
  return probed.flatMap(roundsOf).reduce((sum, round) => sum + timesOf(round).length, 0);
}

function replicateOf(
  round: ProbeRound,
  times: readonly number[],
  { clockNs, every }: { readonly clockNs: number; readonly every: number },
): Replicate {
  return {
    ...emptyReplicate(clockNs),
    wallMs: round.wallMs,
    samples: thin(times),
    median: middle(times),
    // A connection is no lookup: what it visits in the kernel is not known here.
    singles: { ns: times.filter((_, i) => i % every === 0), visited: [] },
    checkedBatches: times.length,
  };
}

const middle = (values: readonly number[]): number => at(values, 0.5);

function at(values: readonly number[], share: number): number {
  return values.length === 0 ? 0 : Math.round(quantileSorted(Float64Array.from(values).sort(), share));
}

/** Of each node, as a cell has them of all. */
const PERCENTILES = [
  ["p01", 0.01],
  ["p50", 0.5],
  ["p90", 0.9],
  ["p99", 0.99],
  ["p999", 0.999],
] as const;

function factsOf(
  scenario: ConnectionScenario,
  timesOf: (round: ProbeRound) => number[],
  probed: readonly OfProtocol[],
  { plane, otherServices, names }: ClusterFacts,
  services: number,
): Cell["facts"] {
  const loopback = probed.flatMap(({ log }) => TIMES[scenario](log.loopback));
  const rounds = probed.flatMap(({ log }) => log.rounds);
  const wallSeconds = rounds.reduce((sum, { wallMs }) => sum + wallMs, 0) / 1000;
  const cpuSeconds = rounds.reduce((sum, { cpuUs }) => sum + cpuUs, 0) / 1e6;
  const tried = rounds.reduce((sum, { outcomes }) => sum + total(outcomes), 0);
  const nodes = probed.flatMap(({ node, log }, i): [string, number][] => {
    const sorted = Float64Array.from(log.rounds.flatMap(timesOf)).sort();
    const name = names ? node : `node ${i + 1}`;
    if (sorted.length === 0) return [];
    return PERCENTILES.map(([percentile, share]) => [
      `${name} ${percentile} ns`,
      Math.round(quantileSorted(sorted, share)),
    ]);
  });
  return {
    program: plane.program,
    version: plane.version ?? "unknown",
    foundBy: plane.source,
    servicesInCluster: services + otherServices,
    loopbackP50Ns: at(loopback, 0.5),
    loopbackP99Ns: at(loopback, 0.99),
    clockResolutionNs: Math.max(0, ...probed.map(({ log }) => log.resolutionNs)),
    clockReadingNs: Math.max(0, ...probed.map(({ log }) => log.clockNs)),
    connectionsPerSecondAndNode: Math.round(tried / Math.max(wallSeconds, 0.001)),
    probeCores: Number((cpuSeconds / Math.max(wallSeconds, 0.001)).toFixed(3)),
    ...idleFacts(probed.flatMap(({ log }) => log.idleStates)),
    slowestSettledMs: Math.max(0, ...probed.map(({ log }) => log.settledMs)),
    ...Object.fromEntries(nodes),
  };
}

const total = (outcomes: ProbeRound["outcomes"]): number =>
  Object.values(outcomes).reduce((sum, count) => sum + count, 0);

function notesOf(probed: readonly OfProtocol[], services: number, otherServices: number): string[] {
  const sums = new Map<string, number>();
  let tried = 0;
  for (const { log } of probed) {
    for (const { outcomes } of log.rounds) {
      tried += total(outcomes);
      for (const [outcome, count] of Object.entries(outcomes)) {
        if (outcome !== "reached" && count > 0) sums.set(outcome, (sums.get(outcome) ?? 0) + count);
      }
    }
  }
  const failures = [...sums].map(([outcome, count]) => `${formatCount(count)} ${WORDS[outcome] ?? outcome}`);
  return [
    failures.length > 0 &&
      `of ${formatCount(tried)} connections, to Services and to endpoints, ${failures.join(", ")}: they are in no time`,
    otherServices > OTHERS_SHARE * services &&
      services > 1 &&
      `there ${otherServices === 1 ? "is" : "are"} ${countText(otherServices, "other Service")}: N is ${formatCount(services + otherServices)} in all`,
  ].filter((note) => note !== false);
}

const WORDS: Readonly<Record<string, string>> = { timedOut: "timed out", wrong: "reached another endpoint" };

/** How a plane is shown that no model and no other lane has. */
export function reportOfPlane({ id, program }: DetectedPlane): PlaneReport {
  const label = program === "unknown" ? id : program;
  return {
    label,
    shortLabel: label,
    columnLabel: label,
    colours: { light: "#0072B2", lightLabel: "#0072B2", dark: "#56B4E9" },
    marker: "rectRot",
    order: 95,
    role: "proxy",
    structure: "none",
    claims: [],
    memoryModelled: false,
  };
}
