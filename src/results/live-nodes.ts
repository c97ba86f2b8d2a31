/** The nodes and Services of a live cluster, as its results describe them: not names, but what times depend on. */

import { plainText } from "../text.js";
import type { Cell, Results } from "./schema.js";

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

/** How many Services a live cluster had besides the run's, by cell: their rules are in the plane's tables as well. */
export function otherServices(cells: readonly Pick<Cell, "facts" | "services">[]): number[] {
  return cells.flatMap(({ facts: { servicesInCluster }, services }) =>
    typeof servicesInCluster === "number" ? [servicesInCluster - services] : [],
  );
}
