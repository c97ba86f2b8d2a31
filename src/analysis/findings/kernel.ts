/** What the kernel lane says: how connecting grows, and whether the models are to be believed. */

import { cellId } from "../../results/cells.js";
import type { Cell, Finding, Results } from "../../results/schema.js";
import { median } from "../../stats/quantile.js";
import { formatCount, formatDecimalBytes, formatNs, plainText } from "../../text.js";
import { againstKernel, type Value } from "../model-vs-kernel.js";
import {
  digits,
  isMeasured,
  type Measured,
  planeLabel,
  ratioInterval,
  shortLabel,
  timesWords,
} from "./common.js";

function kernelCells(results: Results, scenario: string, plane: string): Measured[] {
  return results.cells
    .filter((cell) => cell.lane === "kernel" && cell.scenario === scenario && cell.plane === plane)
    .filter(isMeasured)
    .sort((a, b) => a.services - b.services);
}

/** What iptables adds to a connection, over the direct one, at the largest N. */
export function kernelConnect(results: Results): Finding | null {
  const iptables = kernelCells(results, "connect", "iptables").at(-1);
  const direct = kernelCells(results, "connect", "direct").find(
    ({ services }) => services === iptables?.services,
  );
  if (!iptables || !direct) return null;
  const value = iptables.estimate.median - direct.estimate.median;
  const interval: [number, number] = [
    iptables.estimate.interval[0] - direct.estimate.interval[1],
    iptables.estimate.interval[1] - direct.estimate.interval[0],
  ];
  if (interval[0] <= 0) return null;
  const n = formatCount(iptables.services);
  return {
    id: "kernel-connect",
    headline: `At ${n} Services iptables adds ${formatNs(value)} to every connection`,
    sentence:
      `In the kernel, at ${n} services, connect() takes ${formatNs(iptables.estimate.median)} through iptables and ` +
      `${formatNs(direct.estimate.median)} without a proxy: ${formatNs(value)} [${interval.map(formatNs).join(", ")}] more.`,
    cells: [cellId(iptables), cellId(direct)],
    value,
    interval,
  };
}

/** iptables and IPVS in the same guest at the largest N of both, where iptables surely takes longer. */
function guestPair({ cells }: Results, scenario: string) {
  const of = (plane: string) =>
    cells
      .filter((cell) => cell.lane === "guest" && cell.scenario === scenario && cell.plane === plane)
      .filter(({ variant }) => variant === "")
      .filter(isMeasured)
      .sort((a, b) => a.services - b.services);
  const iptables = of("iptables")
    .filter(({ services }) => of("ipvs").some((cell) => cell.services === services))
    .at(-1);
  const ipvs = of("ipvs").find(({ services }) => services === iptables?.services);
  if (!iptables || !ipvs) return null;
  const interval = ratioInterval(iptables, ipvs);
  return interval[0] <= 1 ? null : { iptables, ipvs, interval };
}

/** What a connection through iptables takes over one through IPVS, in the same guest, at the largest N. */
export function guestConnect(results: Results): Finding | null {
  const pair = guestPair(results, "connect");
  if (!pair) return null;
  const { iptables, ipvs, interval } = pair;
  const value = iptables.estimate.median / ipvs.estimate.median;
  const n = formatCount(iptables.services);
  return {
    id: "guest-connect",
    headline: `At ${n} Services iptables connects take ${digits(value)} times IPVS'`,
    sentence:
      `In one user-mode Linux guest, at ${n} services, connect() takes ${formatNs(iptables.estimate.median)} through iptables and ` +
      `${formatNs(ipvs.estimate.median)} through IPVS: ${timesWords(value, interval)}.`,
    cells: [cellId(iptables), cellId(ipvs)],
    value,
    interval,
  };
}

/** What one endpoint change takes through iptables, beside IPVS, in the same guest, and what starting a tool alone takes there. */
export function guestUpdate(results: Results): Finding | null {
  const pair = guestPair(results, "update");
  if (!pair) return null;
  const { iptables, ipvs } = pair;
  const n = formatCount(iptables.services);
  const startNs = median(ipvs.replicates.map(({ floorNs }) => floorNs));
  return {
    id: "guest-update",
    headline: `At ${n} Services guest iptables changes take ${formatNs(iptables.estimate.median)}`,
    sentence:
      `In one user-mode Linux guest, at ${n} services, one endpoint change takes ${formatNs(iptables.estimate.median)} through iptables and ` +
      `${formatNs(ipvs.estimate.median)} through IPVS; starting a tool alone takes ${formatNs(startNs)} there.`,
    cells: [cellId(iptables), cellId(ipvs)],
    value: iptables.estimate.median,
    interval: iptables.estimate.interval,
  };
}

/** The model's lookup over the kernel's own run of the same lookup, at each N, and their rises over N = 100. */
export function ebpfModelAgainstKernel(results: Results, plane: string): Finding | null {
  const rows = againstKernel(results).filter((row) => row.plane === plane);
  const lookups = rows.filter(({ what }) => what === "lookup");
  const rise = rows.find(({ what }) => what === "rise");
  const last = lookups.at(-1);
  if (!last) return null;
  const ratios = lookups.map(
    ({ services: [n], model, kernel, ratio }) =>
      `N = ${formatCount(n)}: ${formatNs(model.value)} over ${formatNs(kernel.value)}, ` +
      `×${digits(ratio.value)} [${ratio.interval.map(digits).join(", ")}]`,
  );
  const rises = rise
    ? `. From ${rise.services.map(formatCount).join(" to ")} services ` +
      `the model rises ×${digits(rise.model.value)}, the kernel ×${digits(rise.kernel.value)}`
    : "";
  return {
    id: `model-versus-kernel-${plane}`,
    headline: `The ${planeLabel(plane)} model takes ${digits(last.ratio.value)} of the kernel's time`,
    sentence:
      `${planeLabel(plane)}: the model's lookup over the kernel's own (BPF_PROG_TEST_RUN, its empty twin taken off), in the same blocks: ` +
      `${ratios.join("; ")}${rises}.`,
    cells: lookups.flatMap(({ cells }) => cells.map(cellId)),
    value: last.ratio.value,
    interval: [...last.ratio.interval],
  };
}

/** Nanoseconds for each rule visited: the model's over what connections through the kernel's rule list grow by. */
export function iptablesModelAgainstKernel(results: Results): Finding | null {
  const row = againstKernel(results).find(({ what }) => what === "rule");
  if (!row) return null;
  const { model, kernel, ratio, services, cells } = row;
  const say = ({ value: ns, interval: [low, high] }: Value) =>
    `${ns.toFixed(2)} ns [${low.toFixed(2)}, ${high.toFixed(2)}]`;
  return {
    id: "model-versus-kernel",
    headline: `A rule takes the model ${digits(ratio.value)} of the kernel's time`,
    sentence:
      `Each rule visited takes ${say(model)} in the iptables model and ${say(kernel)} in the kernel's connect(), ` +
      `between ${services.map(formatCount).join(" and ")} services: ×${digits(ratio.value)} [${ratio.interval.map(digits).join(", ")}].`,
    cells: cells.map(cellId),
    value: ratio.value,
    interval: [...ratio.interval],
  };
}

/** What one endpoint change takes through iptables, over nftables, at the largest N at which both were changed. */
export function kernelUpdate(results: Results): Finding | null {
  const of = (plane: string) => kernelCells(results, "update", plane).filter(({ variant }) => variant === "");
  const nftables = of("nftables");
  const iptables = of("iptables")
    .filter(({ services }) => nftables.some((cell) => cell.services === services))
    .at(-1);
  const other = nftables.find(({ services }) => services === iptables?.services);
  if (!iptables || !other) return null;
  const [slow, fast] =
    iptables.estimate.median >= other.estimate.median ? [iptables, other] : [other, iptables];
  const interval = ratioInterval(slow, fast);
  if (interval[0] <= 1) return null;
  const value = slow.estimate.median / fast.estimate.median;
  const n = formatCount(slow.services);
  const ebpf = of("ebpf").find(({ services }) => services === slow.services);
  const calls = Number(ebpf?.facts.systemCallsNs ?? Number.NaN);
  return {
    id: "kernel-update",
    headline: `At ${n} Services one endpoint change takes ${shortLabel(slow.plane)} ${formatNs(slow.estimate.median)}`,
    sentence:
      `In the kernel, at ${n} services, one endpoint change takes ${formatNs(slow.estimate.median)} through ${planeLabel(slow.plane)} and ` +
      `${formatNs(fast.estimate.median)} through ${planeLabel(fast.plane)}: ${timesWords(value, interval)}` +
      (Number.isFinite(calls)
        ? `; the bpf() calls that write it into eBPF maps take ${formatNs(calls)}.`
        : "."),
    cells: [slow, fast, ...(Number.isFinite(calls) ? [ebpf!] : [])].map(cellId),
    value,
    interval,
  };
}

/** The kernel's own account of the memory of each plane at its largest N, and the model's over it. Exact but for slabs. */
export function kernelMemory({ cells }: Results): Finding | null {
  const last = new Map<string, Cell>();
  for (const cell of cells) {
    if (cell.lane !== "kernel" || cell.scenario !== "memory" || !(modelBytes(cell)! > 0)) continue;
    if (cell.services > (last.get(cell.plane)?.services ?? 0)) last.set(cell.plane, cell);
  }
  const iptables = last.get("iptables");
  const natBytes = iptables?.counts?.["table nat bytes"];
  if (!iptables || natBytes === undefined) return null;
  const value = modelBytes(iptables)! / natBytes;
  const others = [...last.values()].map((cell) => {
    const bytes = cell === iptables ? natBytes : cell.counts!.bytes!;
    const source = plainText(String(cell.facts.source ?? "unknown source"), 40);
    const ratio = (modelBytes(cell)! / bytes).toPrecision(4);
    return `${planeLabel(cell.plane)} ${formatDecimalBytes(bytes)} (${source}; the model ×${ratio})`;
  });
  const n = formatCount(iptables.services);
  return {
    id: "kernel-memory",
    headline:
      value === 1
        ? `At ${n} Services iptables' nat fills ${formatDecimalBytes(natBytes)}, as modelled`
        : `At ${n} Services iptables' nat fills ${formatDecimalBytes(natBytes)}`,
    sentence: `What the kernel says that a program takes at its largest N: ${others.join(", ")}.`,
    cells: [...last.values()].map(cellId),
    value,
    interval: [value, value],
  };
}

/** The model's bytes of a kernel cell's program; null for a variant of it that the model does not count. */
function modelBytes({ counts, programBytes, plane }: Cell): number | null {
  // nf_tables holds the rules of iptables-nft otherwise than the blob that its model is.
  return counts === null || plane === "iptables-nft" ? null : programBytes;
}
