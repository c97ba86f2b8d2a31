/** What became of a run's flows, where it is not the usual: words for titles and sentences, which must not claim more. */

import { cellId } from "../results/cells.js";
import { scenarioReport } from "../results/descriptors.js";
import type { Cell, Finding, Results } from "../results/schema.js";
import { minOf } from "../stats/extent.js";
import { countOf, formatCount } from "../text.js";
import { ENLARGED, enlargedNote } from "./stock-maps.js";

export interface FlowCondition {
  /** Of a subtitle: `Refused flows, Services without endpoints`. */
  readonly words: string;
  /** What a plane does with such a flow, as titles say it: `refuses`; undefined where only some flows are such. */
  readonly verb: string | undefined;
}

/** Undefined for cells whose flows reach an endpoint each, and for scenarios that no flow of the run goes through. */
export function flowCondition(results: Results, cells: readonly Cell[]): FlowCondition | undefined {
  const looked = cells.filter(({ scenario }) => scenarioReport(results, scenario)?.positionMatters);
  if (looked.length === 0) return undefined;
  const { misses } = results.run.settings;
  if (misses === 1) return { words: "Flows to no Service", verb: "misses" };
  const refused = looked.every(({ endpoints }) => endpoints === 0);
  const missed = misses > 0 ? `${formatCount(100 * misses)} % of flows to no Service` : "";
  if (!refused) return missed === "" ? undefined : { words: missed, verb: undefined };
  const words = "Refused flows, Services without endpoints";
  return { words: missed === "" ? words : `${words}, ${missed}`, verb: "refuses" };
}

/** Which addresses the cells' flows have, as a subtitle says it; undefined: IPv4, or what the scenario itself compares. */
export function familyCondition({ run }: Results, scenarios: readonly string[]): string | undefined {
  const { family } = run.settings;
  if (family === undefined || scenarios.every((scenario) => scenario === "family")) return undefined;
  return family === 6 ? "IPv6" : "IPv4 and IPv6";
}

/** A finding that says where its brackets are no confidence intervals, because too few replicates stand behind it. */
export function withBasis(finding: Finding, results: Results): Finding {
  const named = new Set(finding.cells);
  const counts = results.cells
    .filter((cell) => named.has(cellId(cell)) && cell.estimate?.kind === "range")
    .map(({ replicates }) => replicates.length)
    // One replicate has no range, and no bracket of its own.
    .filter((count) => count > 1);
  if (counts.length === 0 || !finding.sentence.includes("[")) return finding;
  const basis = `Brackets are ranges of ${countOf(minOf(counts), "replicate")}, not 95 % intervals.`;
  return { ...finding, sentence: `${finding.sentence.replace(/[.]?$/, ".")} ${basis}` };
}

/**
 * A finding that says so where it names numbers of Services that a plane's maps hold only enlarged. Of the model: the kernel
 * lane loads what fits.
 */
export function withEnlargedMaps(finding: Finding, results: Results): Finding {
  const note = finding.sentence.includes(ENLARGED) ? "" : enlargedNote(results, cellsOf(finding, results));
  return note === ""
    ? finding
    : { ...finding, sentence: `${finding.sentence.replace(/[.]?$/, ".")} ${note}.` };
}

/** A finding that says under which condition it holds. */
export function withCondition(finding: Finding, results: Results): Finding {
  const condition = flowCondition(results, cellsOf(finding, results));
  const entered = throughNodePorts(withFamily(finding, results), results);
  return condition === undefined ? entered : underCondition(entered, condition);
}

/** A finding about flows that says so where they enter at NodePorts: in iptables each then passes all Services first. */
function throughNodePorts(finding: Finding, results: Results): Finding {
  const areFlows = cellsOf(finding, results).some(
    ({ scenario }) => scenarioReport(results, scenario)?.positionMatters,
  );
  return results.run.entry === "nodePort" && areFlows
    ? { ...finding, sentence: `Through NodePorts: ${finding.sentence}` }
    : finding;
}

/** A finding that says which addresses it holds for, where that is not IPv4. */
export function withFamily(finding: Finding, results: Results): Finding {
  const family = familyCondition(
    results,
    cellsOf(finding, results).map(({ scenario }) => scenario),
  );
  return family === undefined ? finding : { ...finding, sentence: `${family}: ${finding.sentence}` };
}

function cellsOf({ cells }: Finding, results: Results): Cell[] {
  const named = new Set(cells);
  return results.cells.filter((cell) => named.has(cellId(cell)));
}

function underCondition(finding: Finding, { words, verb }: FlowCondition): Finding {
  const headline =
    verb === undefined || finding.headline.includes(` ${verb} `)
      ? finding.headline
      : `${verb === "misses" ? "Misses" : "Refusals"}: ${finding.headline}`;
  return { ...finding, headline, sentence: `${words}: ${finding.sentence}` };
}
