/** The cluster lane's charts: connections in a live Kubernetes cluster. */

import { formatHundredths } from "../analysis/findings/common.js";
import { type Described, planeLabel, planeReport } from "../results/descriptors.js";
import { otherServices } from "../results/live/live-nodes.js";
import type { Cell } from "../results/schema.js";
import { selectCells } from "../results/select.js";
import { maxOf, minOf } from "../stats/extent.js";
import { formatCount, formatNs } from "../text.js";
import { joinParts } from "./caption-text.js";
import type { Chart } from "./chart.js";
import { percentilesChart } from "./percentiles.js";
import { type Floor, scalingChart } from "./scaling.js";

/** The largest of one fact of these cells, or null where none has it. */
function largest(cells: readonly Cell[], fact: string): number | null {
  const values = cells.map(({ facts }) => facts[fact]).filter((value) => typeof value === "number");
  return values.length === 0 ? null : maxOf(values);
}

function floorOf(fact: string, words: string) {
  return (cells: readonly Cell[]): Floor | null => {
    const ns = largest(cells, fact);
    return ns === null ? null : { ns, words };
  };
}

const withinPod = floorOf("loopbackP50Ns", "the same within one pod");
/** No floor where a time lies below it: within a pod, both ends may wait for one core. */
const LOOPBACK = (cells: readonly Cell[]): Floor | null => {
  const floor = withinPod(cells);
  const isBelow = ({ estimate }: Cell) => floor !== null && estimate !== null && estimate.median <= floor.ns;
  return cells.some(isBelow) ? null : floor;
};
const CLOCKS = floorOf("clockErrorNs", "error of the clocks");

const NOTE = (results: Described, cells: readonly Cell[]): string =>
  joinParts([
    cells.some(({ plane }) => planeReport(results, plane).role === "baseline") &&
      "endpoint directly: the same probes to a pod's own address, interleaved; its packets meet the plane's rules too, and match none",
    clockNote(cells),
    othersNote(cells),
  ]);

/** A plane's percentiles relative to interleaved connections to endpoints; left out where there are several planes. */
function relativeNote(results: Described, cells: readonly Cell[]): string | false {
  const [compared, ...others] = cells.filter(({ relativeToBaseline }) => relativeToBaseline !== undefined);
  if (compared?.relativeToBaseline === undefined || others.length > 0) return false;
  const { p50, p90, p99 } = compared.relativeToBaseline;
  const times = Object.entries({ p50, p90, p99 }).map(([name, of]) => `${name} ${formatHundredths(of)}`);
  return `${planeLabel(results, compared.plane)} relative to endpoint directly, interleaved: ${times.join(", ")}`;
}

/** N counts the run's own Services: what else is there is in the plane's tables as well. */
function othersNote(cells: readonly Cell[]): string | false {
  const others = otherServices(cells);
  const [least, most] = [minOf(others), maxOf(others)];
  // The Service `kubernetes` is everywhere.
  if (others.length === 0 || most <= 1) return false;
  return `N counts the run's own Services: ${least === most ? "" : `${formatCount(least)} to `}${formatCount(most)} others were there`;
}

/** What the probe's clock adds to each time. */
function clockNote(cells: readonly Cell[]): string | false {
  const [step, reading] = [largest(cells, "clockResolutionNs"), largest(cells, "clockReadingNs")];
  return (
    step !== null &&
    reading !== null &&
    `the probe's clock: steps of ${formatNs(step)}, ${formatNs(reading)} per reading`
  );
}

export const clusterConnect = scalingChart({
  id: "cluster-connect",
  title: "TCP connect time in a live cluster against the number of Services, log–log",
  measure: { lane: "cluster", scenario: "connect" },
  findings: ["cluster-connect"],
  neutralTitle: "TCP connect time in a live Kubernetes cluster",
  note: NOTE,
  floor: LOOPBACK,
});

export const clusterPercentiles = percentilesChart({
  id: "cluster-percentiles",
  title: "p01 to p99.9 of TCP connect time in a live cluster, at the largest number of Services",
  measure: { lane: "cluster", scenario: "connect" },
  services: null,
  what: "connection",
  farTail: true,
  note: (results, cells) => joinParts([relativeNote(results, cells), NOTE(results, cells)]),
});

export const clusterConnectNodes = scalingChart({
  id: "cluster-connect-nodes",
  title: "TCP connect time to an endpoint on the same node and on another, log–log",
  measure: { lane: "cluster", scenario: "connect", variants: ["same node", "other node"] },
  plain: "same node",
  findings: [],
  neutralTitle: "TCP connect time within a node and between nodes",
  note: (results, cells) =>
    joinParts([NOTE(results, cells), "dashed: the endpoint that answered is on another node"]),
  floor: LOOPBACK,
});

export const clusterConnectFamilies = scalingChart({
  id: "cluster-connect-families",
  title: "TCP connect time in a live cluster by IPv4 and by IPv6, log–log",
  measure: { lane: "cluster", scenario: "connect", variants: ["IPv4", "IPv6"] },
  plain: "IPv4",
  findings: [],
  neutralTitle: "TCP connect time to the same Services by IPv4 and by IPv6",
  note: (results, cells) =>
    joinParts([NOTE(results, cells), "dashed: by IPv6, in turns with IPv4 and in the same cluster"]),
  floor: LOOPBACK,
});

export const clusterDatagrams = scalingChart({
  id: "cluster-udp",
  title:
    "A UDP request from a new port and its answer in a live cluster against the number of Services, log–log",
  measure: { lane: "cluster", scenario: "connect", variants: ["udp"] },
  plain: "udp",
  findings: [],
  neutralTitle: "UDP request and answer in a live Kubernetes cluster",
  note: NOTE,
  floor: LOOPBACK,
});

const change = {
  measure: { lane: "cluster", scenario: "programming" },
  findings: [],
  floor: CLOCKS,
} as const;
/** The zone is where the clocks' error begins to matter; each time may be off by as much. */
const CLOCK_NOTE = (cells: readonly Cell[]): string | false => {
  const error = CLOCKS(cells);
  return (
    error !== null &&
    `clocks of pods and of the command compared: each time is right to ${formatNs(error.ns)}`
  );
};
const changeNote = (words: string) => (_: Described, cells: readonly Cell[]) =>
  joinParts([words, CLOCK_NOTE(cells), othersNote(cells)]);
const CHANGE_NOTE = changeNote(
  "20 changes, two or three seconds apart, each watched by a connection per millisecond on every node",
);

export const clusterProgramming = scalingChart({
  ...change,
  id: "cluster-programming",
  findings: ["cluster-programming"],
  title: "Time until a new endpoint gets connections in a live cluster, log–log",
  neutralTitle: "Replacing an endpoint in a live Kubernetes cluster",
  note: CHANGE_NOTE,
});

const programmingNodes = scalingChart({
  ...change,
  id: "cluster-programming-nodes",
  title:
    "Time until a new endpoint gets connections on a node, and on every node, of a live cluster, log–log",
  measure: { ...change.measure, variants: ["", "every node"] },
  neutralTitle: "Replacing an endpoint: on one node, and on every node",
  note: (results, cells) => joinParts([CHANGE_NOTE(results, cells), "dashed: the last node of each change"]),
});

/** Drawn where there are several nodes: of one alone, it would be the chart before. */
export const clusterProgrammingNodes: Chart = {
  ...programmingNodes,
  build: (results, view) =>
    selectCells(results, { variant: "every node" }).some(({ estimate }) => estimate !== null)
      ? programmingNodes.build(results, view)
      : { skipped: "changes were not watched on several nodes" },
};

export const clusterDatagramProgramming = scalingChart({
  ...change,
  id: "cluster-udp-programming",
  title: "Time until a new endpoint gets datagrams in a live cluster, log–log",
  measure: { ...change.measure, variants: ["udp"] },
  plain: "udp",
  neutralTitle: "Replacing an endpoint of a UDP Service in a live cluster",
  note: changeNote(
    "20 changes, two or three seconds apart, each watched by a datagram per millisecond, from a new port, on every node",
  ),
});

export const clusterLeaves = scalingChart({
  ...change,
  id: "cluster-programming-leaves",
  title: "Time until a removed endpoint gets no more connections in a live cluster, log–log",
  measure: { ...change.measure, variants: ["leaves"] },
  plain: "leaves",
  neutralTitle: "A removed endpoint in a live Kubernetes cluster",
  note: CHANGE_NOTE,
});

export const clusterNewService = scalingChart({
  ...change,
  id: "cluster-programming-new",
  title: "Time until a new Service answers in a live cluster, log–log",
  measure: { ...change.measure, variants: ["new"] },
  plain: "new",
  neutralTitle: "A new Service in a live Kubernetes cluster",
  note: CHANGE_NOTE,
});

export const clusterSync = scalingChart({
  ...change,
  id: "cluster-sync",
  title: "Time until the last of N Services created at once answers, log–log",
  measure: { lane: "cluster", scenario: "sync" },
  neutralTitle: "The last of N Services in a live Kubernetes cluster",
  note: (results, cells) => {
    const times = maxOf(cells.map(({ replicates }) => replicates.length));
    const words = times > 1 ? `all created and removed, ${times} times for each N` : "once for each N";
    return changeNote(`${words}; from the API server's answer to the last of them`)(results, cells);
  },
});

export const clusterEstablished = scalingChart({
  id: "cluster-established",
  title: "A request and its answer over an open connection in a live cluster, log–log",
  measure: { lane: "cluster", scenario: "established" },
  findings: [],
  neutralTitle: "A request over an open connection in a live cluster",
  note: NOTE,
  floor: LOOPBACK,
});
