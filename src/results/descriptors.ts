/**
 * What a run says about its planes and scenarios: labels, colours, captions, and which findings may name them. Charts,
 * findings, tables and pages know planes and scenarios only from here.
 */

import { plainText } from "../text.js";
import { FALLBACK_PLANES, FALLBACK_SCENARIOS } from "./fallback-descriptors.js";
import type { Cell, PlaneDescription, Results, ScenarioDescription } from "./schema.js";

/** Results, as far as they describe planes and scenarios. */
export type Described = Pick<Results, "planes" | "scenarios">;

/** What a plane may claim: findings name it as their subject. */
export const CLAIMS = {
  list: "the rule list that others are compared with",
  hash: "the hash table whose rise and law are spoken of",
  buckets: "a fixed number of buckets, whose chains grow",
  trie: "a trie, whose walk grows with the logarithm of the Services",
  "constant-work": "does the same work at any number of Services",
  "fixed-size": "its tables have their full size from the start",
  "random-choice": "draws an endpoint for each new flow",
  "consistent-choice": "keeps flows at their endpoint when another one leaves",
  "changed-by-tool": "its kernel change is written by a tool that starts each time, as the list's is",
  baseline: "no proxy at all",
} as const;
/** One of `CLAIMS`. */
export type Claim = keyof typeof CLAIMS;

/** `kube-proxy 1.37 iptables-legacy, IPv6` and longer. */
const MAX_LABEL = 48;
const MAX_CAPTION = 200;

/** A plane without a description: grey, under its own (cleaned) id, after all others. */
function unknownPlane(id: string): PlaneDescription {
  const label = plainText(id, MAX_LABEL);
  return {
    label,
    shortLabel: label,
    columnLabel: label,
    colours: { light: "#767676", lightLabel: "#6E6E6E", dark: "#9AA3AC" },
    marker: "star",
    order: Number.POSITIVE_INFINITY,
    role: "proxy",
    structure: "none",
    claims: [],
    memoryModelled: true,
  };
}

const own = <T>(table: Readonly<Record<string, T>> | undefined, id: string): T | undefined =>
  table !== undefined && Object.hasOwn(table, id) ? table[id] : undefined;

/** How a plane is shown: as the run says, as planes of older runs were, or in grey under its id. */
export function planeReport({ planes }: Described, id: string): PlaneDescription {
  const found = own(planes, id) ?? own(FALLBACK_PLANES, id);
  if (!found) return unknownPlane(id);
  return {
    ...found,
    label: plainText(found.label, MAX_LABEL),
    shortLabel: plainText(found.shortLabel, MAX_LABEL),
    columnLabel: plainText(found.columnLabel, MAX_LABEL),
  };
}

/** Whose flows come from outside the cluster, where the others' come from pods; or false. */
export function outsideNote(
  results: Described,
  cells: readonly { readonly plane: string }[],
): string | false {
  const labels = [...new Set(cells.map(({ plane }) => plane))]
    .filter((plane) => planeReport(results, plane).entry === "loadBalancer")
    .map((plane) => planeReport(results, plane).label);
  return labels.length > 0 && `${labels.join(", ")}: from clients outside the cluster to load balancers`;
}

/** Whose program reads a real control plane's maps, where it isn't that control plane's own; or false. */
export function datapathNote(cells: readonly Pick<Cell, "facts">[]): string | false {
  const notes = [
    ...new Set(cells.flatMap(({ facts }) => (facts.datapath === undefined ? [] : [facts.datapath]))),
  ];
  return notes.length > 0 && notes.map((note) => plainText(String(note), 80)).join(", ");
}

/** What a scenario is; null where neither the run nor the table of older ones says. */
export function scenarioReport({ scenarios }: Described, id: string): ScenarioDescription | null {
  return own(scenarios, id) ?? own(FALLBACK_SCENARIOS, id) ?? null;
}

/** Scenarios that the run describes itself, by id. */
export function ownScenarios({ scenarios }: Described): readonly (readonly [string, ScenarioDescription])[] {
  return Object.entries(scenarios ?? {});
}

/** What is timed in a lane, as a subtitle says it; null where the run does not say. */
export function captionOf(
  results: Described,
  { scenario, lane, variants = [] }: { scenario: string; lane: string; variants?: readonly string[] },
): string | null {
  const captions = scenarioReport(results, scenario)?.captions;
  const ids = [...variants.map((variant) => `${lane}/${variant}`), lane];
  const found = ids.map((id) => own(captions, id)).find((caption) => caption !== undefined);
  return found === undefined ? null : plainText(found, MAX_CAPTION);
}

/** Compares planes by their place in columns and legends; unknown ones come last, by name. */
export function comparePlanes(results: Described): (a: string, b: string) => number {
  const ranks = new Map<string, number>();
  const rank = (plane: string): number => {
    const known = ranks.get(plane) ?? Math.min(planeReport(results, plane).order, Number.MAX_VALUE);
    ranks.set(plane, known);
    return known;
  };
  return (a, b) => rank(a) - rank(b) || (a < b ? -1 : Number(a > b));
}

/** Planes of which a run has cells, in the order of the columns, without baselines. */
export function measuredPlanes(results: Pick<Results, "cells"> & Described): string[] {
  const planes = new Set(results.cells.map(({ plane }) => plane));
  return [...planes]
    .filter((plane) => planeReport(results, plane).role === "proxy")
    .sort(comparePlanes(results));
}

/**
 * Planes that make a claim, in the order of the columns: those of which the run has cells, and where it has none, those that
 * it (or, for an older run, the table) describes.
 */
export function claimants(results: Pick<Results, "cells"> & Described, claim: Claim): string[] {
  const claims = (plane: string) => planeReport(results, plane).claims.includes(claim);
  const measured = [...new Set(results.cells.map(({ plane }) => plane))].filter(claims);
  const known =
    measured.length > 0 ? measured : Object.keys(results.planes ?? FALLBACK_PLANES).filter(claims);
  return known.sort(comparePlanes(results));
}

/** The first plane that makes a claim, or an id that no cell has. */
export function claimant(results: Pick<Results, "cells"> & Described, claim: Claim): string {
  return claimants(results, claim)[0] ?? "";
}

/** A plane's name in legends and tables. */
export function planeLabel(results: Described, plane: string): string {
  return planeReport(results, plane).label;
}

/** A plane's name in headlines, which have room for ten words. */
export function shortLabel(results: Described, plane: string): string {
  return planeReport(results, plane).shortLabel;
}

/** A plane's label among others, with its id where one of them has the same label: a version may be modelled and be run. */
export function labelAmong(results: Described, plane: string, planes: readonly string[]): string {
  const label = planeLabel(results, plane);
  const isTaken = planes.some((other) => other !== plane && planeLabel(results, other) === label);
  return isTaken ? `${label} (${plane})` : label;
}
