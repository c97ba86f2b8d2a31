/** How much is measured: the benchmark's table of contents. */

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
    servicesOf: {
      "ebpf-maglev": [1, 10, 100, 1000, 5000],
      "calico-ebpf": [1, 10, 100, 1000, 10_000, 30_000],
    },
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
    label: "the published chart's services and NodePorts",
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
    label: "everything, up to 100,000 services",
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
