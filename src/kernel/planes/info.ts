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
}

const common = { bare: false, bpf: false, entry: "clusterIp" } as const;
const baseline = { ...common, kind: "baseline", guest: "comparison" } as const;
const proxy = { ...common, kind: "proxy", guest: null } as const;

/** In the order in which they are shown. To add a plane, add a line here and one in index.ts. */
export const KERNEL_PLANE_INFO = {
  direct: { ...baseline, bare: true },
  "direct-conntrack": baseline,
  ebpf: { ...proxy, bpf: true },
  "ebpf-tc": { ...proxy, bpf: true },
  "ebpf-maglev": { ...proxy, bpf: true, entry: "loadBalancer" },
  "calico-ebpf": { ...proxy, bpf: true },
  "calico-ebpf-socket": { ...proxy, bpf: true },
  nftables: proxy,
  "iptables-nft": proxy,
  iptables: { ...proxy, guest: "comparison" },
  ipvs: { ...proxy, guest: "fallback" },
} as const satisfies Record<string, KernelPlaneInfo>;

/** Id of a plane of the kernel lane. */
export type KernelPlaneId = keyof typeof KERNEL_PLANE_INFO;
