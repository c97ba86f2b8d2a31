/** What a plane says about itself, as pure data: how it is shown, and what a benchmark may ask of it. */

import type { Family } from "../cluster/family.js";
import type { KubeProxyVersion } from "./kube-proxy-versions.js";

/** Shapes of points, as Chart.js calls them. */
export type PlaneMarker = "circle" | "triangle" | "rect" | "rectRot" | "crossRot" | "star" | "cross";

/** Colours as `#rrggbb`. */
export interface PlaneColours {
  /** Lines and points on white. */
  readonly light: string;
  /** Text on white: 4.5:1 (WCAG 2.1). */
  readonly lightLabel: string;
  /** Lines, points and text on dark. */
  readonly dark: string;
  /** Columns of the published chart, on white; `light` where it is absent. */
  readonly lightColumn?: string | undefined;
}

/** A table of fixed size as it is installed, and what a Service of one port and a cluster IP takes of it. */
export interface StockMap {
  /** What it holds, in plural: `entries of the service map`. */
  readonly what: string;
  readonly most: number;
  readonly perService: number;
  readonly perEndpoint: number;
  /** The option of planes that makes it larger, which a run does of its own accord; null: nothing makes it larger. */
  readonly option: string | null;
}

/** What results.json keeps of a plane, so that charts, findings and tables need no plane. */
export interface PlaneReport {
  /** In legends and tables. */
  readonly label: string;
  /** For headlines, which have room for ten words. */
  readonly shortLabel: string;
  /** As the published chart's legend names it: kube-proxy's modes by their proxy. */
  readonly columnLabel: string;
  readonly colours: PlaneColours;
  readonly marker: PlaneMarker;
  /** Place in columns and legends, ascending from the left. */
  readonly order: number;
  /** `baseline`: no proxy at all, for comparison. */
  readonly role: "proxy" | "baseline";
  /** What a lookup searches: a list of rules, hash tables that grow, a fixed number of buckets, or a trie. */
  readonly structure: "list" | "hash" | "buckets" | "trie" | "none";
  /** Findings that name the plane as their subject (src/results/descriptors.ts). Others may enter as "any other plane". */
  readonly claims: readonly string[];
  /** Whether the model counts the bytes that this plane takes in the kernel. */
  readonly memoryModelled: boolean;
  /** Where a run's flows enter this plane, if not where they enter the others: said by the run, not by the plane. */
  readonly entry?: "loadBalancer" | undefined;
  /** Its tables of fixed size: charts mark where they are full. */
  readonly stockMaps?: readonly StockMap[] | undefined;
}

/** What scenarios may ask of a plane. */
export interface PlaneCapabilities {
  /**
   * Largest N that scenarios measure of their own accord, where tables are expensive to build: `built` where a table is built
   * once before the timing, `rebuilt` where building or rewriting it is what is timed. null: any.
   */
  readonly limits: { readonly built: number; readonly rebuilt: number } | null;
  /** How its control plane can write a change. */
  readonly updateModes: readonly ("partial" | "full")[];
  /** Where it meets a connection: per packet, and at the socket. */
  readonly connectionPaths: readonly ("tc" | "socket")[];
  /** Schedulers to choose from; empty where there is one way of choosing. */
  readonly schedulers: readonly string[];
  /** Whether it can walk the rules of a real node (iptables-save). */
  readonly readsNodeLists: boolean;
  /**
   * Whether only clients outside the cluster meet what it is about: then it is measured with such clients, at load balancers
   * where the run's other flows enter at cluster IPs.
   */
  readonly outsideOnly: boolean;
  /** Families of addresses that it can hold. */
  readonly families: readonly Family[];
  /** Whether the kernel keeps connections of both families in one table, as nf_conntrack does. */
  readonly oneConnectionTable?: true;
  /** Of kube-proxy, whose rules it models; empty where kube-proxy does not write them. */
  readonly versions: readonly KubeProxyVersion[];
  /** Names of the options that make a difference to it (options.ts). */
  readonly options: readonly string[];
  /** Whether nft loads its rules, whose version decides which table the kernel takes for a map without a name. */
  readonly loadedByNft?: true;
}

/** A plane's own description. */
export interface PlaneDescriptor {
  readonly id: string;
  /** In full, for lists and explanations. */
  readonly name: string;
  readonly report: PlaneReport;
  /** Dates, requirements and the control plane's own habits, for those who choose. */
  readonly notices?: readonly string[];
  readonly can: PlaneCapabilities;
}

/** A table of fixed size. */
export interface Capacity {
  /** What it holds, in plural: `entries of the service map`. */
  readonly what: string;
  /** What this cluster takes, and what there is room for unless configured otherwise. */
  readonly used: number;
  readonly most: number;
  /** What makes room for `used`; null: nothing does. */
  readonly remedy: string | null;
  /** What the real plane does when it is full, in sentences; absent where nobody has tried. */
  readonly whenFull?: string;
}

/** A plane without limits, schedulers or modes of its own. */
export const PLAIN: PlaneCapabilities = {
  limits: null,
  updateModes: ["partial"],
  connectionPaths: ["tc"],
  schedulers: [],
  readsNodeLists: false,
  outsideOnly: false,
  families: [4],
  versions: [],
  options: [],
};
