/**
 * Sentences that a run's numbers support, each with its interval. A sentence whose interval does not support it is not
 * made: no finding is better than a wrong one.
 */

import { claimant, claimants, measuredPlanes } from "../../results/descriptors.js";
import type { Finding, Results } from "../../results/schema.js";
import { ascending, selectCells } from "../../results/select.js";
import { withBasis, withCondition, withEnlargedMaps, withFamily } from "../conditions.js";
import { findingSentence } from "../finding-sentence.js";
import { consistentChoiceKeepsFlows } from "./balance.js";
import {
  churnRate,
  lookupUnderChurn,
  operationalLoad,
  rolloutTime,
  skewEffect,
  syncTime,
  updateTime,
} from "./changes.js";
import { measuredCells } from "./common.js";
import { connectCost, establishedFlat, laterLookups } from "./connections.js";
import { overtakings } from "./crossings.js";
import { affinityIsLinear, statisticChains } from "./endpoints.js";
import { familyCost } from "./families.js";
import { listFactor, listGrowth, listSlope } from "./growth.js";
import { bucketsInTime, chainsGrow, constantWork, logarithmAnswer, timeRise } from "./hash.js";
import { clusterConnect, clusterProgramming, clusterService } from "./lanes/cluster.js";
import { guestConnect, guestUpdate } from "./lanes/guest.js";
import {
  kernelConnect,
  kernelMemory,
  kernelUpdate,
  lookupModelVsKernel,
  ruleModelVsKernel,
} from "./lanes/kernel.js";
import { changeLoad, coldStart, firstSyncTime, programmingTime } from "./lanes/programming.js";
import { kernelLookups } from "./lanes/trie-hash.js";
import { memoryAtLargest } from "./memory.js";
import { timeByRegime } from "./regimes.js";
import { positionDecides } from "./tails.js";
import { trieAddresses, trieLogarithm } from "./trie.js";
import { updatesGrow } from "./updates.js";

/**
 * All findings of a run, most telling first. Needs its fits and crossovers (results/summarize.ts).
 *
 * @param results Results with their conclusions, as `run` stores them.
 * @returns Findings with a title, a sentence and the cells they rest on.
 * @example
 * ```ts
 * import { findFindings, readResults } from "lbscale/results";
 *
 * const run = readResults("results/default");
 * for (const { headline, interval } of findFindings(run)) console.log(headline, interval);
 * ```
 */
export function findFindings(results: Results): Finding[] {
  const cells = measuredCells(results);
  const of = (plane: string) => ascending(selectCells(cells, { plane }));
  const list = of(claimant(results, "list"));
  const hash = of(claimant(results, "hash"));
  const kernels = [
    clusterConnect(results),
    clusterService(results),
    clusterProgramming(results),
    programmingTime(results),
    changeLoad(results),
    firstSyncTime(results),
    coldStart(results),
    kernelConnect(results),
    guestConnect(results),
    establishedFlat(results, "kernel"),
    kernelUpdate(results),
    guestUpdate(results),
    kernelMemory(results),
    ruleModelVsKernel(results),
    ...measuredPlanes(results).map((plane) => lookupModelVsKernel(results, plane)),
    kernelLookups(results),
  ];
  const models = [
    listFactor(cells, results),
    listSlope(list, results),
    listGrowth(list, results),
    timeRise(hash, results),
    logarithmAnswer(hash, results),
    trieLogarithm(of(claimant(results, "trie")), results),
    timeByRegime(of(claimant(results, "trie")), hash, results),
    trieAddresses(results),
    constantWork(claimants(results, "constant-work").map(of), results),
    chainsGrow(of(claimant(results, "buckets")), results),
    bucketsInTime(of(claimant(results, "buckets")), list, results),
    ...overtakings(cells, results),
    positionDecides(list, results),
    connectCost(results),
    establishedFlat(results, "model"),
    laterLookups(results),
    updatesGrow(results),
    updateTime(results),
    rolloutTime(results),
    churnRate(results),
    lookupUnderChurn(results),
    operationalLoad(results),
    skewEffect(results),
    syncTime(results),
    memoryAtLargest(results),
    consistentChoiceKeepsFlows(results),
    statisticChains(results),
    affinityIsLinear(results),
    familyCost(results),
  ].filter((finding) => finding !== null);
  const said = models.map((finding) => withCondition(withEnlargedMaps(finding, results), results));
  const all = [
    ...kernels.filter((finding) => finding !== null).map((finding) => withFamily(finding, results)),
    ...said.map((finding) => ({ ...finding, sentence: findingSentence(finding, results) })),
  ];
  return all.map((finding) => withBasis(finding, results));
}
