/** What the kernel lane measures: its table of contents. */

import type { KernelCatalog, KernelProfile, KernelScenario } from "../src/kernel/catalog.js";
import { KERNEL_PLANE_IDS, type KernelPlaneId, PROXY_PLANES } from "../src/kernel/plane.js";
import { isCiliumPlane } from "../src/kernel/planes/cilium/id.js";
import type { KernelLane } from "../src/kernel/testbed/sandbox.js";

/**
 * From the same rounds come connect(), a request over it and the BPF lookup alone; from before them loading the rules, and
 * what these take of memory; and after them endpoints join and leave.
 */
const SCENARIOS: readonly KernelScenario[] = [
  ...(["programming", "connect", "established", "lookup", "sync", "cold-start"] as const),
  ...(["memory", "update", "proxy-memory"] as const),
];

/** The planes that the article is about, and what they are compared with. */
const MAIN: readonly KernelPlaneId[] = ["direct", "direct-conntrack", "ebpf", "nftables", "iptables"];
const VERSIONS = ["1.37", "1.36", "1.35", "1.34"];
const versionsOf = (mode: string) => VERSIONS.map((version) => `kube-proxy/${mode}@${version}`);

/** As it is installed, with changes gathered for 500 ms; at once; and where packets are balanced instead of sockets. */
const CILIUM = ["cilium@1.20", "cilium/unbuffered@1.20", "cilium/tc@1.20"];

const PROFILES: readonly KernelProfile[] = [
  {
    id: "quick",
    planes: MAIN,
    programs: ["kube-proxy/nftables@1.37", "kube-proxy/iptables-legacy@1.37"],
    mostServices: 1000,
    // An interval needs six rounds; three give a range.
    ...{ rounds: 3, connections: 500, updates: 3 },
    ...{ changes: 5, starts: 1, rollout: 100 },
    ...{ coldStarts: 1, coldStartServices: 0 },
    ...{ cellSeconds: 20, runSeconds: 110 },
  },
  {
    id: "default",
    planes: [...MAIN.slice(0, 3), "ebpf-tc", "calico-ebpf", "nftables", "iptables-nft", "iptables"],
    programs: [
      ...["kube-proxy/nftables@1.37", "kube-proxy/nftables@1.36", "kube-proxy/iptables-legacy@1.37"],
      ...CILIUM.slice(0, 2),
    ],
    mostServices: 5000,
    ...{ rounds: 6, connections: 1000, updates: 6 },
    ...{ changes: 10, starts: 2, rollout: 100 },
    ...{ coldStarts: 1, coldStartServices: 1000 },
    ...{ cellSeconds: 60, runSeconds: 400 },
  },
  {
    id: "full",
    planes: KERNEL_PLANE_IDS,
    programs: [...["nftables", "iptables-legacy", "iptables-nft"].flatMap(versionsOf), ...CILIUM],
    mostServices: 20_000,
    ...{ rounds: 10, connections: 1000, updates: 6 },
    ...{ changes: 21, starts: 3, rollout: 100 },
    ...{ coldStarts: 3, coldStartServices: 10_000 },
    ...{ cellSeconds: 600, runSeconds: null },
  },
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
    captions: { kernel: "Bytes resident at the peak of the first sync" },
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

/** kube-proxy's three layouts of nftables (1.34's is that of 1.35), and how many services a transaction has. */
const COLD_STARTS: KernelCatalog["coldStarts"] = {
  planes: ["nftables@1.35", "nftables@1.36", "nftables@1.37"],
  sizes: [1000, 5000, 10_000],
  stages: { "": null, "1,000 a transaction": 1000, "250 a transaction": 250 },
};

/** Of `update`: iptables written whole, as kube-proxy does once an hour, next to what it writes each time. */
const FULL_SYNC = "full";

/** Planes with a BPF program that does one lookup: `ebpf-tc` does the one of `ebpf`. */
const LOOKUPS: readonly KernelPlaneId[] = ["ebpf", "ebpf-maglev", "calico-ebpf"];

/** Baselines load nothing, and only BPF programs can be run without a network. */
function measures(scenario: KernelScenario, plane: KernelPlaneId): boolean {
  if (["programming", "proxy-memory", "cold-start"].includes(scenario)) return false;
  if (["sync", "memory", "update"].includes(scenario)) return PROXY_PLANES.includes(plane);
  return scenario !== "lookup" || LOOKUPS.includes(plane);
}

/** Models that are timed in the same blocks, in this kernel's lane. Maglev's tables take a model seconds to build at each replicate. */
function isCompared(lane: KernelLane, plane: KernelPlaneId, services: number): boolean {
  if (lane === "guest") return false;
  return ["iptables", "ebpf", "calico-ebpf"].includes(plane) || (plane === "ebpf-maglev" && services <= 1000);
}

/** N of a plane. nft takes minutes to load 20,000 services, and so does everything in the guest. */
function sizes(lane: KernelLane, plane: KernelPlaneId): readonly number[] {
  const common = [1, 100, 1000, 5000, 10_000];
  return plane === "nftables" || lane === "guest" ? common : [...common, 20_000];
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
  const inFull = plane.startsWith("iptables") && lane === "kernel" && services <= MAX_FULL_SYNC;
  return ["", ...(inFull ? [FULL_SYNC] : [])];
}

export const KERNEL: KernelCatalog = {
  scenarios: SCENARIOS,
  profiles: PROFILES,
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
