/** The changes of one N, in their order, as many as the run's time allows. */

import { formatCount } from "../../text.js";
import { SYNCS } from "../plan.js";
import type { ClusterProgress, OwnServices } from "../services.js";
import { CHANGES, type Changed, type Changes } from "./changes.js";
import type { ChangeCounts } from "./times.js";
import { nowNs } from "./watcher.js";

interface SeriesHooks {
  readonly onProgress: (progress: ClusterProgress) => void;
  /** Whether the time of the run is over. */
  readonly isLate: () => boolean;
}

/** New Services and replaced endpoints. */
export async function changeAll(changes: Changes, services: number, hooks: SeriesHooks): Promise<Changed> {
  let programming = 0;
  const changed = await changes.around(async () => {
    const started = performance.now();
    for (let block = 0; block < CHANGES && !hooks.isLate(); block++) {
      const eachSeconds = (performance.now() - started) / 1000 / Math.max(1, block);
      hooks.onProgress({
        phase: `changes at ${services}`,
        what: `change ${block + 1} of ${CHANGES} at N = ${formatCount(services)}`,
        leftSeconds: block === 0 ? null : eachSeconds * (CHANGES - block),
      });
      await changes.makeOne(block);
      programming++;
    }
  });
  return {
    ...changed,
    lost: { programming: changed.lost, sync: 0 },
    made: { programming, sync: 0 },
    creation: null,
  };
}

/** Creates Services up to N several times, and each time watches when the last one answers. */
export async function watchGrowth(
  changes: Changes,
  own: OwnServices,
  count: number,
  { isLate }: SeriesHooks,
): Promise<Changed> {
  const first = own.addresses.length;
  const creationNs: number[] = [];
  let sync = 0;
  const changed = await changes.around(async () => {
    for (let repeat = 0; repeat < SYNCS && !isLate(); repeat++) {
      if (repeat > 0) {
        await own.shrinkTo(first);
        await changes.quiet(count - first);
      }
      const beganNs = nowNs();
      if (!(await own.growTo(count - 1))) return;
      const isSeen = await changes.makeLast(repeat, async (addresses) => {
        await own.make(count - 1, addresses);
        creationNs.push(nowNs() - beganNs);
      });
      if (!isSeen) await own.undo(count - 1);
      sync++;
    }
  });
  const creation = creationNs.length === 0 ? null : { services: count - first, ns: creationNs };
  return {
    ...changed,
    lost: { programming: 0, sync: changed.lost },
    made: { programming: 0, sync },
    creation,
  };
}

/** Joins the changes of several series; null where none was made. */
export function merge(...parts: readonly (Changed | null)[]): Changed | null {
  const there = parts.filter((part) => part !== null);
  if (there.length === 0) return null;
  return {
    times: there.flatMap(({ times }) => times),
    clockErrorNs: new Map(
      there.flatMap(({ clockErrorNs }) => [...clockErrorNs]).sort(([, a], [, b]) => a - b),
    ),
    lost: sumOf(there.map(({ lost }) => lost)),
    made: sumOf(there.map(({ made }) => made)),
    creation: there.map(({ creation }) => creation).find((creation) => creation !== null) ?? null,
  };
}

const sumOf = (counts: readonly ChangeCounts[]): ChangeCounts => ({
  programming: counts.reduce((sum, { programming }) => sum + programming, 0),
  sync: counts.reduce((sum, { sync }) => sum + sync, 0),
});
