/** The rules of a node as iptables-save prints them, whoever wrote them. */

import type { Cidr } from "../../../cluster/cluster.js";

export interface SavedRule {
  readonly chain: string;
  src: Cidr | null;
  srcInvert: boolean;
  dst: Cidr | null;
  /** `! -d 127.0.0.0/8`, the only destination that kube-proxy excludes (--iptables-localhost-nodeports=false). */
  notToLoopback: boolean;
  /** 0 = any. */
  protocol: number;
  /** -1 = no test; 0 = a tcp, udp or sctp match without ports. */
  dport: number;
  comment: string | null;
  /** nfacct counter; null = none. It decides nothing, but tells who wrote the rule. */
  counter: string | null;
  /** -1 = none. */
  probability: number;
  recent: "none" | "check" | "set";
  recentName: string;
  recentSeconds: number;
  addrtype: "none" | "dst-local" | "src-local" | "src-not-local";
  /** `-i NAME`: `azv+` is every interface whose name begins so. */
  interfaceIn: { readonly name: string; readonly negated: boolean } | null;
  /** Whether a packet that is NEW and not translated is in the states that are asked for; null = not asked. */
  stateNew: boolean | null;
  /** Whether they exclude every first packet, also one that DNAT has translated, and one that is not tracked or not valid. */
  neverFirst: boolean;
  mark: { readonly value: number; readonly mask: number; readonly negated: boolean } | null;
  /** Target or chain; empty = a rule that only counts. */
  target: string;
  isGoto: boolean;
  /** DNAT's destination. */
  to: { readonly address: number; readonly port: number } | null;
  /** MARK's bits that are set. */
  setMark: { readonly value: number; readonly mask: number } | null;
  /** CONNMARK's `--restore-mark`: the packet's mark becomes its connection's. */
  restoresMark: boolean;
  /** The first condition that is not understood, as it is; null = all are. */
  unsupported: string | null;
}

export interface SavedChain {
  readonly name: string;
  /** `-` for chains that are jumped to. */
  readonly policy: string;
  readonly rules: SavedRule[];
}

/** Chains by name, in the order of the text. */
export type SavedTable = Map<string, SavedChain>;

export interface SavedTables {
  readonly nat: SavedTable;
  readonly filter: SavedTable;
  /** Rules of tables that decide nothing about services (raw, mangle, security), or of the other backend. */
  readonly otherRules: number;
}

/** The rules of a node as they stand, and which endpoint of the cluster each SEP chain leads to. */
export interface NodeList {
  readonly tables: SavedTables;
  readonly endpointOfChain: ReadonlyMap<string, number>;
}
