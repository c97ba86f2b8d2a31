/** What a process has taken, as proc(5) says. */

import { readFileSync } from "node:fs";

/** Processor time with that of children that have ended, and the most memory that it has had at a time. */
export function processUsage(pid: number): { cpuNs: number; peakBytes: number } {
  const process = `/proc/${pid}`;
  const fields = readFileSync(`${process}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  // utime, stime, cutime and cstime, in hundredths of a second.
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`${process}/status`, "utf8"))?.[1];
  return { cpuNs: ticks * 1e7, peakBytes: Number(peak ?? 0) * 1024 };
}
