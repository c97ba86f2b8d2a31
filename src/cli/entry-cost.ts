/** What visiting one iptables entry costs: said by the user, taken from a run, or published. */

import { UsageError } from "../errors.js";
import { readResults } from "../results/files.js";

export interface EntryCost {
  readonly nsPerEntry: number;
  /** Where the number comes from, for the report. */
  readonly source: string;
}

/** KEP-3866's chart (kubernetes/enhancements): (p99 of iptables - p99 of nftables) / N at 5,000, 10,000 and 30,000 services. */
const PUBLISHED: EntryCost = {
  nsPerEntry: 22,
  source:
    "published: 22 to 23 ns a service in KEP-3866's chart, first packet, p99; --run or --ns-per-entry give yours",
};
const MAX_NS = 1_000_000;

/** Throws UsageError for a number that is none, and for a run whose lookups of iptables tell no slope. */
export function entryCost(ns: string | undefined, run: string | undefined): EntryCost {
  if (ns !== undefined && run !== undefined) throw new UsageError("give --ns-per-entry or --run, not both");
  if (ns !== undefined) {
    const value = ns.trim() === "" ? Number.NaN : Number(ns);
    if (!(value > 0 && value <= MAX_NS))
      throw new UsageError(`--ns-per-entry "${ns}": give a number of nanoseconds above 0`);
    return { nsPerEntry: value, source: "as given" };
  }
  return run === undefined ? PUBLISHED : ofRun(run);
}

/** The slope between the cells with the fewest and the most entries: what stays the same for all of them drops out. */
function ofRun(path: string): EntryCost {
  const { cells } = readResults(path);
  const points = cells
    .filter(({ plane, scenario, variant }) => plane === "iptables" && scenario === "lookup" && variant === "")
    .flatMap(({ lane, services, estimate, work }) =>
      estimate && work ? [{ lane, services, ns: estimate.median, entries: work.rulesVisited }] : [],
    )
    .sort((a, b) => a.entries - b.entries);
  const first = points[0];
  const last = points.filter(({ lane }) => lane === first?.lane).at(-1);
  if (!first || !last || last.entries < 2 * first.entries || last.ns <= first.ns) {
    throw new UsageError(
      `${path} tells no cost of an entry: it needs lookups of iptables at two numbers of services, the larger one slower`,
    );
  }
  return {
    nsPerEntry: (last.ns - first.ns) / (last.entries - first.entries),
    source: `slope of that run's iptables lookups, ${first.lane} lane, ${first.services} to ${last.services} services`,
  };
}
