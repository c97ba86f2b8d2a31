/** What a packet pays for the entries that it visits in iptables: said by the user, read off a run, or published. */

import { InvalidOptionError } from "../errors.js";
import { claimant, planeLabel } from "../results/descriptors.js";
import { readResults } from "../results/files.js";
import { type Prediction, priceRules } from "../results/predict.js";
import { countOf } from "../text.js";

export interface EntryCost {
  readonly nsPerEntry: number;
  /** Where the number comes from, for the report. */
  readonly source: string;
  /** The lookup that visits this many entries; an interval only where a run has one. */
  predict(entries: number): Pick<Prediction, "medianNs"> & Partial<Prediction>;
}

/** KEP-3866's chart (kubernetes/enhancements): (p99 of iptables - p99 of nftables) / N at 5,000, 10,000 and 30,000 services. */
const PUBLISHED_NS = 22;
const PUBLISHED =
  "published: 22 to 24 ns per Service in KEP-3866's chart, first packet, p99; a run or a cost of your own is more precise";
const MAX_NS = 1_000_000;

/**
 * The cost in a list of this many services.
 *
 * @param nsPerEntry nanoseconds, where the user says them
 * @param run folder of a run that measured them
 * @throws InvalidOptionError for both, for a number out of bounds, and for a run whose lookups of iptables determine no price at
 * this size.
 */
export function entryCost(
  nsPerEntry: number | undefined,
  run: string | undefined,
  services: number,
): EntryCost {
  if (nsPerEntry !== undefined && run !== undefined) {
    throw new InvalidOptionError("give a cost per entry or a run, not both", ["nsPerEntry", "run"]);
  }
  if (nsPerEntry !== undefined) {
    if (!(nsPerEntry > 0 && nsPerEntry <= MAX_NS)) {
      const most = `${MAX_NS / 1e6} ms`;
      throw new InvalidOptionError(`a cost per entry: give nanoseconds, above 0 and at most ${most}`, [
        "nsPerEntry",
      ]);
    }
    return proportional(nsPerEntry, "as given");
  }
  return run === undefined ? proportional(PUBLISHED_NS, PUBLISHED) : ofRun(run, services);
}

function proportional(nsPerEntry: number, source: string): EntryCost {
  return { nsPerEntry, source, predict: (entries) => ({ medianNs: entries * nsPerEntry }) };
}

function ofRun(path: string, services: number): EntryCost {
  const results = readResults(path);
  const list = claimant(results, "list");
  const price = priceRules(results, list, services);
  if ("unavailable" in price || price.perRuleNs <= 0) {
    const why =
      "unavailable" in price
        ? price.unavailable
        : `its lookups of ${planeLabel(results, list)} don't grow with the list`;
    throw new InvalidOptionError(
      `${path} does not determine the cost of an entry in a list of ${countOf(services, "Service")}: ${why}; give another run, or a cost per entry`,
      ["run", "nsPerEntry"],
    );
  }
  return {
    nsPerEntry: price.perRuleNs,
    source: `run ${results.run.id}, lookups of ${planeLabel(results, list)} in the model at ${countOf(services, "Service")}, with 95 % intervals of its replicates`,
    predict: price.of,
  };
}
