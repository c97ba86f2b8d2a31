/**
 * What real control planes took to program a node, in seconds: kube-proxy's own clock (`kubeproxy_sync_proxy_rules_duration`)
 * and Cilium's first to last map write, run for this project on Services of one port and four endpoints each. One to three
 * runs each: orders of magnitude. Where runs differed there are two ends.
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
  readonly machine: string;
  /** Ascending in services. */
  readonly points: readonly ProgrammingPoint[];
}

const IDLE = "Intel, otherwise idle";
const BUSY = "a busy machine, which took up to twice as long";

type Row = readonly [services: number, firstSync: Ends, change: Ends];
type Ends = number | Seconds | undefined;

function times(plane: string, label: string, machine: string, rows: readonly Row[]): ProgrammingTimes {
  const ends = (value: Ends) => (typeof value === "number" ? ([value, value] as const) : value);
  return {
    ...{ plane, label, machine },
    points: rows.map(([services, firstSync, change]) => ({
      ...{ services, firstSync: ends(firstSync), change: ends(change) },
    })),
  };
}

/** Per mode and version. IPVS and Calico were not measured. */
export const PROGRAMMING_TIMES: readonly ProgrammingTimes[] = [
  times("iptables", "kube-proxy 1.37, iptables (legacy backend)", IDLE, [
    [1000, 0.33, 0.08],
    [5000, 1.2, 0.41],
    [10_000, 2.9, 0.83],
  ]),
  times("iptables", "kube-proxy 1.36, iptables (nft backend)", BUSY, [
    [1000, 1.2, 0.09],
    [5000, 136, [0.7, 1.6]],
  ]),
  times("nftables", "kube-proxy 1.34, nftables", BUSY, [
    [1000, 1.3, [0.2, 0.6]],
    [5000, 18, [1.8, 6.4]],
  ]),
  times("nftables", "kube-proxy 1.35, nftables", BUSY, [
    [1000, 0.9, 1.1],
    [5000, [13.6, 16.6], [7.2, 10.8]],
  ]),
  times("nftables", "kube-proxy 1.36, nftables", IDLE, [
    [1000, 0.32, 0.27],
    [5000, 4.2, 1.5],
    [10_000, 28, 4.9],
  ]),
  times("nftables", "kube-proxy 1.37, nftables", IDLE, [
    [1000, 0.23, 0.03],
    [5000, 3.9, 0.13],
    [10_000, 28, 0.34],
  ]),
  // An event waits up to half a second in a buffer (--lb-reflector-wait-time), and is written in 1.4 ms.
  times("ebpf", "Cilium 1.20, its load-balancing control plane", "machine not recorded", [
    [1000, 0.5, 0.39],
    [10_000, 0.9, 0.39],
  ]),
];
