/** How long nodes took to follow a change, from what they saw of it. Pure. */

import type { Family } from "../../cluster/family.js";
import type { Protocol } from "../bounds.js";
import type { Sighting } from "./watcher.js";

/** What happens: an endpoint joins or leaves, a Service is new, or the last of N Services is. */
export type ChangeKind = "joins" | "leaves" | "new" | "sync";

/** How long one node took to follow one change, as one protocol and family showed it. */
export interface ChangeTime {
  readonly kind: ChangeKind;
  readonly protocol: Protocol;
  readonly family: Family;
  readonly node: string;
  readonly block: number;
  /** From the API server's answer; null: not within a minute. */
  readonly ns: number | null;
}

/** Changes by scenario. */
export interface ChangeCounts {
  readonly programming: number;
  readonly sync: number;
}

/** A change that was made, and what the nodes saw of it, by their own clocks. */
export interface ObservedChange {
  readonly block: number;
  /** For each frontend: what was watched, and when the API server answered the change. */
  readonly watched: readonly { readonly of: Watch; readonly answeredNs: number }[];
  /** By node, in the order of `watched`. */
  readonly seen: ReadonlyMap<string, readonly Sighting[]>;
  readonly kinds: { readonly first: ChangeKind; readonly lastOther?: ChangeKind };
}

/** A Service's address is watched with each protocol and family. */
export interface Watch {
  readonly protocol: Protocol;
  readonly family: Family;
  /** Index of its family among those of the run. */
  readonly at: number;
}

/**
 * How long one node took to follow one change, counted from the API server's answer.
 *
 * @param sightings what the node saw, for each frontend of `watched`
 * @param toLocal converts a time of the node's clock to this machine's
 */
export function timesOf(
  { block, watched, kinds }: ObservedChange,
  node: string,
  sightings: readonly Sighting[],
  toLocal: (podNs: number) => number,
): ChangeTime[] {
  return sightings.flatMap(({ firstNs, lastOtherNs }, i) => {
    const watch = watched[i];
    if (watch === undefined) return [];
    const { protocol, family } = watch.of;
    const since = (podNs: number) => Math.max(0, Math.round(toLocal(podNs) - watch.answeredNs));
    const what = { protocol, family, node, block };
    const first = { ...what, kind: kinds.first, ns: firstNs === null ? null : since(firstNs) };
    const left = kinds.lastOther && lastOtherNs !== null;
    return left ? [first, { ...what, kind: kinds.lastOther, ns: since(lastOtherNs) }] : [first];
  });
}
