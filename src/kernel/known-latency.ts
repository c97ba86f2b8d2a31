/** Times BPF lookups whose latency is known, as the lookups of planes are timed (native/known.c). */

import { median } from "../stats/quantile.js";
import { compileProgram } from "./native.js";
import type { ConnectReport } from "./tasks.js";
import type { Host } from "./testbed/host.js";
import { KernelError, runTool, toolPath } from "./testbed/tools.js";

type KnownTables = Extract<ConnectReport, { kind: "known latency" }>["tables"];

const LINE_BYTES = 64;
const ROUNDS = 7;
const RUNS = 20_000;
/** Where the system names no cache. */
const USUAL_BYTES = 32 * 2 ** 20;
/** Locked memory of the largest table. */
const MOST_BYTES = 2 ** 28;

/** Elements of a table that is four times the last-level cache, as far as memory allows: a power of two. */
export function elementsBeyond(lastLevelBytes: number | null): number {
  const bytes = Math.min(MOST_BYTES, 4 * (lastLevelBytes ?? USUAL_BYTES));
  return 2 ** Math.ceil(Math.log2(bytes / LINE_BYTES));
}

/** Runs a program on a core, or on any, and reads the numbers that it prints, by line. */
export async function runPinned(command: readonly string[], cpu: number | null): Promise<number[][]> {
  const pin = cpu === null ? [] : [toolPath("taskset"), "-c", String(cpu)];
  const [program, ...args] = [...pin, ...command];
  const lines = (await runTool(program!, args)).toString().trim().split("\n");
  return lines.map((line) => line.split(" ").map(Number));
}

/** One element, which is in the first cache, and more than the last one holds. */
export async function timeKnownTables(
  host: Host,
  { lastLevelBytes, cpu }: { lastLevelBytes: number | null; cpu: number | null },
): Promise<KnownTables> {
  const known = await compileProgram("known", host.folder);
  const tables: KnownTables = [];
  for (const elements of [1, elementsBeyond(lastLevelBytes)]) {
    const rounds = await runPinned([known, ...[elements, ROUNDS, RUNS].map(String)], cpu);
    const column = (at: number) => median(rounds.map((round) => round[at]!));
    tables.push({ elements, bytes: elements * LINE_BYTES, kernelNs: column(0), chaseNs: column(1) });
  }
  return tables;
}

/** Reports these times, or why there are none: planes' lookups are measured all the same. */
export async function reportKnownTables(
  report: (report: ConnectReport) => void,
  time: () => Promise<KnownTables>,
): Promise<void> {
  try {
    report({ kind: "known latency", tables: await time() });
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    report({ kind: "known latency failed", reason: error.message });
  }
}
