/** A comparison of two runs, in words. */

import { type Described, planeLabel } from "../results/descriptors.js";
import type { PlaneComparison, RunComparison } from "../results/runs/compare.js";
import { plainText } from "../text.js";

const ratio = (value: number): string => `×${value.toFixed(value < 10 ? 3 : 1)}`;
const p = (value: number): string => (value < 0.001 ? "< 0.001" : value.toFixed(3));

/** Rows of the comparison's table, heading first: one line per plane. */
export function comparisonRows({ planes, minEffect, described }: RunComparison): string[][] {
  const heading = [
    "plane",
    "HEAD / BASE",
    "95 % interval",
    `p (slower by ${100 * minEffect} %)`,
    "p (faster)",
    "min. detectable",
    "verdict",
  ];
  return [
    heading,
    ...planes.map((plane) => [
      comparedName(described, plane, planes),
      ratio(plane.ratio),
      `[${plane.interval.map(ratio).join(", ")}]`,
      p(plane.slowerP),
      p(plane.fasterP),
      ratio(plane.detectable),
      plane.verdict,
    ]),
  ];
}

/** A compared plane, with its scenario where there are several. */
export function comparedName(
  described: Described,
  compared: PlaneComparison,
  all: readonly PlaneComparison[],
): string {
  const { plane, scenario, variant } = compared;
  const scenarios = new Set(all.map((other) => other.scenario));
  return [
    planeLabel(described, plane),
    ...(scenarios.size > 1 ? [plainText(scenario, 40)] : []),
    ...(variant === "" ? [] : [plainText(variant, 40)]),
  ].join(", ");
}

/** What the table means, for people. */
export function formatComparison(comparison: RunComparison): string[] {
  const { planes, minEffect, unmatched, regression, described } = comparison;
  const verdict = (wanted: PlaneComparison["verdict"]) =>
    planes.filter((plane) => plane.verdict === wanted).map(({ plane }) => planeLabel(described, plane));
  const slower = verdict("slower");
  const faster = verdict("faster");
  return [
    regression
      ? `slower in HEAD, by more than ${100 * minEffect} %: ${slower.join(", ")}`
      : `no plane is slower in HEAD by more than ${100 * minEffect} %, as far as these runs can detect`,
    ...(faster.length > 0 ? [`faster in HEAD: ${faster.join(", ")}`] : []),
    `one test per plane over all its N at equal speed of core and memory, Holm over ${planes.length} ${planes.length === 1 ? "plane" : "planes"}; "min. detectable" is the slowdown that such a pair of runs detects in 95 % of cases`,
    ...(unmatched.length > 0 ? [`not compared: ${leftOut(unmatched)}`] : []),
  ];
}

/** `7 cells of ipvs/lookup, 1 cell of ebpf/lookup`. */
function leftOut(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) {
    const group = plainText(name.slice(0, name.lastIndexOf("/")));
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  return [...counts]
    .map(([group, count]) => `${count} ${count === 1 ? "cell" : "cells"} of ${group}`)
    .join(", ");
}
