/** A finding's sentence as it is shown: one of a model says so wherever a kernel's numbers are next to it. */

import type { Finding, Results } from "../results/schema.js";

/** More is cut where a sentence comes from a results file, which anyone may have written. */
export const MOST_CHARACTERS = 800;

const OF_A_MODEL = "In the model, not the kernel: ";
/** Findings that speak of a kernel, by the beginning of their ids; `model-versus-kernel` names both. */
const OF_A_KERNEL = /^(kernel|guest|cluster|model-versus-kernel)(-|$)/;

/**
 * The sentence of a finding, labelled where the run measured a kernel too. Results that were written before findings
 * were labelled are shown so as well.
 */
export function findingSentence({ id, sentence }: Finding, { cells }: Pick<Results, "cells">): string {
  const isLabelled = OF_A_KERNEL.test(id) || sentence.startsWith(OF_A_MODEL);
  if (isLabelled || cells.every(({ lane }) => lane === "model")) return sentence;
  return `${OF_A_MODEL}${sentence}`;
}

/** The headline of a finding for a list that holds those of several runs: one of a model says so, and where its flows enter. */
export function findingHeadline(
  { id, headline }: Finding,
  { run }: { readonly run: Pick<Results["run"], "entry"> },
): string {
  if (OF_A_KERNEL.test(id) || /\bmodelled\b/i.test(headline)) return headline;
  return `${run.entry === "nodePort" ? "Model, NodePorts" : "Model"}: ${headline}`;
}
