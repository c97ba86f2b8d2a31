/** Results of kube-proxies and of new nodes that never happened: for tests of charts only. */

import { CATALOG } from "../../src/catalog.js";
import type { Cell, Results } from "../../src/results/schema.js";
import { describeRun } from "../../src/run/describe.js";
import { fakeResults } from "./results.js";

const SERVICES = [1, 100, 1000, 5000, 10_000];
/** Of a change: constant, and for each Service, ms; and of that what is reading. */
const CHANGES = {
  "kube-proxy/nftables@1.35": { base: 25, each: 1.5, listing: 0.9 },
  "kube-proxy/nftables@1.36": { base: 20, each: 0.4, listing: 0.8 },
  "kube-proxy/nftables@1.37": { base: 15, each: 0.03, listing: 0 },
  "kube-proxy/iptables-legacy@1.37": { base: 12, each: 0.08, listing: 0.2 },
} as const;

/** Programming, first syncs and memory of four kube-proxies, and cold starts of three layouts, with a gap each. */
export function withProgramming(results: Results = fakeResults()): Results {
  const pattern = results.cells.find(({ estimate }) => estimate !== null)!;
  const cell = (
    plane: string,
    scenario: string,
    variant: string,
    services: number,
    ns: number | null,
  ): Cell => ({
    ...pattern,
    lane: "kernel",
    plane,
    scenario,
    variant,
    services,
    work: null,
    percentiles: null,
    facts: {},
    estimate: ns === null ? null : { median: ns, interval: [0.85 * ns, 1.2 * ns], kind: "ci95" },
  });
  const cells: Cell[] = [];
  for (const [plane, { base, each, listing }] of Object.entries(CHANGES)) {
    for (const services of SERVICES) {
      // The oldest one does not finish at the largest N.
      const missing = plane.endsWith("1.35") && services === 10_000;
      const change = missing ? null : (base + each * services) * 1e6;
      const share = (part: number) => change && part * change;
      const first = missing
        ? null
        : 5e8 + services * 2e5 + (plane.includes("nftables") ? (200 + 100 * each) * services ** 2 : 0);
      cells.push(
        cell(plane, "programming", "", services, change),
        cell(plane, "programming", "visible", services, share(0.8)),
        cell(plane, "programming", "rollout", services, share(1.6)),
        cell(plane, "programming", "listing", services, share(listing)),
        cell(plane, "programming", "writing", services, share(0.7 * (1 - listing))),
        cell(plane, "programming", "writing, in the kernel", services, share(0.5 * (1 - listing))),
        cell(plane, "programming", "rest", services, share(0.3 * (1 - listing))),
        cell(plane, "sync", "first", services, first),
        cell(plane, "sync", "first, CPU", services, first && 0.9 * first),
        {
          ...cell(plane, "proxy-memory", "", services, null),
          counts: missing ? null : { bytes: 5e7 + each * 20_000 * services + 15_000 * services },
        },
      );
    }
  }
  for (const [i, plane] of ["nftables@1.35", "nftables@1.36", "nftables@1.37"].entries()) {
    for (const services of [1000, 5000, 10_000]) {
      const linear = services * (5e5 - 1.5e5 * i);
      const walks = services ** 2 * 120;
      cells.push(cell(plane, "cold-start", "", services, i === 0 && services > 5000 ? null : linear + walks));
      if (services > 1000)
        cells.push(cell(plane, "cold-start", "1,000 a transaction", services, linear + 0.7 * walks));
      cells.push(cell(plane, "cold-start", "250 a transaction", services, linear + 0.6 * walks));
    }
  }
  return { ...results, cells, ...describeRun(cells, CATALOG) };
}
