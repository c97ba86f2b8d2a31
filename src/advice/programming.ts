/** How long programming the reader's cluster would take by each control plane: read off measurements of the real ones. */

import { splitPlaneId } from "../planes/kube-proxy-versions.js";
import { planeById } from "../planes/registry.js";
import { PROGRAMMING_TIMES, type ProgrammingTimes, type Seconds } from "../reference/programming.js";
import { formatCount, formatNs } from "../text.js";

/** Seconds at a size: between two that were measured, at most what the smallest took, or nothing beyond the largest. */
export type PredictedSeconds =
  | { readonly seconds: Seconds }
  | { readonly below: number }
  | { readonly beyond: number };

/** One program in one mode. */
export interface ProgrammingPrediction {
  readonly label: string;
  readonly machine: string;
  readonly firstSync: PredictedSeconds;
  readonly change: PredictedSeconds;
}

/**
 * Predicts for the planes that were measured.
 *
 * @param planes Ids of planes; those of a version name that version's program too.
 * @param servicePorts Service-ports of the cluster.
 * @returns One prediction per mode and version, in the order of the measurements.
 */
export function predictProgramming(planes: readonly string[], servicePorts: number): ProgrammingPrediction[] {
  return PROGRAMMING_TIMES.filter((times) => planes.some((id) => isOf(id, times))).map((times) => ({
    label: times.label,
    machine: times.machine,
    firstSync: interpolate(times, "firstSync", servicePorts),
    change: interpolate(times, "change", servicePorts),
  }));
}

/** Whether these are the times of a plane, of its version where it has one. */
function isOf(id: string, times: ProgrammingTimes): boolean {
  const { plane, version } = splitPlaneId(id);
  return plane === times.plane && (version === undefined || times.label.includes(` ${version},`));
}

/**
 * The line that says which planes have no times.
 *
 * @param planes Ids of planes.
 * @returns `not measured: IPVS, …`; undefined where each was measured.
 */
export function withoutTimes(planes: readonly string[]): string | undefined {
  const missing = planes.filter((id) => !PROGRAMMING_TIMES.some((times) => isOf(id, times)));
  if (missing.length === 0) return undefined;
  return `not measured: how long ${missing.map((id) => planeById(id).label).join(", ")} would take to program`;
}

/** Along the straight line between its neighbours on a log-log scale, end by end; nothing is extrapolated. */
function interpolate(
  { points }: ProgrammingTimes,
  what: "firstSync" | "change",
  services: number,
): PredictedSeconds {
  const known = points.flatMap((point) => {
    const seconds = point[what];
    return seconds === undefined ? [] : [{ services: point.services, seconds }];
  });
  const [first] = known;
  const last = known.at(-1);
  if (first === undefined || last === undefined || services > last.services)
    return { beyond: last?.services ?? 0 };
  if (services < first.services) return { below: first.seconds[1] };
  const upper = known.find((point) => point.services >= services)!;
  const lower = known.findLast((point) => point.services <= services)!;
  const share =
    lower === upper ? 0 : Math.log(services / lower.services) / Math.log(upper.services / lower.services);
  const at = (end: 0 | 1) => lower.seconds[end] * (upper.seconds[end] / lower.seconds[end]) ** share;
  return { seconds: [at(0), at(1)] };
}

/**
 * The predictions as a table, with the sentence that says what they rest on.
 *
 * @param predictions What `predictProgramming` returned.
 * @param servicePorts Service-ports of the cluster.
 * @returns Rows of the table, heading first, and the sentences above and below it; empty without predictions.
 */
export function programmingTable(
  predictions: readonly ProgrammingPrediction[],
  servicePorts: number,
): { readonly lead: string; readonly rows: string[][]; readonly basis: string } | null {
  if (predictions.length === 0) return null;
  return {
    lead: `Prediction, not measured here: time until ${formatCount(servicePorts)} service-ports are programmed`,
    rows: [
      ["program", "first sync", "one endpoint changes", "measured on"],
      ...predictions.map(({ label, machine, firstSync, change }) => [
        label,
        secondsText(firstSync),
        secondsText(change),
        machine,
      ]),
    ],
    basis:
      "read off the programs' own runs at 1,000 to 10,000 Services of four endpoints each, one or two first syncs and five to ten changes per size, so orders of magnitude; " +
      "interpolated between two sizes on a log-log scale, never extrapolated; a first sync is from the program's start until the last Service answers; " +
      "kube-proxy syncs at most once a second by default, which comes on top, while Cilium's wait of up to half a second is part of its times",
  };
}

function secondsText(predicted: PredictedSeconds): string {
  if ("beyond" in predicted) return `not measured beyond ${formatCount(predicted.beyond)}`;
  if ("below" in predicted) return `less than ${formatNs(predicted.below * 1e9)}`;
  // Two digits are more than one run gives.
  const [least, most] = predicted.seconds.map((seconds) => formatNs(Number((seconds * 1e9).toPrecision(2))));
  return least === most ? `${least}` : `${least} to ${most}`;
}
