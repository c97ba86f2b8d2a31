/**
 * What real control planes took to program a node, in seconds, as lbscale's kernel lane measured them on Services of one port
 * and four endpoints each: published runs (a test holds the numbers equal), but for kube-proxy 1.34. A first sync is
 * the median of one or two, from the program's start until the last Service answers; a change is the interval of five to ten,
 * without kube-proxy's minimum sync period and with what an event waits in Cilium's buffer.
 */

/** Seconds, from the least to the most that was seen. */
export type Seconds = readonly [least: number, most: number];

/** What was measured at one number of Services; undefined: it was not. */
export interface ProgrammingPoint {
  readonly services: number;
  readonly firstSync: Seconds | undefined;
  readonly change: Seconds | undefined;
}

/** One program in one mode. */
export interface ProgrammingTimes {
  /** The plane's id here. */
  readonly plane: string;
  readonly label: string;
  /** And the run, where it is published. */
  readonly machine: string;
  /** Ascending in services. */
  readonly points: readonly ProgrammingPoint[];
}

const KERNEL_RUN = "AMD EPYC, 2 cores (results/kernel)";
const CILIUM_RUN = "AMD EPYC, 2 cores (results/cilium)";
const UNPUBLISHED = "another machine, busy, not published";

type Row = readonly [services: number, firstSync: Ends, change: Ends];
type Ends = number | Seconds | undefined;

function times(plane: string, label: string, machine: string, rows: readonly Row[]): ProgrammingTimes {
  const ends = (value: Ends) => (typeof value === "number" ? ([value, value] as const) : value);
  return {
    plane,
    label,
    machine,
    points: rows.map(([services, firstSync, change]) => ({
      services,
      firstSync: ends(firstSync),
      change: ends(change),
    })),
  };
}

/** Per mode and version. IPVS and Calico were not measured. */
export const PROGRAMMING_TIMES: readonly ProgrammingTimes[] = [
  times("iptables", "kube-proxy 1.37, iptables (legacy backend)", KERNEL_RUN, [
    [1000, 0.91, [0.071, 0.081]],
    [5000, 1.6, [0.39, 0.42]],
    [10_000, 2.7, [0.74, 0.81]],
  ]),
  times("iptables", "kube-proxy 1.37, iptables (nft backend)", KERNEL_RUN, [
    [1000, 1.5, [0.085, 0.1]],
    [5000, 26, [0.36, 0.42]],
    [10_000, 120, [0.91, 0.99]],
  ]),
  times("nftables", "kube-proxy 1.34, nftables", UNPUBLISHED, [
    [1000, 1.3, [0.2, 0.6]],
    [5000, 18, [1.8, 6.4]],
  ]),
  times("nftables", "kube-proxy 1.35, nftables", KERNEL_RUN, [
    [1000, 1.2, [0.5, 0.55]],
    [5000, 7.1, [3, 3.1]],
    [10_000, 66, [7.4, 7.8]],
  ]),
  times("nftables", "kube-proxy 1.36, nftables", KERNEL_RUN, [
    [1000, 0.94, [0.14, 0.16]],
    [5000, 3.9, [1.2, 1.2]],
    [10_000, 14, [3.5, 3.8]],
  ]),
  times("nftables", "kube-proxy 1.37, nftables", KERNEL_RUN, [
    [1000, 0.85, [0.029, 0.032]],
    [5000, 3.8, [0.098, 0.12]],
    [10_000, 16, [0.24, 0.28]],
  ]),
  times("ebpf", "Cilium 1.20, its load-balancing control plane", CILIUM_RUN, [
    [1000, 0.19, [0.03, 0.39]],
    [5000, 0.53, [0.029, 0.39]],
  ]),
];
