/** Variants of the cluster lane's cells: protocol, part of what was measured, and kind of change. Pure. */

import { PROTOCOLS, type Protocol } from "../../../cluster-lane/bounds.js";
import type { ChangeKind } from "../../../cluster-lane/changes/times.js";
import type { Cell } from "../../../results/schema.js";

const FAMILY_PARTS = ["IPv4", "IPv6"] as const;

/** Connections by where the endpoint that answered was, seen from the probe, and by the family of the Service's address. */
export const CONNECTION_PARTS = ["all", "same node", "other node", ...FAMILY_PARTS] as const;
export type ConnectionPart = (typeof CONNECTION_PARTS)[number];

/** Changes by node or family: of `every node` the time is the last node's, when the change works in the whole cluster. */
export const CHANGE_PARTS = ["all", "every node", ...FAMILY_PARTS] as const;
export type ChangePart = (typeof CHANGE_PARTS)[number];

/** Parts that a cluster has: without nodes or families to tell apart, all is one. */
export function partsOf<T extends ConnectionPart | ChangePart>(
  parts: readonly T[],
  { nodes, families }: { readonly nodes: number; readonly families: number },
): T[] {
  return parts.filter((part) => {
    if (part === "all") return true;
    return FAMILY_PARTS.some((family) => family === part) ? families > 1 : nodes > 1;
  });
}

/** `udp`, `same node`, `udp, IPv6`; empty for all connections of TCP. */
export function connectionVariant(protocol: Protocol, part: ConnectionPart): string {
  return words(protocol, part, "");
}

const CONNECTIONS = PROTOCOLS.flatMap((protocol) => CONNECTION_PARTS.map((part) => ({ protocol, part })));

/** The connections that are in cells of a variant; undefined: none are. */
export function connectionsOf(variant: string): (typeof CONNECTIONS)[number] | undefined {
  return CONNECTIONS.find(({ protocol, part }) => connectionVariant(protocol, part) === variant);
}

/** Cells of changes: the plain variant of `programming` is a replaced endpoint's first answer. */
const KINDS: Readonly<Record<ChangeKind, { readonly scenario: string; readonly word: string }>> = {
  joins: { scenario: "programming", word: "" },
  leaves: { scenario: "programming", word: "leaves" },
  new: { scenario: "programming", word: "new" },
  sync: { scenario: "sync", word: "" },
};

export const CHANGE_KINDS = Object.keys(KINDS) as readonly ChangeKind[];

/** The cell that changes of a kind are in: `leaves`, `udp, every node, new`. */
export function changeCell(
  kind: ChangeKind,
  protocol: Protocol,
  part: ChangePart,
): Pick<Cell, "scenario" | "variant"> {
  const { scenario, word } = KINDS[kind];
  return { scenario, variant: words(protocol, part, word) };
}

function words(protocol: Protocol, part: ConnectionPart | ChangePart, word: string): string {
  return [protocol === "udp" ? "udp" : "", part === "all" ? "" : part, word]
    .filter((each) => each !== "")
    .join(", ");
}
