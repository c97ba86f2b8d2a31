/** What the kernel lane measures: its table of contents. */

import type { KernelCatalog, KernelScenario } from "../src/kernel/catalog.js";
import { type KernelPlaneId, kernelPlaneInfo, PROXY_PLANES } from "../src/kernel/plane.js";
import { isCiliumPlane } from "../src/kernel/planes/cilium/id.js";
import type { KernelLane } from "../src/kernel/testbed/sandbox.js";
import { COLD_STARTS, KERNEL_PROFILES } from "./profiles.js";

/**
 * From the same rounds come connect(), a request over it and the BPF lookup alone; from before them loading the rules, and
 * what these take of memory; and after them endpoints join and leave.
 */
const SCENARIOS: readonly KernelScenario[] = [
  ...(["programming", "connect", "established", "lookup", "sync", "cold-start"] as const),
  ...(["memory", "update", "proxy-memory"] as const),
];

const median = "median over changes, each of one endpoint";
const reports: KernelCatalog["reports"] = {
  programming: {
    label: "Programming one endpoint change, by the program itself",
    question: "How long until a change of the API reaches connections?",
    unit: "ns",
    axis: "services",
    positionMatters: false,
    captions: {
      kernel: `From the API's event to the end of kube-proxy's sync or Cilium's last write, ${median}`,
      "kernel/visible": `From the API's event to the first connect() that follows it, ${median}`,
      "kernel/rollout":
        "From the first of 100 events to the end of the sync, or the last write, that has them all",
      cluster: `From the API server's answer to the first connection that a new endpoint gets, ${median}`,
      "cluster/leaves": `From the API server's answer to the last connection that a removed endpoint gets, ${median}`,
      "cluster/new": `From the API server's answer to the first connection to a new Service, ${median}`,
    },
  },
  "cold-start": {
    label: "Loading a new node's nftables rules, at once and in stages",
    question: "What does a map of each Service cost a node that starts, and do smaller transactions help?",
    unit: "ns",
    axis: "services",
    positionMatters: false,
    captions: { kernel: "Time of nft to load every Service of a new node, all transactions together" },
  },
  "proxy-memory": {
    label: "Memory of the program, its tools and the kernel",
    question: "What does programming a node take of its memory?",
    unit: "counts",
    axis: "services",
    positionMatters: false,
    captions: { kernel: "Peak resident memory (VmHWM) of the program in its first sync, and of its tools" },
  },
};

/** Of the tools that write: their time in the kernel. */
const IN_KERNEL = "writing, in the kernel";
/** What a visit of a real program measures, by scenario. */
const PROGRAM_VARIANTS: Readonly<Partial<Record<KernelScenario, readonly string[]>>> = {
  programming: ["", "visible", "rollout", "listing", "writing", IN_KERNEL, "rest"],
  connect: [""],
  established: [""],
  sync: ["first", "first, CPU"],
  "proxy-memory": [""],
};
const PROGRAM_SIZES = [1, 100, 1000, 5000, 10_000];

/** Of `update`: iptables written whole, as kube-proxy does once an hour, next to what it writes each time. */
const FULL_SYNC = "full";

/** Baselines load nothing. */
function measures(scenario: KernelScenario, plane: KernelPlaneId): boolean {
  if (["programming", "proxy-memory", "cold-start"].includes(scenario)) return false;
  if (["sync", "memory", "update"].includes(scenario)) return PROXY_PLANES.includes(plane);
  return scenario !== "lookup" || kernelPlaneInfo(plane).lookup;
}

/** Models that are timed in the same blocks, in this kernel's lane. */
function isCompared(lane: KernelLane, plane: KernelPlaneId, services: number): boolean {
  return lane !== "guest" && services <= kernelPlaneInfo(plane).comparedUpTo;
}

const SIZES = [1, 100, 1000, 5000, 10_000, 20_000];
/** Everything takes minutes to load there. */
const MOST_IN_GUEST = 10_000;

/** N of a plane. */
function sizes(lane: KernelLane, plane: KernelPlaneId): readonly number[] {
  const most = Math.min(
    kernelPlaneInfo(plane).loadedUpTo,
    lane === "guest" ? MOST_IN_GUEST : Number.POSITIVE_INFINITY,
  );
  return SIZES.filter((services) => services <= most);
}

/** N at which services change, of those that are loaded: two seconds a time for iptables at 10,000. */
const UPDATE_SIZES = [1, 100, 1000, 10_000];
/** A full sync of iptables-nft at 5,000 services took more than two minutes. */
const MAX_FULL_SYNC = 1000;

/** Variants of `update` that are measured of a plane at an N; `asked`: these N were asked for by name. */
function updateVariants(
  lane: KernelLane,
  plane: KernelPlaneId,
  services: number,
  asked: boolean,
): readonly string[] {
  if (!measures("update", plane) || !(asked || UPDATE_SIZES.includes(services))) return [];
  const inFull = kernelPlaneInfo(plane).fullSync && lane === "kernel" && services <= MAX_FULL_SYNC;
  return ["", ...(inFull ? [FULL_SYNC] : [])];
}

export const KERNEL: KernelCatalog = {
  scenarios: SCENARIOS,
  profiles: KERNEL_PROFILES,
  reports,
  // Of Cilium's maps the kernel itself tells, of kube-proxy's rules nobody does.
  programVariants: (scenario, plane) => {
    if (!isCiliumPlane(plane)) return PROGRAM_VARIANTS[scenario] ?? [];
    if (scenario === "memory") return [""];
    // It runs no tools.
    return (PROGRAM_VARIANTS[scenario] ?? []).filter((variant) => variant !== IN_KERNEL);
  },
  programSizes: PROGRAM_SIZES,
  fullSync: FULL_SYNC,
  coldStarts: COLD_STARTS,
  measures,
  isCompared,
  sizes,
  updateVariants,
};
