/**
 * What felix writes for one change: entries that differ, because its caching maps compare before they write.
 * Deleted frontends go first, then new backends come, then frontends that count them, and backends too many
 * go last: make before break.
 */

import { applyChange, type Change, joiningAddresses, singleChanges } from "../../cluster/change.js";
import type { Cluster } from "../../cluster/cluster.js";
import { extractService, rebaseChange } from "../../cluster/extract-service.js";
import { familyOf } from "../../cluster/family.js";
import type { UpdateCost } from "../plane.js";
import { frontendsOf, ordinalsOf } from "./maps/entries.js";
import { asksForMaglev, maglevTable } from "./maps/maglev.js";
import { BACKEND_BYTES, FRONTEND_BYTES } from "./memory.js";

/** Map operations for one change. `maglev`: Services with external addresses ask for it. */
export function updateCost(cluster: Cluster, change: Change, maglev: boolean): UpdateCost {
  let at = extractService(cluster, cluster.service[change.servicePort]!);
  const within = rebaseChange(cluster, change);
  const p = within.servicePort;
  const family = familyOf(cluster.network);
  const total = { backends: 0, places: 0, deleted: 0, frontends: 0 };
  // Names of endpoints decide where Maglev puts them: those that join need the addresses that the whole cluster has free.
  const joining = joiningAddresses(cluster, change);
  for (const step of singleChanges(at, within)) {
    const after = applyChange(at, step);
    if (step.kind === "join") after.endpointAddress[after.endpointStart[p + 1]! - 1] = joining.shift()!;
    const [before, now] = [endpointsOf(at, p), endpointsOf(after, p)];
    total.backends += now.names.filter((name, ordinal) => name !== before.names[ordinal]).length;
    total.deleted += Math.max(0, before.names.length - now.names.length);
    if (before.names.length !== now.names.length || before.local !== now.local) {
      total.frontends += frontendsOf(after, p, maglev).filter(({ drops }) => !drops).length;
    }
    if (maglev && asksForMaglev(at, at.service[p]!)) {
      const { written, deleted } = comparePlaces(at, after, p);
      total.places += written;
      total.deleted += deleted;
    }
    at = after;
  }
  return {
    rules: 0,
    chains: 0,
    mapWrites: total.backends + total.places + total.deleted + total.frontends,
    bytes: (total.backends + total.places) * BACKEND_BYTES[family] + total.frontends * FRONTEND_BYTES[family],
    notes: [
      `backends ${total.backends}, ${maglev ? `places of Maglev tables ${total.places}, ` : ""}then frontends ${total.frontends}, then deleted backends ${total.deleted}: a client always finds an endpoint`,
      "felix computes every service again and writes what differs; nothing is read back",
    ],
  };
}

/** Places of a service-port's table that take another endpoint, and those that go with its last one. */
function comparePlaces(before: Cluster, after: Cluster, p: number): { written: number; deleted: number } {
  const names = (cluster: Cluster) => Array.from(maglevTable(cluster, p), (row) => nameOf(cluster, row));
  const [was, is] = [names(before), names(after)];
  return {
    written: is.filter((name, place) => name !== was[place]).length,
    deleted: Math.max(0, was.length - is.length),
  };
}

const nameOf = (cluster: Cluster, row: number) =>
  `${cluster.endpointAddress[row]}:${cluster.endpointPort[row]}`;

/** A service-port's endpoints by ordinal. */
function endpointsOf(cluster: Cluster, p: number): { names: string[]; local: number } {
  const { rows, local } = ordinalsOf(cluster, p);
  return { names: rows.map((row) => nameOf(cluster, row)), local };
}
