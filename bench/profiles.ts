/** How much is measured: the benchmark's table of contents. */

import type { KernelCatalog, KernelProfile } from "../src/kernel/catalog.js";
import { KERNEL_PLANE_IDS, type KernelPlaneId } from "../src/kernel/plane.js";
import type { Profile } from "../src/measure/catalog.js";
import { PLANE_IDS } from "../src/planes/registry-loader.js";

const common = {
  planes: PLANE_IDS,
  scenarios: ["lookup"],
  entry: "clusterIp",
  endpointsPerService: 4,
  themes: ["light", "dark"],
  images: ["png", "svg"],
} as const;

export const PROFILES: readonly Profile[] = [
  {
    ...common,
    id: "quick",
    label: "a first look in 20 seconds",
    // A process takes 0.3 s, whatever it measures: with all planes at 1,000 services a busy machine needed 23 seconds. Laws of
    // work need four sizes, which the list and the hash table that it is compared with get. Laws of time need six replicates.
    services: [1, 100, 1000, 10_000],
    servicesOf: {
      "ebpf-maglev": [1, 100],
      ipvs: [1, 10_000],
      nftables: [1, 10_000],
      "calico-ebpf": [1, 10_000],
    },
    replicates: { least: 3, most: 3 },
    budgetSeconds: null,
    suiteSeconds: null,
    warmupMs: 10,
    measureMs: 12,
    singlesMs: 10,
    themes: ["light"],
    images: ["png"],
  },
  {
    ...common,
    id: "default",
    label: "the main job, within 3 minutes",
    services: [1, 10, 100, 1000, 5000, 10_000, 30_000],
    servicesOf: { "ebpf-maglev": [1, 10, 100, 1000, 5000] },
    replicates: { least: 7, most: 42 },
    budgetSeconds: 163,
    suiteSeconds: 290,
    warmupMs: 20,
    measureMs: 40,
    singlesMs: 40,
  },
  {
    ...common,
    id: "article",
    label: "the published chart's Services and NodePorts",
    // 2768 is the size of the default NodePort range: every service is a NodePort, entered at node address:nodePort.
    services: [1, 100, 1000, 2000, 2768],
    servicesOf: {},
    entry: "nodePort",
    replicates: { least: 7, most: 42 },
    budgetSeconds: 163,
    suiteSeconds: 290,
    warmupMs: 20,
    measureMs: 40,
    singlesMs: 40,
  },
  {
    ...common,
    id: "full",
    label: "everything, up to 100,000 Services",
    services: [1, 10, 100, 1000, 5000, 10_000, 30_000, 100_000],
    servicesOf: { "ebpf-maglev": [1, 10, 100, 1000, 10_000] },
    replicates: { least: 10, most: 30 },
    budgetSeconds: 900,
    suiteSeconds: 3600,
    warmupMs: 100,
    measureMs: 200,
    singlesMs: 200,
  },
];

/** The planes that the article is about, and what they are compared with. */
const MAIN: readonly KernelPlaneId[] = ["direct", "direct-conntrack", "ebpf", "nftables", "iptables"];
const VERSIONS = ["1.37", "1.36", "1.35", "1.34"];
const versionsOf = (mode: string) => VERSIONS.map((version) => `kube-proxy/${mode}@${version}`);

/** As it is installed, with changes gathered for 500 ms; at once; and where packets are balanced instead of sockets. */
const CILIUM = ["cilium@1.20", "cilium/unbuffered@1.20", "cilium/tc@1.20"];

/** Of the kernel lane, by the ids of the profiles above. */
export const KERNEL_PROFILES: readonly KernelProfile[] = [
  {
    id: "quick",
    planes: MAIN,
    programs: ["kube-proxy/nftables@1.37", "kube-proxy/iptables-legacy@1.37"],
    mostServices: 1000,
    // An interval needs six rounds; three give a range.
    rounds: 3,
    connections: 500,
    updates: 3,
    changes: 5,
    starts: 1,
    rollout: 100,
    coldStarts: 1,
    coldStartServices: 0,
    cellSeconds: 20,
    runSeconds: 110,
  },
  {
    id: "default",
    planes: [...MAIN.slice(0, 3), "ebpf-tc", "calico-ebpf", "nftables", "iptables-nft", "iptables"],
    programs: [
      ...["kube-proxy/nftables@1.37", "kube-proxy/nftables@1.36", "kube-proxy/iptables-legacy@1.37"],
      ...CILIUM.slice(0, 2),
    ],
    mostServices: 5000,
    rounds: 6,
    connections: 1000,
    updates: 6,
    changes: 10,
    starts: 2,
    rollout: 100,
    coldStarts: 1,
    coldStartServices: 1000,
    cellSeconds: 60,
    runSeconds: 400,
  },
  {
    id: "full",
    planes: KERNEL_PLANE_IDS,
    programs: [...["nftables", "iptables-legacy", "iptables-nft"].flatMap(versionsOf), ...CILIUM],
    mostServices: 20_000,
    rounds: 10,
    connections: 1000,
    updates: 6,
    changes: 21,
    starts: 3,
    rollout: 100,
    coldStarts: 3,
    coldStartServices: 10_000,
    cellSeconds: 600,
    runSeconds: null,
  },
];

/** kube-proxy's three layouts of nftables (1.34's is that of 1.35), and how many services a transaction has. */
export const COLD_STARTS: KernelCatalog["coldStarts"] = {
  planes: ["nftables@1.35", "nftables@1.36", "nftables@1.37"],
  sizes: [1000, 5000, 10_000],
  stages: { "": null, "1,000 a transaction": 1000, "250 a transaction": 250 },
};
