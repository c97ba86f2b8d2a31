/** The nodes, plane and Services of a live cluster, as its results describe them: not names, but what times depend on. */

import { plainText } from "../../text.js";
import type { Cell, PlaneDescription, Results } from "../schema.js";
import { selectCells } from "../select.js";

export interface LiveNodes {
  readonly count: number;
  /** All values of one property, such as `kernel`. */
  readonly all: (key: string) => string;
}

/** Null: the run was in no live cluster. */
export function liveNodes({ cluster }: Pick<Results, "cluster">): LiveNodes | null {
  const { nodes } = cluster.parameters;
  if (!Array.isArray(nodes)) return null;
  return {
    count: nodes.length,
    all: (key) => [...new Set(nodes.map((node: unknown) => textOf(node, key)))].sort().join(", "),
  };
}

function textOf(node: unknown, key: string): string {
  const value =
    typeof node === "object" && node !== null ? Object.entries(node).find(([k]) => k === key)?.[1] : null;
  return typeof value === "string" ? plainText(value, 60) : "unknown";
}

/** What balances in a live cluster: a program's name and its version, as probes' cells keep them. */
export interface LivePlane {
  readonly id: string;
  readonly program: string;
  /** `v1.36.3`; null or `unknown`: not known. */
  readonly version: string | null;
}

/** The plane of these cells; null: the run was in no live cluster, or has no connections. */
export function livePlane(cells: readonly Cell[], id: string): LivePlane | null {
  const ofPlane = selectCells(cells, { lane: "cluster", plane: id });
  const found = ofPlane.find(({ facts }) => typeof facts.program === "string");
  if (found === undefined) return null;
  return { id, program: String(found.facts.program), version: String(found.facts.version ?? "unknown") };
}

/** The program that several planes share, so that its name alone says too little. */
const PROXY = "kube-proxy";

/**
 * A plane of a live cluster under its program's version: `kube-proxy 1.36 iptables`, since modes differ from one version to
 * the next. A description that has it, and a plane whose version is not known, stay as they are.
 */
export function namedByVersion(
  report: PlaneDescription,
  { id, program, version }: LivePlane,
): PlaneDescription {
  const minor = /^v?(\d+\.\d+)/.exec(version ?? "")?.[1];
  if (minor === undefined || report.label.includes(minor)) return report;
  const mode = report.label === program ? id : report.label;
  const label = program === PROXY ? `${program} ${minor} ${mode}` : `${report.label} ${minor}`;
  return {
    ...report,
    ...{ label, columnLabel: label },
    // One word of a headline, short enough for it: "nftables 1.36" would be a version of nft.
    shortLabel: program === PROXY ? `${mode}\u00a0of\u00a0${minor}` : `${report.shortLabel}\u00a0${minor}`,
  };
}

/** How many Services a live cluster had besides the run's, by cell: their rules are in the plane's tables as well. */
export function otherServices(cells: readonly Pick<Cell, "facts" | "services">[]): number[] {
  return cells.flatMap(({ facts: { servicesInCluster }, services }) =>
    typeof servicesInCluster === "number" ? [servicesInCluster - services] : [],
  );
}
