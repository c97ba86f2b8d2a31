/** Who keeps flows where they are when an endpoint leaves: exact counts over one trace. */

import { cellId } from "../../results/cells.js";
import type { Finding, Results } from "../../results/schema.js";
import { percent, planeLabel } from "./common.js";

/** Maglev is spoken of as keeping flows when it moves at most this share beyond those that have to. */
const CLOSE = 0.05;

/** Maglev against random choice. */
export function maglevKeepsFlows({ cells }: Results): Finding | null {
  const of = (plane: string) =>
    cells.find(
      (cell) => cell.plane === plane && cell.scenario === "balance" && cell.lane === "model" && cell.counts,
    );
  const [maglev, random] = [of("ebpf-maglev"), of("ebpf")];
  const [moved, least] = ["share moved", "least share"].map((name) => maglev?.counts?.[name]);
  const all = random?.counts?.["share moved"];
  if (!maglev || !random || moved === undefined || least === undefined || all === undefined) return null;
  if (moved - least > CLOSE || all < 2 * moved) return null;
  return {
    id: "balance",
    headline: `One endpoint leaves: Maglev moves ${percent(moved)} of flows`,
    sentence:
      `When one of ten endpoints leaves, ${percent(moved)} of new flows choose another endpoint under ${planeLabel(maglev.plane)}, where ${percent(least)} have to; ` +
      `under random choice ${percent(all)} do. Connections that are tracked stay in every plane.`,
    cells: [cellId(maglev), cellId(random)],
    value: moved,
    interval: [moved, moved],
  };
}
