/**
 * Evidence for `lbscale compare`: `npm run evidence:compare -- FOLDER [RUNS]`.
 *
 * Measures RUNS (21) default runs of the same code one after another into FOLDER, and after each a run of iptables alone
 * that does a tenth more work than it reports. Runs that are there already are kept, so it can be stopped and continued.
 * Then it compares every pair of neighbouring runs: alarms without a cause, slowed iptables that are found, and whether each
 * plane is found from the effect that its own comparison prints. RUNS = 0 only compares.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readResults } from "../src/results/files.js";
import { compareRuns, incomparable, type PlaneComparison } from "../src/results/runs/compare.js";
import type { Results } from "../src/results/schema.js";
import { median } from "../src/stats/quantile.js";

const MAIN = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));
const SLOWED = "iptables";
const [folder, count = "21"] = process.argv.slice(2);
if (folder === undefined) {
  console.error("give a folder for the runs");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
for (let i = 0; i < Number(count); i++) {
  measure(join(folder, `run-${i}`), []);
  measure(join(folder, `slow-${i}`), [
    "--planes",
    SLOWED,
    "--replicates",
    "7",
    "--slow-down",
    `${SLOWED}=0.1`,
  ]);
}
compareAll();

function measure(out: string, options: readonly string[]): void {
  if (existsSync(join(out, "results.json"))) {
    if (readResults(out).run.complete) return;
    options = ["--resume"];
  }
  const { status } = spawnSync(process.execPath, [MAIN, "run", ...options, "--out", out], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) process.exit(1);
}

function compareAll(): void {
  const runs: { run: Results; slow: Results }[] = [];
  const complete = (name: string) =>
    existsSync(join(folder!, name, "results.json")) && read(name).run.complete;
  for (let i = 0; complete(`run-${i}`) && complete(`slow-${i}`); i++) {
    runs.push({ run: read(`run-${i}`), slow: read(`slow-${i}`) });
  }
  const pairs = runs.slice(1).map((head, i) => ({ base: runs[i]!.run, head }));
  const planes = new Map<string, { comparison: PlaneComparison; foundAtPrinted: boolean }[]>();
  let alarms = 0;
  let found = 0;
  for (const { base, head } of pairs) {
    const reasons = incomparable(base, head.run);
    if (reasons.length > 0) throw new Error(reasons.join("; "));
    const same = compareRuns(base, head.run);
    if (same.regression) alarms++;
    for (const comparison of same.planes) {
      const slowed = compareRuns(base, slowBy(head.run, comparison));
      const foundAtPrinted = verdictOf(slowed.planes, comparison.plane) === "slower";
      planes.set(comparison.plane, [...(planes.get(comparison.plane) ?? []), { comparison, foundAtPrinted }]);
    }
    const withSlowed = {
      ...head.run,
      cells: [...head.run.cells.filter(({ plane }) => plane !== SLOWED), ...head.slow.cells],
    };
    if (verdictOf(compareRuns(base, withSlowed).planes, SLOWED) === "slower") found++;
  }
  console.log(`${pairs.length} pairs of neighbouring default runs of the same code`);
  console.log(`alarms without a cause: ${alarms}`);
  console.log(`${SLOWED} slowed by a tenth: found in ${found}`);
  console.log(
    "plane: ratio of the pairs (least to most); detectable (median, most); found at what was printed",
  );
  for (const [plane, seen] of planes) {
    const ratios = seen.map(({ comparison }) => comparison.ratio);
    const detectable = seen.map(({ comparison }) => comparison.detectable);
    console.log(
      `${plane}: ${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)}; ` +
        `${median(detectable).toFixed(2)}, ${Math.max(...detectable).toFixed(2)}; ` +
        `${seen.filter(({ foundAtPrinted }) => foundAtPrinted).length} of ${seen.length}`,
    );
  }
}

function read(name: string): Results {
  return readResults(join(folder!, name));
}

function verdictOf(
  planes: readonly PlaneComparison[],
  plane: string,
): PlaneComparison["verdict"] | undefined {
  return planes.find((candidate) => candidate.plane === plane)?.verdict;
}

/** The run, had the plane taken as much longer as its comparison says it can find. */
function slowBy(run: Results, { plane, detectable }: PlaneComparison): Results {
  const cells = run.cells.map((cell) =>
    cell.plane === plane
      ? {
          ...cell,
          replicates: cell.replicates.map((replicate) => ({
            ...replicate,
            median: replicate.median * detectable,
          })),
        }
      : cell,
  );
  return { ...run, cells };
}
