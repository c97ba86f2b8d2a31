/** What the kernel lane says: how connecting grows, and whether the models are to be believed. */

import { nameOf } from "../../results/cells.js";
import type { Cell, Finding, Results } from "../../results/schema.js";
import { formatCount, formatDecimalBytes, formatNs, plainText } from "../format.js";
import { digits, isMeasured, type Measured, planeLabel, ratioInterval, shortLabel } from "./common.js";

/** Tables of 100 services fit the innermost caches: rises are counted from there. */
const RISE_FROM = 100;

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
    cells: [nameOf(iptables), nameOf(direct)],
    value,
    interval,
  };
}

/** What a connection through iptables takes over one through IPVS, in the same guest, at the largest N. */
export function guestConnect(results: Results): Finding | null {
  const of = (plane: string) =>
    results.cells
      .filter((cell) => cell.lane === "guest" && cell.scenario === "connect" && cell.plane === plane)
      .filter(isMeasured)
      .sort((a, b) => a.services - b.services);
  const iptables = of("iptables").at(-1);
  const ipvs = of("ipvs").find(({ services }) => services === iptables?.services);
  if (!iptables || !ipvs) return null;
  const value = iptables.estimate.median / ipvs.estimate.median;
  const interval = ratioInterval(iptables, ipvs);
  if (interval[0] <= 1) return null;
  const n = formatCount(iptables.services);
  return {
    id: "guest-connect",
    headline: `At ${n} Services iptables connects take ${digits(value)} times IPVS's`,
    sentence:
      `In one user-mode Linux guest, at ${n} services, connect() takes ${formatNs(iptables.estimate.median)} through iptables and ` +
      `${formatNs(ipvs.estimate.median)} through IPVS: ${digits(value)} times [${interval.map(digits).join(", ")}].`,
    cells: [nameOf(iptables), nameOf(ipvs)],
    value,
    interval,
  };
}

/** The model's lookup over the kernel's own run of the same lookup, at each N, and their rises over N = 100. */
export function ebpfModelAgainstKernel(results: Results, plane: string): Finding | null {
  const pairs = kernelCells(results, "lookup", plane).flatMap((kernel) => {
    const model = results.cells
      .filter((cell) => cell.lane === "model" && cell.scenario === "lookup" && cell.plane === plane)
      .filter(isMeasured)
      .find(({ services }) => services === kernel.services);
    return model && kernel.estimate.interval[0] > 0 ? [{ kernel, model }] : [];
  });
  const last = pairs.at(-1);
  if (!last) return null;
  const value = last.model.estimate.median / last.kernel.estimate.median;
  const ratios = pairs.map(({ kernel, model }) => {
    const ends = ratioInterval(model, kernel).map(digits).join(", ");
    return (
      `N = ${formatCount(kernel.services)}: ${formatNs(model.estimate.median)} over ${formatNs(kernel.estimate.median)}, ` +
      `×${digits(model.estimate.median / kernel.estimate.median)} [${ends}]`
    );
  });
  return {
    id: `model-versus-kernel-${plane}`,
    headline: `The ${planeLabel(plane)} model takes ${digits(value)} of the kernel's time`,
    sentence:
      `${planeLabel(plane)}: the model's lookup over the kernel's own (BPF_PROG_TEST_RUN, its empty twin taken off), in the same blocks: ` +
      `${ratios.join("; ")}${riseWords(pairs)}.`,
    cells: pairs.flatMap(({ kernel, model }) => [nameOf(kernel), nameOf(model)]),
    value,
    interval: ratioInterval(last.model, last.kernel),
  };
}

function riseWords(pairs: readonly { readonly kernel: Measured; readonly model: Measured }[]): string {
  const first = pairs.find(({ kernel }) => kernel.services >= RISE_FROM);
  const last = pairs.at(-1);
  if (!first || !last || first === last) return "";
  const rise = (of: "kernel" | "model") => last[of].estimate.median / first[of].estimate.median;
  return (
    `. From ${formatCount(first.kernel.services)} to ${formatCount(last.kernel.services)} services ` +
    `the model rises ×${digits(rise("model"))}, the kernel ×${digits(rise("kernel"))}`
  );
}

/** Nanoseconds for each rule visited: the model's over what connections through the kernel's rule list grow by. */
export function iptablesModelAgainstKernel(results: Results): Finding | null {
  const kernel = ends(kernelCells(results, "connect", "iptables"));
  const model = ends(
    results.cells
      .filter((cell) => cell.lane === "model" && cell.scenario === "lookup" && cell.plane === "iptables")
      .filter(isMeasured)
      .sort((a, b) => a.services - b.services),
  );
  const [inKernel, inModel] = [kernel && slope(kernel), model && slope(model)];
  if (!kernel || !model || !inKernel || !inModel || inKernel.interval[0] <= 0 || inModel.interval[0] <= 0)
    return null;
  const value = inModel.value / inKernel.value;
  const interval: [number, number] = [
    inModel.interval[0] / inKernel.interval[1],
    inModel.interval[1] / inKernel.interval[0],
  ];
  const say = ({ value: ns, interval: [low, high] }: Slope) =>
    `${ns.toFixed(2)} ns [${low.toFixed(2)}, ${high.toFixed(2)}]`;
  return {
    id: "model-versus-kernel",
    headline: `A rule costs the iptables model ${digits(value)} of the kernel's time`,
    sentence:
      `Each rule visited takes ${say(inModel)} in the iptables model and ${say(inKernel)} in the kernel's connect(), ` +
      `between ${formatCount(kernel.few.services)} and ${formatCount(kernel.many.services)} services: ×${digits(value)} [${interval.map(digits).join(", ")}].`,
    cells: [kernel.few, kernel.many, model.few, model.many].map(nameOf),
    value,
    interval,
  };
}

interface Ends {
  readonly few: Measured;
  readonly many: Measured;
}

interface Slope {
  readonly value: number;
  readonly interval: readonly [number, number];
}

function ends(cells: readonly Measured[]): Ends | null {
  const few = cells.find(({ services }) => services >= RISE_FROM);
  const many = cells.at(-1);
  return few && many && few !== many ? { few, many } : null;
}

/** Conservative: the far ends of both intervals. */
function slope({ few, many }: Ends): Slope | null {
  const rules = (many.work?.rulesVisited ?? 0) - (few.work?.rulesVisited ?? 0);
  if (!(rules > 0)) return null;
  return {
    value: (many.estimate.median - few.estimate.median) / rules,
    interval: [
      (many.estimate.interval[0] - few.estimate.interval[1]) / rules,
      (many.estimate.interval[1] - few.estimate.interval[0]) / rules,
    ],
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
      `${formatNs(fast.estimate.median)} through ${planeLabel(fast.plane)}: ${digits(value)} times [${interval.map(digits).join(", ")}]` +
      (Number.isFinite(calls)
        ? `; the bpf() calls that write it into eBPF maps take ${formatNs(calls)}.`
        : "."),
    cells: [slow, fast, ...(Number.isFinite(calls) ? [ebpf!] : [])].map(nameOf),
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
        ? `${n} Services fill ${formatDecimalBytes(natBytes)}, as modelled to the byte`
        : `${n} Services fill ${formatDecimalBytes(natBytes)} of iptables rules`,
    sentence: `What the kernel says that a program takes at its largest N: ${others.join(", ")}.`,
    cells: [...last.values()].map(nameOf),
    value,
    interval: [value, value],
  };
}

/** The model's bytes of a kernel cell's program; null for a variant of it that the model does not count. */
function modelBytes({ counts, programBytes, plane }: Cell): number | null {
  // nf_tables holds the rules of iptables-nft otherwise than the blob that its model is.
  return counts === null || plane === "iptables-nft" ? null : programBytes;
}
