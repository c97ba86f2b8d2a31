/**
 * Times of changes next to what kube-proxy's own metrics say of them, scraped by another process. Needs what
 * programming.test.ts does.
 */

import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readResults } from "../../src/results/files.js";
import { PATIENT_WITH_PROGRAMS } from "../support/patience.js";
import { CLI, folder, lacking } from "./kube-proxy-tools.js";
import { type Scraped, scrapeDuring } from "./scrape-metrics.js";

const CHANGES = 5;
/** Syncs that kube-proxy starts by itself, every 30 seconds, while a rollout goes on. */
const PERIODIC = 2;
const SERVICES = Number(process.env.LBSCALE_PROGRAMMED_SERVICES ?? 1000);

describe.skipIf(lacking !== null)("the time of a change, next to kube-proxy's own metrics", () => {
  test.each(["nftables@1.35", "nftables@1.36", "nftables@1.37", "iptables-legacy@1.37"])(
    "is that of one sync, of %s, and of what it says until a change is programmed",
    async (program) => {
      // A folder of its own for each attempt: a test that is repeated finds the first one's results.
      const out = join(mkdtempSync(join(folder, "metrics-")), program);
      const { status, scraped } = await scrapeDuring(
        [
          ...[CLI, "run", "--lane", "kernel", "--profile", "quick", "--planes", `kube-proxy/${program}`],
          ...["--scenarios", "programming", "--services", String(SERVICES), "--replicates", String(CHANGES)],
          ...[...PATIENT_WITH_PROGRAMS, "--formats", "none", "--out", out],
        ],
        folder,
      );
      expect(status).toBe(0);
      const cell = (variant: string) =>
        readResults(out).cells.find((each) => each.scenario === "programming" && each.variant === variant)!;
      const measured = cell("").replicates.map(({ median }) => median / 1e9);
      // The last that was seen before the next change: a sync's metrics are not written all at once.
      const after = (changes: number) => scraped.findLast(({ programmed }) => programmed === changes)!;
      const own = measured.map((_, i) => difference(after(i), after(i + 1)));
      console.log(
        [
          `${program}, ${SERVICES} services: event to end of sync by lbscale; by kube-proxy since the event's time; its sync alone (ms)`,
          ...measured.map((seconds, i) =>
            [seconds, own[i]!.programmedSeconds, own[i]!.syncSeconds]
              .map((one) => (one * 1e3).toFixed(1))
              .join("  "),
          ),
        ].join("\n"),
      );
      expect(measured).toHaveLength(CHANGES);
      expect(own.map(({ programmed }) => programmed)).toEqual(measured.map(() => 1));
      // One for each change, and on a slow machine kube-proxy's periodic one too, every 30 seconds. A change is noted before its
      // sync is, so the last scrape between two changes may have seen only the former: that sync counts with the next change.
      expect(after(CHANGES).syncs - after(0).syncs).toBeGreaterThanOrEqual(CHANGES - 1);
      // It notes that a change is programmed just before it notes that the sync has ended: they lie as far
      // apart as it waits for a core between the two.
      const total = (seconds: readonly number[]) => seconds.reduce((sum, one) => sum + one, 0);
      const ratio = total(measured) / total(own.map(({ programmedSeconds }) => programmedSeconds));
      expect(ratio).toBeGreaterThan(0.5);
      expect(ratio).toBeLessThan(2);
      // A change that gives the last Service its endpoints comes before they are replaced; the node is removed once they are.
      const rollout = difference(after(CHANGES + 1), scraped.at(-1)!);
      expect(rollout.syncs).toBeLessThanOrEqual(Number(cell("rollout").facts.syncs) + PERIODIC);
    },
  );
});

function difference(before: Scraped, after: Scraped): Scraped {
  const of = (name: keyof Scraped) => after[name] - before[name];
  return {
    syncs: of("syncs"),
    syncSeconds: of("syncSeconds"),
    programmed: of("programmed"),
    programmedSeconds: of("programmedSeconds"),
  };
}
