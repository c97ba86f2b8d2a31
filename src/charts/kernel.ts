/** The kernel lane's charts: connections through the real data planes. Never on one axis with the models'. */

import { type Described, planeLabel } from "../results/descriptors.js";
import type { Cell } from "../results/schema.js";
import { formatDecimalBytes } from "../text.js";
import { joinParts } from "./caption-text.js";
import { columnsChart } from "./columns.js";
import { countsChart } from "./counts.js";
import { percentilesChart } from "./percentiles.js";
import { positionChart } from "./position.js";
import { scalingChart } from "./scaling.js";

/** What words in labels mean, where a label has them. */
const WORDS = {
  "no proxy": "no proxy: the same clients straight to an endpoint, in the same rounds",
  tracked: "tracked: with conntrack on",
  "kube-proxy 1": "kube-proxy with a version: the program itself, other rules are lbscale's",
  eBPF: "eBPF: lbscale's own programs on maps laid out as Cilium's and Calico's",
} as const;

function wordsNote(results: Described, cells: readonly Cell[]): string {
  const labels = cells.map(({ plane }) => planeLabel(results, plane)).join("\n");
  return joinParts(Object.entries(WORDS).map(([word, meaning]) => labels.includes(word) && meaning));
}

const connect = {
  measure: { lane: "kernel", scenario: "connect" },
  findings: ["kernel-connect"],
  neutralTitle: "TCP connect time by number of Kubernetes Services",
  note: wordsNote,
  // Most of any connection is not the proxy's: the line `no proxy` shows it.
  floor: false,
} as const;

export const kernelColumns = columnsChart({
  ...connect,
  id: "kernel-columns",
  title: "TCP connect time through the real kernel, as clustered columns",
});

export const kernelScaling = scalingChart({
  ...connect,
  id: "kernel-scaling",
  title: "TCP connect time through the real kernel against the number of Services, log–log",
});

export const kernelLatency = scalingChart({
  ...connect,
  id: "kernel-latency",
  title: "TCP connect time through the real kernel against the number of Services, linear",
  scale: "linear",
});

export const kernelEstablished = scalingChart({
  id: "kernel-established",
  title: "A request and its answer over an open connection through the real kernel, log–log",
  measure: { lane: "kernel", scenario: "established" },
  findings: ["kernel-established"],
  neutralTitle: "A request over an open connection",
  floor: false,
});

export const kernelSync = scalingChart({
  id: "kernel-sync",
  title: "Time to load all rules and maps into the real kernel, log–log",
  measure: { lane: "kernel", scenario: "sync" },
  findings: [],
  neutralTitle: "Loading all Services into the kernel",
  floor: false,
});

const update = {
  title: "Time until one endpoint change is in the real kernel, log–log",
  findings: ["kernel-update"],
  neutralTitle: "Writing one endpoint change into the kernel",
  floor: false,
} as const;
const toolTime = "a tool's time from its start to its end; the start alone: floorNs in results.json";
const checked = "connections checked after each change";

export const kernelUpdate = scalingChart({
  ...update,
  id: "kernel-update",
  measure: { lane: "kernel", scenario: "update", variants: ["", "full"] },
  note: `${toolTime} · iptables: partial sync, dashed: full · the writer of BPF maps represents an agent, which is already running · ${checked}`,
});

export const guestUpdate = scalingChart({
  ...update,
  id: "guest-update",
  title: "Time until one endpoint change is in a user-mode Linux guest's kernel, log–log",
  measure: { lane: "guest", scenario: "update" },
  findings: ["guest-update"],
  neutralTitle: "Writing one endpoint change into a guest's kernel",
  note: `${toolTime} · iptables: partial sync · ipvsadm represents an agent, which is already running · ${checked}`,
});

export const kernelMemory = countsChart({
  id: "kernel-memory",
  title: "Memory of the loaded program as the real kernel reports it, log–log",
  lane: "kernel",
  scenario: "memory",
  value: (counts) => counts.bytes ?? null,
  format: formatDecimalBytes,
  findings: ["kernel-memory"],
  neutralTitle: "Memory in the kernel by number of Kubernetes Services",
  subtitle: "Bytes of rules, tables and maps",
  note: "iptables: IPT_SO_GET_INFO, nat and filter · eBPF: memlock of maps with room for 65,536 entries or more, without connection state · nftables, iptables-nft: slab difference, noisy, not drawn below 512 KiB",
});

const guest = {
  measure: { lane: "guest", scenario: "connect" },
  findings: ["guest-connect"],
  neutralTitle: "TCP connect time of IPVS and iptables in one guest",
  note: "all lines in the same guest, in the same rounds: not comparable with the numbers of this machine's kernel",
  floor: false,
} as const;

export const guestColumns = columnsChart({
  ...guest,
  id: "guest-columns",
  title: "TCP connect time in a user-mode Linux guest, IPVS and iptables, as clustered columns",
});

export const guestLatency = scalingChart({
  ...guest,
  id: "guest-latency",
  title: "TCP connect time in a user-mode Linux guest against the number of Services, linear",
  scale: "linear",
});

export const kernelPosition = positionChart({
  id: "kernel-position",
  title: "TCP connect time through the real kernel against the entries that the flow visits, log–log",
  measure: connect.measure,
  findings: [],
  what: "connection",
});

/** The sizes of the Kubernetes blog's chart, and where its last one is too large for a plane, the next. */
export const kernelPercentiles = [5000, 10_000, 20_000].map((services) =>
  percentilesChart({
    id: `kernel-percentiles-${services}`,
    title: `p01, p50, p90 and p99 of TCP connect time through the real kernel at ${services} Services`,
    measure: connect.measure,
    services,
    what: "connection",
  }),
);
