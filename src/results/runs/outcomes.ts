/** What became of a cell that no time of it says, as data. The sentences in its `warnings` are made of it. */

import type { Cell } from "../schema.js";

/** What became of a cell. */
export type Outcome = NonNullable<Cell["outcomes"]>[number];
type Kind = Outcome["kind"];

/** How the sentence of each begins. Runs of before 0.3 hold nothing else. */
const BEGINNINGS: Readonly<Record<Kind, string>> = {
  failed: "a replicate failed: ",
  gap: "not measured: ",
  note: "in this cluster, ",
};
const KINDS: readonly Kind[] = ["failed", "gap", "note"];

type Told = Pick<Cell, "outcomes" | "warnings">;

/**
 * What became of a cell, in the order in which it was noted; of a run that stores only sentences, as these say it.
 *
 * @param cell The cell, with its warnings.
 * @returns Kinds with their reasons.
 */
export function outcomesOf({ outcomes, warnings }: Told): readonly Outcome[] {
  return outcomes ?? warnings.flatMap(fromSentence);
}

function fromSentence(warning: string): Outcome[] {
  const kind = KINDS.find((each) => warning.startsWith(BEGINNINGS[each]));
  return kind === undefined ? [] : [{ kind, reason: warning.slice(BEGINNINGS[kind].length) }];
}

/**
 * An outcome in words.
 *
 * @param outcome The kind and its reason.
 * @returns A sentence for the cell's warnings.
 */
export function sentenceOf({ kind, reason }: Outcome): string {
  return `${BEGINNINGS[kind]}${reason}`;
}

/**
 * Notes what became of a cell, once.
 *
 * @param cell Is added to, its warnings too: a run that is killed is read as it is.
 * @param kind `failed`: a replicate could not be measured; `gap`: nothing was tried; `note`: what only the run itself saw.
 * @param reason What goes on the sentence that the kind begins.
 */
export function addOutcome(cell: Told, kind: Kind, reason: string): void {
  const known = outcomesOf(cell);
  if (known.some((other) => other.kind === kind && other.reason === reason)) return;
  const outcome = { kind, reason };
  cell.outcomes = [...known, outcome];
  cell.warnings.push(sentenceOf(outcome));
}

/**
 * Whether a cell was never to be measured.
 *
 * @param cell The cell, with its warnings.
 * @returns Whether one of its outcomes says why nothing was tried.
 */
export function isGap(cell: Told): boolean {
  return outcomesOf(cell).some(({ kind }) => kind === "gap");
}
