/** What a program takes of the kernel's memory: exact counts of the model. */

import { cellId } from "../../results/cells.js";
import type { Cell, Finding, Results } from "../../results/schema.js";
import { formatCount, formatDecimalBytes } from "../../text.js";
import { digits, planeLabel, possessive, shortLabel } from "./common.js";

/** Smaller factors are not worth a sentence. */
const WORTH_SAYING = 1.5;

/** iptables, which grows with each rule, and eBPF, whose maps have their size from the start, at the largest N of both. */
export function memoryAtLargest({ cells }: Results): Finding | null {
  const of = (plane: string) =>
    cells
      .filter(
        (cell) =>
          cell.plane === plane && cell.lane === "model" && cell.scenario === "memory" && bytesOf(cell) > 0,
      )
      .sort((a, b) => a.services - b.services);
  const ebpf = of("ebpf");
  const iptables = of("iptables").filter(({ services }) => ebpf.some((cell) => cell.services === services));
  const many = iptables.at(-1);
  const rival = ebpf.find(({ services }) => services === many?.services);
  if (!many || !rival) return null;
  const [more, less] = bytesOf(many) >= bytesOf(rival) ? [many, rival] : [rival, many];
  const value = bytesOf(more) / bytesOf(less);
  if (value < WORTH_SAYING) return null;
  const n = formatCount(many.services);
  const [few] = iptables;
  const fewRival = ebpf.find(({ services }) => services === few!.services)!;
  return {
    id: "memory",
    headline: `At ${n} Services ${shortLabel(more.plane)} needs ${digits(value)} times ${possessive(shortLabel(less.plane))} memory`,
    sentence:
      `The program of ${n} services takes ${formatDecimalBytes(bytesOf(more))} of the kernel's memory in ${planeLabel(more.plane)}, ` +
      `${digits(value)} times the ${formatDecimalBytes(bytesOf(less))} of ${planeLabel(less.plane)}` +
      (few === many
        ? "."
        : `; at N = ${formatCount(few!.services)} iptables takes ${formatDecimalBytes(bytesOf(few!))}, ` +
          `and eBPF's maps, made for their largest size, ${formatDecimalBytes(bytesOf(fewRival))}.`),
    cells: [...new Set([more, less, few!, fewRival])].map(cellId),
    value,
    interval: [value, value],
  };
}

function bytesOf({ counts }: Cell): number {
  return counts?.bytes ?? 0;
}
