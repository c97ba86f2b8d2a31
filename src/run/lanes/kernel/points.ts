/** Which planes at which N a run of the kernel's lanes loads, found in its cells: a resumed run has nothing else. */

import { isRealProgram } from "../../../kernel/planes/real-programs.js";
import type { Cell } from "../../../results/schema.js";
import { selectCells } from "../../../results/select.js";

/**
 * The first cell of each plane at each N in each kernel, this machine's first. Real programs have visits of their own, and
 * so have new nodes, which are measured empty.
 */
export function pointsOf(cells: readonly Cell[]): Cell[] {
  const points = new Map<string, Cell>();
  for (const cell of cells) {
    const { lane, plane, services, scenario } = cell;
    const key = JSON.stringify([lane, plane, services]);
    if (lane === "model" || isRealProgram(plane) || scenario === "cold-start" || points.has(key)) continue;
    points.set(key, cell);
  }
  const all = [...points.values()];
  return [...selectCells(all, { lane: "kernel" }), ...selectCells(all, { lane: "guest" })];
}
