/** Holds results/ in git to its budget and shape: `npm run check:results`. What is not listed here, `lbscale report` draws. */

import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";

export const MAX_PICTURES = 8;
export const MAX_PICTURE_BYTES = 80_000;
const MAX_TOTAL_BYTES = 12_000_000;
const MAX_PLAIN_RESULTS_BYTES = 300_000;

/** A file of results/, by its path from the top of the repository. */
export interface ResultFile {
  readonly path: string;
  readonly bytes: number;
}

/**
 * What is wrong with the published runs.
 *
 * @param files - all files of results/ that git tracks
 * @returns a line for each fault; empty: none
 */
export function resultFaults(files: readonly ResultFile[]): string[] {
  const faults = files.flatMap(({ path, bytes }) => faultOf(path, bytes));
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > MAX_TOTAL_BYTES) faults.push(`results/ holds ${total} bytes, more than ${MAX_TOTAL_BYTES}`);
  const runs = new Set(files.flatMap(({ path }) => /^results\/[^/]+(?=\/)/.exec(path)?.[0] ?? []));
  for (const run of runs) {
    const of = files.filter(({ path }) => path.startsWith(`${run}/`)).map(({ path }) => path);
    const pictures = of.filter((path) => path.endsWith(".svg")).length;
    if (pictures > MAX_PICTURES) faults.push(`${run} has ${pictures} pictures, more than ${MAX_PICTURES}`);
    if (!of.includes(`${run}/README.md`)) faults.push(`${run} has no README.md`);
    if (!of.some((path) => /\/results\.json(\.gz)?$/.test(path))) faults.push(`${run} has no results`);
  }
  return faults;
}

function faultOf(path: string, bytes: number): string[] {
  if (path === "results/README.md") return [];
  const file = path.split("/").slice(2).join("/");
  if (file === "README.md" || file === "results.json.gz") return [];
  if (file === "results.json") {
    return bytes > MAX_PLAIN_RESULTS_BYTES ? [`${path} has ${bytes} bytes: publish it packed`] : [];
  }
  if (/^charts\/[a-z0-9-]+\.svg$/.test(file)) {
    return bytes > MAX_PICTURE_BYTES ? [`${path} has ${bytes} bytes, more than ${MAX_PICTURE_BYTES}`] : [];
  }
  return [`${path} does not belong to a published run`];
}

if (import.meta.filename === process.argv[1]) {
  const paths = execFileSync("git", ["ls-files", "-z", "results"], { encoding: "utf8" })
    .split("\0")
    .filter(Boolean);
  const faults = resultFaults(paths.map((path) => ({ path, bytes: statSync(path).size })));
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
