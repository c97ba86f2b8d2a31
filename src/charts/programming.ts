/** kube-proxy and Cilium at work: how long a change takes to reach connections, a node's start, and what both cost. */

import { type Described, planeLabel } from "../results/descriptors.js";
import type { Cell } from "../results/schema.js";
import { formatDecimalBytes, plainText } from "../text.js";
import { joinParts } from "./caption-text.js";
import { countsChart } from "./counts.js";
import { scalingChart } from "./scaling.js";

const changes = {
  measure: { lane: "kernel", scenario: "programming" },
  findings: ["kernel-programming"],
  neutralTitle: "Programming one endpoint change by the programs themselves",
  floor: false,
} as const;

/** How long programs put changes off: kube-proxy's own period is excluded, Cilium's is what its plane says. */
function periods(more?: string) {
  return (results: Described, cells: readonly Cell[]): string => {
    const waits = new Map(
      cells.flatMap(({ plane, facts }) =>
        facts.reflectorWaitTime === undefined ? [] : [[plane, facts.reflectorWaitTime]],
      ),
    );
    return joinParts([
      cells.some(({ plane }) => !waits.has(plane)) &&
        "kube-proxy's minimum sync period is 1 ms here: by default syncs begin at least 1 s apart",
      ...[...waits].map(
        ([plane, wait]) =>
          `${planeLabel(results, plane)} gathers changes for up to ${plainText(String(wait), 20)}`,
      ),
      more,
    ]);
  };
}

export const kernelProgramming = scalingChart({
  ...changes,
  id: "kernel-programming",
  title: "Time until one endpoint change has been programmed, log–log",
  note: periods("endpoints join, leave and are replaced in turn"),
});

export const kernelProgrammingVisible = scalingChart({
  ...changes,
  id: "kernel-programming-visible",
  title: "Time until one endpoint change is seen by new connections, log–log",
  measure: { ...changes.measure, variants: ["visible"] },
  plain: "visible",
  // The finding is about the end of the sync, which new connections need not wait for.
  findings: [],
  neutralTitle: "Until new connections follow one endpoint change",
  note: periods("seen by a client that connects all the time, at most five times per millisecond"),
});

export const kernelRollout = scalingChart({
  ...changes,
  id: "kernel-rollout",
  title: "Time until a rollout of 100 endpoints has been programmed, log–log",
  measure: { ...changes.measure, variants: ["rollout"] },
  plain: "rollout",
  findings: [],
  neutralTitle: "Programming a rollout of 100 endpoints",
  note: periods("an event for each endpoint, all sent at once"),
});

/** Of Cilium's agent a part is measured. */
const control = (_: Described, cells: readonly Cell[]): string | false =>
  cells.some(({ facts }) => facts.cilium !== undefined) &&
  "of Cilium, its load-balancing control plane alone and not the agent";

const start = {
  measure: { lane: "kernel", scenario: "sync", variants: ["first"] },
  plain: "first",
  findings: ["kernel-first-sync"],
  neutralTitle: "Starting the program on a node without rules",
  floor: false,
} as const;

export const kernelFirstSync = scalingChart({
  ...start,
  id: "kernel-first-sync",
  title: "Time from a program's start until the last Service answers, log–log",
  note: "32 Services are watched, all others checked afterwards",
});

export const kernelFirstSyncCpu = scalingChart({
  ...start,
  id: "kernel-first-sync-cpu",
  title: "Processor time of a program and its tools for the first sync, log–log",
  measure: { ...start.measure, variants: ["first, CPU"] },
  plain: "first, CPU",
  findings: [],
  neutralTitle: "Processor time of a first sync",
  note: control,
});

export const kernelProxyMemory = countsChart({
  id: "kernel-proxy-memory",
  title: "Memory of a program at the peak of its first sync, log–log",
  lane: "kernel",
  scenario: "proxy-memory",
  value: (counts) => counts.bytes ?? null,
  format: formatDecimalBytes,
  findings: [],
  neutralTitle: "Memory of the programs by number of Services",
  subtitle: "Peak resident memory of a program in its first sync (VmHWM)",
  note: "tools that it runs, slabs and vmalloc of the kernel: counts.csv · of Cilium, its load balancing alone and not the agent",
});
