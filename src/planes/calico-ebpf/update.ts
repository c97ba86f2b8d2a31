/**
 * What felix writes for one change: entries that differ, because its caching maps compare before they write. Deleted frontends go first, then new
 * backends come, then frontends that count them, and backends too many go last: make before break.
 */

import { applyChange, type Change, singleChanges } from "../../cluster/change.js";
import type { Cluster } from "../../cluster/cluster.js";
import { extractService, rebaseChange } from "../../cluster/extract-service.js";
import { familyOf } from "../../cluster/family.js";
import type { UpdateCost } from "../plane.js";
import { frontendsOf, ordinalsOf } from "./maps/entries.js";
import { BACKEND_BYTES, FRONTEND_BYTES } from "./memory.js";

/** Map operations for one change. */
export function updateCost(cluster: Cluster, change: Change): UpdateCost {
  let at = extractService(cluster, cluster.service[change.servicePort]!);
  const within = rebaseChange(cluster, change);
  const p = within.servicePort;
  const family = familyOf(cluster.network);
  const total = { backends: 0, deleted: 0, frontends: 0 };
  for (const step of singleChanges(at, within)) {
    const after = applyChange(at, step);
    const [before, now] = [endpointsOf(at, p), endpointsOf(after, p)];
    total.backends += now.names.filter((name, ordinal) => name !== before.names[ordinal]).length;
    total.deleted += Math.max(0, before.names.length - now.names.length);
    if (before.names.length !== now.names.length || before.local !== now.local) {
      total.frontends += frontendsOf(after, p).filter(({ drops }) => !drops).length;
    }
    at = after;
  }
  return {
    rules: 0,
    chains: 0,
    mapWrites: total.backends + total.deleted + total.frontends,
    bytes: total.backends * BACKEND_BYTES[family] + total.frontends * FRONTEND_BYTES[family],
    notes: [
      `backends ${total.backends}, then frontends ${total.frontends}, then deleted backends ${total.deleted}: a client always finds an endpoint`,
      "felix computes every service again and writes what differs; nothing is read back",
    ],
  };
}

/** A service-port's endpoints by ordinal. */
function endpointsOf(cluster: Cluster, p: number): { names: string[]; local: number } {
  const { rows, local } = ordinalsOf(cluster, p);
  const name = (row: number) => `${cluster.endpointAddress[row]}:${cluster.endpointPort[row]}`;
  return { names: rows.map(name), local };
}
