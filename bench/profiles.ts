/** How much is measured: the benchmark's table of contents. */

import { PLANE_IDS, type PlaneId } from "../src/planes/plane.js";

export interface Profile {
  readonly id: string;
  readonly label: string;
  readonly planes: readonly PlaneId[];
  readonly services: readonly number[];
  /** Largest N of planes whose tables take too long to build: Maglev costs 0.3-0.4 ms and 64 KiB a service. */
  readonly maxServices: Partial<Readonly<Record<PlaneId, number>>>;
  readonly scenarios: readonly string[];
  /** Fresh processes per cell. An interval needs six; with fewer a range is printed. */
  readonly replicates: number;
  readonly warmupMs: number;
  readonly measureMs: number;
  readonly entry: "clusterIp" | "nodePort";
  readonly endpointsPerService: number;
  /** What is drawn after the run; `lbscale report` draws the rest. */
  readonly themes: readonly ("light" | "dark")[];
  readonly images: readonly ("png" | "svg")[];
}

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
    services: [1, 100, 1000, 10_000],
    maxServices: { "ebpf-maglev": 1000 },
    replicates: 3,
    warmupMs: 10,
    measureMs: 15,
    themes: ["light"],
    images: ["png"],
  },
  {
    ...common,
    id: "default",
    label: "the main job, within 3 minutes",
    services: [1, 10, 100, 1000, 5000, 10_000, 30_000],
    maxServices: { "ebpf-maglev": 10_000 },
    replicates: 7,
    warmupMs: 30,
    measureMs: 80,
  },
  {
    ...common,
    id: "article",
    label: "the published chart's services and NodePorts",
    // 2768 is the size of the default NodePort range: every service is a NodePort, entered at node address:nodePort.
    services: [1, 100, 1000, 2000, 2768],
    maxServices: {},
    entry: "nodePort",
    replicates: 7,
    warmupMs: 30,
    measureMs: 80,
  },
  {
    ...common,
    id: "full",
    label: "everything, up to 100,000 services",
    services: [1, 10, 100, 1000, 5000, 10_000, 30_000, 100_000],
    maxServices: { "ebpf-maglev": 10_000 },
    replicates: 10,
    warmupMs: 100,
    measureMs: 200,
  },
];
