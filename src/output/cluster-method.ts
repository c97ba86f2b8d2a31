/** How a live cluster was measured, in words: what is below can't be told from the measuring itself. */

import { idleWords } from "../results/live/idle-states.js";
import { otherServices } from "../results/live/live-nodes.js";
import type { Cell, Results } from "../results/schema.js";
import { selectCells } from "../results/select.js";
import { maxOf, minOf } from "../stats/extent.js";
import { formatCount, formatNs } from "../text.js";

export const isLive = ({ lane }: Pick<Cell, "lane">): boolean => lane === "cluster";

/** The method in a few sentences; empty where no cell is of a live cluster. */
export function clusterSentences(results: Results): string[] {
  const { equivalence } = results;
  const live = selectCells(results, { lane: "cluster" });
  if (live.length === 0) return [];
  const changes = live.some(({ facts }) => facts.clockErrorNs !== undefined);
  const connections = live.some(({ facts }) => facts.loopbackP50Ns !== undefined);
  return [
    ...(connections
      ? [
          `In a live cluster, a probe on each node connected to Services and to their endpoints directly, in random order. Each answer names its endpoint: ${formatCount(equivalence.flows)} connections were answered, ${equivalence.disagreements === 0 ? "every one by an endpoint of its Service" : `${formatCount(equivalence.disagreements)} by an endpoint of another Service`}. A number is the median over the rounds of all probes.`,
        ]
      : []),
    ...(changes
      ? [
          "Changes were made through the API and watched on each node. The command's clock and the pods' were compared before and after by 50 round trips each; half the shortest is their error, and each time is right to that. A number is the median over changes, each with the times of all nodes.",
        ]
      : []),
  ];
}

/** What the probes said of themselves. */
export function clusterFacts(results: Results): [string, string][] {
  const live = selectCells(results, { lane: "cluster" });
  const facts: [string, string | null][] = [
    ["Noise floor of connections (the same within one pod, median)", times(live, "loopbackP50Ns")],
    ["The probe's clock", clockOf(live)],
    ["Error of the clocks compared, at most", times(live, "clockErrorNs")],
    ["Creating the Services of a sync, first request to last answer", times(live, "creationNs")],
    ["Other Services of the cluster, which N does not count", range(otherServices(live), formatCount)],
    ["Connections per second and node", numbers(live, "connectionsPerSecondAndNode", formatCount)],
    ["Cores used by a probe", numbers(live, "probeCores", String)],
    ["States of idle CPUs, by share of idle time", idleWords(live)],
  ];
  return facts.flatMap(([name, value]): [string, string][] => (value === null ? [] : [[name, value]]));
}

function clockOf(cells: readonly Cell[]): string | null {
  const [step, reading] = [times(cells, "clockResolutionNs"), times(cells, "clockReadingNs")];
  return step === null || reading === null ? null : `steps of ${step}, ${reading} per reading`;
}

const times = (cells: readonly Cell[], fact: string): string | null => numbers(cells, fact, formatNs);

/** From the smallest to the largest of one fact. */
function numbers(cells: readonly Cell[], fact: string, format: (value: number) => string): string | null {
  return range(
    cells.map(({ facts }) => facts[fact]).filter((value) => typeof value === "number"),
    format,
  );
}

function range(values: readonly number[], format: (value: number) => string): string | null {
  if (values.length === 0) return null;
  const [low, high] = [format(minOf(values)), format(maxOf(values))];
  return low === high ? low : `${low} to ${high}`;
}
