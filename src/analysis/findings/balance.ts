/** Who keeps flows where they are when an endpoint leaves: exact counts over one trace. */

import { cellId } from "../../results/cells.js";
import { type Claim, claimant, planeLabel, shortLabel } from "../../results/descriptors.js";
import type { Finding, Results } from "../../results/schema.js";
import { selectCells } from "../../results/select.js";
import { percent } from "./common.js";

/** A plane is spoken of as keeping flows when it moves at most this share beyond those that have to. */
const CLOSE = 0.05;

/** Consistent hashing against random choice. */
export function consistentChoiceKeepsFlows(results: Results): Finding | null {
  const of = (claim: Claim) =>
    selectCells(results, { lane: "model", scenario: "balance", plane: claimant(results, claim) }).find(
      ({ counts }) => counts !== null,
    );
  const [consistent, random] = [of("consistent-choice"), of("random-choice")];
  const [moved, least] = ["share moved", "least share"].map((name) => consistent?.counts?.[name]);
  const all = random?.counts?.["share moved"];
  if (!consistent || !random || moved === undefined || least === undefined || all === undefined) return null;
  if (moved - least > CLOSE || all < 2 * moved) return null;
  return {
    id: "balance",
    headline: `${shortLabel(results, consistent.plane)} moves ${percent(moved)} of flows when an endpoint leaves`,
    sentence:
      `When one of ten endpoints leaves, ${percent(moved)} of new flows choose another endpoint under ${planeLabel(results, consistent.plane)}, where ${percent(least)} have to; ` +
      `under random choice ${percent(all)} do. Connections that are tracked stay in every plane.`,
    cells: [cellId(consistent), cellId(random)],
    value: moved,
    interval: [moved, moved],
  };
}
