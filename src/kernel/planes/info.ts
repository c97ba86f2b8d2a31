/** The planes of the kernel lane, as data: light enough for the command line and for what the lane is to measure. */

/** What the kernel lane knows of a plane before its code is loaded. */
export interface KernelPlaneInfo {
  /** `baseline`: connections go to an endpoint itself; `proxy`: rules or maps choose one. */
  readonly kind: "baseline" | "proxy";
  /** Whether the node has no rules at all: what every round of the same size is compared with. */
  readonly bare: boolean;
  /** Whether its program is one for BPF, which needs a compiler and two file systems. */
  readonly bpf: boolean;
  /**
   * Whether it runs in the guest too: `comparison`, next to what is measured there; `fallback`, where this machine's kernel
   * lacks it; null: never.
   */
  readonly guest: "comparison" | "fallback" | null;
  /** Where connections to it enter: a cluster IP, from a pod; or a load balancer's address, from a client outside the cluster. */
  readonly entry: "clusterIp" | "loadBalancer";
  /** Whether it has a program that does one lookup without a network: only BPF programs can. */
  readonly lookup: boolean;
  /** Up to how many services its model is timed in the same blocks; 0: never. */
  readonly comparedUpTo: number;
  /** Up to how many services it is loaded where none are asked for. */
  readonly loadedUpTo: number;
  /** Whether kube-proxy now and then writes all of it, next to what it writes each time. */
  readonly fullSync: boolean;
}

const common = {
  bare: false,
  bpf: false,
  entry: "clusterIp",
  lookup: false,
  comparedUpTo: 0,
  loadedUpTo: Number.POSITIVE_INFINITY,
  fullSync: false,
} as const;
const baseline = { ...common, kind: "baseline", guest: "comparison" } as const;
const proxy = { ...common, kind: "proxy", guest: null } as const;

/** In the order in which they are shown. To add a plane, add a line here and one in index.ts. */
export const KERNEL_PLANE_INFO = {
  direct: { ...baseline, bare: true },
  "direct-conntrack": baseline,
  ebpf: { ...proxy, bpf: true, lookup: true, comparedUpTo: Number.POSITIVE_INFINITY },
  // Its lookup is the one of `ebpf`.
  "ebpf-tc": { ...proxy, bpf: true },
  // Maglev's tables take a model seconds to build at each replicate.
  "ebpf-maglev": { ...proxy, bpf: true, entry: "loadBalancer", lookup: true, comparedUpTo: 1000 },
  "calico-ebpf": { ...proxy, bpf: true, lookup: true, comparedUpTo: Number.POSITIVE_INFINITY },
  "calico-ebpf-socket": { ...proxy, bpf: true },
  // nft takes minutes to load 20,000 services.
  nftables: { ...proxy, loadedUpTo: 10_000 },
  "iptables-nft": { ...proxy, fullSync: true },
  iptables: {
    ...proxy,
    guest: "comparison",
    comparedUpTo: Number.POSITIVE_INFINITY,
    fullSync: true,
  },
  ipvs: { ...proxy, guest: "fallback" },
} as const satisfies Record<string, KernelPlaneInfo>;

/** Id of a plane of the kernel lane. */
export type KernelPlaneId = keyof typeof KERNEL_PLANE_INFO;
