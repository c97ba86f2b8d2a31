/** What the kernel lane says: how connecting grows, and whether the models are to be believed. */

import { cellId } from "../../../results/cells.js";
import {
  claimant,
  comparePlanes,
  measuredPlanes,
  planeLabel,
  planeReport,
  shortLabel,
} from "../../../results/descriptors.js";
import type { Cell, Finding, Results } from "../../../results/schema.js";
import { atServices, type MeasuredCell, measuredCurve, selectCells } from "../../../results/select.js";
import { formatCount, formatDecimalBytes, formatNs, plainText } from "../../../text.js";
import { againstKernel, type Value } from "../../model-vs-kernel.js";
import {
  formatDifference,
  formatFactor,
  formatSpan,
  headlineFactor,
  possessive,
  ratioInterval,
  twoDigits,
} from "../common.js";

function kernelCells(results: Results, scenario: string, plane: string): MeasuredCell[] {
  return measuredCurve(results, { lane: "kernel", scenario, plane });
}

/** Planes of the run that balance nothing, the one that does most first: with connection tracking, then without. */
function baselines(results: Results): string[] {
  return [...new Set(results.cells.map(({ plane }) => plane))]
    .filter((plane) => planeReport(results, plane).role === "baseline")
    .sort(comparePlanes(results))
    .reverse();
}

/** Other rule lists than the one that claims to be it: another backend of the same rules. */
function otherLists(results: Results, list: MeasuredCell): string {
  return measuredPlanes(results)
    .filter((plane) => plane !== list.plane && planeReport(results, plane).structure === "list")
    .map((plane) => atServices(kernelCells(results, "connect", plane), list.services))
    .filter((cell) => cell !== undefined)
    .map((cell) => `; through ${planeLabel(results, cell.plane)} it takes ${formatNs(cell.estimate.median)}`)
    .join("");
}

/** What the rule list adds to a connection, over one that is tracked and not balanced, at the largest N. */
export function kernelConnect(results: Results): Finding | null {
  const list = kernelCells(results, "connect", claimant(results, "list")).at(-1);
  const direct = baselines(results)
    .map((plane) => atServices(kernelCells(results, "connect", plane), list?.services))
    .find((cell) => cell !== undefined);
  if (!list || !direct) return null;
  const name = planeLabel(results, list.plane);
  const value = list.estimate.median - direct.estimate.median;
  const interval: [number, number] = [
    list.estimate.interval[0] - direct.estimate.interval[1],
    list.estimate.interval[1] - direct.estimate.interval[0],
  ];
  if (interval[0] <= 0) return null;
  const n = formatCount(list.services);
  const said = formatDifference(list.estimate.median, direct.estimate.median);
  return {
    id: "kernel-connect",
    headline: `At ${n} Services ${name} adds ${formatSpan(value, interval)} to a median connection`,
    sentence:
      `In the kernel, at ${n} Services, connect() takes ${said.above} through ${name} and ` +
      `${said.below} with ${planeLabel(results, direct.plane)}: ${said.difference} [${interval.map(formatNs).join(", ")}] more${otherLists(results, list)}.`,
    cells: [cellId(list), cellId(direct)],
    value,
    interval,
  };
}

/** The model's lookup over the kernel's own run of the same lookup, at each N, and their rises over N = 100. */
export function lookupModelVsKernel(results: Results, plane: string): Finding | null {
  const rows = againstKernel(results).filter((row) => row.plane === plane);
  const lookups = rows.filter(({ what }) => what === "lookup");
  const rise = rows.find(({ what }) => what === "rise");
  const last = lookups.at(-1);
  if (!last) return null;
  const ratios = lookups.map(
    ({ services: [n], model, kernel, ratio }) =>
      `N = ${formatCount(n)}: ${formatNs(model.value)} over ${formatNs(kernel.value)}, ` +
      `×${twoDigits(ratio.value)} [${ratio.interval.map(twoDigits).join(", ")}]`,
  );
  const rises = rise
    ? `. From ${rise.services.map(formatCount).join(" to ")} Services ` +
      `the model rises ×${twoDigits(rise.model.value)}, the kernel ×${twoDigits(rise.kernel.value)}`
    : "";
  return {
    id: `model-versus-kernel-${plane}`,
    headline: `The ${planeLabel(results, plane)} model takes ${headlineFactor(last.ratio.value, last.ratio.interval)} the kernel's time`,
    sentence:
      `${planeLabel(results, plane)}: the model's time for a lookup over that of the kernel's maps (lbscale's BPF program under BPF_PROG_TEST_RUN, minus an empty program), in the same blocks: ` +
      `${ratios.join("; ")}${rises}.`,
    cells: lookups.flatMap(({ cells }) => cells.map(cellId)),
    value: last.ratio.value,
    interval: [...last.ratio.interval],
  };
}

/** Nanoseconds for each rule visited: the model's over what connections through the kernel's rule list grow by. */
export function ruleModelVsKernel(results: Results): Finding | null {
  const row = againstKernel(results).find(({ what }) => what === "rule");
  if (!row) return null;
  const { model, kernel, ratio, services, cells, plane } = row;
  const say = ({ value: ns, interval: [low, high] }: Value) =>
    `${ns.toFixed(2)} ns [${low.toFixed(2)}, ${high.toFixed(2)}]`;
  return {
    id: "model-versus-kernel",
    headline: `A rule costs the model ${headlineFactor(ratio.value, ratio.interval)} the kernel's time`,
    sentence:
      `Each rule visited takes ${say(model)} in the ${planeLabel(results, plane)} model and ${say(kernel)} in the kernel's connect(), ` +
      `between ${services.map(formatCount).join(" and ")} Services: ×${twoDigits(ratio.value)} [${ratio.interval.map(twoDigits).join(", ")}].`,
    cells: cells.map(cellId),
    value: ratio.value,
    interval: [...ratio.interval],
  };
}

/**
 * What writing one endpoint change takes through the list, without kube-proxy's listing and saving, which `programming` has;
 * over another plane whose tool starts as the list's does, at the largest N of both.
 */
export function kernelUpdate(results: Results): Finding | null {
  const of = (plane: string) =>
    measuredCurve(results, { lane: "kernel", scenario: "update", plane, variant: "" });
  const byTool = of(claimant(results, "changed-by-tool"));
  const list = of(claimant(results, "list")).findLast(({ services }) => atServices(byTool, services));
  const other = atServices(byTool, list?.services);
  if (!list || !other) return null;
  const [slow, fast] = list.estimate.median >= other.estimate.median ? [list, other] : [other, list];
  const interval = ratioInterval(slow, fast);
  if (interval[0] <= 1) return null;
  const value = slow.estimate.median / fast.estimate.median;
  const n = formatCount(slow.services);
  const writer = measuredPlanes(results)
    .map((plane) => atServices(of(plane), slow.services))
    .find((cell) => cell?.facts.systemCallsNs !== undefined);
  const fastAt = (services: number) => atServices(of(fast.plane), services);
  const fewest = of(slow.plane).find(({ services }) => services < slow.services && fastAt(services));
  const few = fewest ? [fewest, fastAt(fewest.services)!] : [];
  return {
    id: "kernel-update",
    headline: `Writing one endpoint change takes ${shortLabel(results, slow.plane)} ${formatSpan(slow.estimate.median, slow.estimate.interval)} at ${n} Services`,
    sentence:
      `In the kernel, at ${n} Services, writing one endpoint change takes ${formatNs(slow.estimate.median)} through ${planeLabel(results, slow.plane)} and ` +
      `${formatNs(fast.estimate.median)} through ${planeLabel(results, fast.plane)}: ${formatFactor(value, interval)}, each by its tool from its start to its end, without what kube-proxy lists and saves before` +
      `${fewest ? `; at N = ${formatCount(fewest.services)} they take ${few.map((cell) => formatNs(cell.estimate.median)).join(" and ")}` : ""}` +
      `${writer ? `. lbscale's writer of maps takes ${formatNs(writer.estimate.median)} from start to end, ${formatNs(Number(writer.facts.systemCallsNs))} of it in bpf() calls for the entries that differ` : ""}.`,
    cells: [slow, fast, ...(writer ? [writer] : [])].map(cellId),
    value,
    interval,
  };
}

/** The model's bytes over the kernel's, of what both count; with what the model counts and a memlock leaves out said apart. */
function besideKernel({ counts, facts, programBytes }: Cell, bytes: number): string {
  const counted = counts!["modelled bytes"];
  // Earlier runs kept the model's sum alone, which is of more than a memlock counts.
  if (counted === undefined && facts.source === "memlock")
    return `${formatDecimalBytes(programBytes!)} with what memlock leaves out`;
  const ratio = `×${((counted ?? programBytes!) / bytes).toPrecision(4)}`;
  const rest = programBytes! - (counted ?? programBytes!);
  return rest > 0 ? `${ratio}, and ${formatDecimalBytes(rest)} that memlock leaves out` : ratio;
}

/** The kernel's own account of the memory of each plane at its largest N, and the model's next to it. Exact but for slabs. */
export function kernelMemory(results: Results): Finding | null {
  const last = new Map<string, Cell>();
  const modelBytes = ({ counts, programBytes, plane }: Cell): number | null =>
    counts?.bytes === undefined || !planeReport(results, plane).memoryModelled ? null : programBytes;
  for (const cell of selectCells(results, { lane: "kernel", scenario: "memory" })) {
    if (!(modelBytes(cell)! > 0)) continue;
    if (cell.services > (last.get(cell.plane)?.services ?? 0)) last.set(cell.plane, cell);
  }
  const list = last.get(claimant(results, "list"));
  const natBytes = list?.counts?.["table nat bytes"];
  if (!list || natBytes === undefined) return null;
  const value = modelBytes(list)! / natBytes;
  const others = [...last.values()].map((cell) => {
    const bytes = cell === list ? natBytes : cell.counts!.bytes!;
    const source = plainText(String(cell.facts.source ?? "unknown source"), 40);
    return `${planeLabel(results, cell.plane)} ${formatDecimalBytes(bytes)} (${source}; the model ${besideKernel(cell, bytes)})`;
  });
  const n = formatCount(list.services);
  const taken = formatDecimalBytes(natBytes).replace(" ", "\u00a0");
  return {
    id: "kernel-memory",
    headline:
      value === 1
        ? `At ${n} Services ${possessive(planeLabel(results, list.plane))} nat table takes ${taken}, as modelled`
        : `At ${n} Services ${possessive(planeLabel(results, list.plane))} nat table takes ${taken}`,
    sentence: `Memory of a program at its largest N, as the kernel reports it: ${others.join(", ")}.`,
    cells: [...last.values()].map(cellId),
    value,
    interval: [value, value],
  };
}
