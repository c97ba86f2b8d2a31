/**
 * Sentences that a run's numbers support, each with its interval. A sentence whose interval does not support it is not
 * made: no finding is better than a wrong one.
 */

import type { Finding, Results } from "../../results/schema.js";
import { maglevKeepsFlows } from "./balance.js";
import {
  churnRate,
  lookupUnderChurn,
  operationalLoad,
  rolloutTime,
  skewEffect,
  syncTime,
  updateTime,
} from "./changes.js";
import { measuredCells, planeCells } from "./common.js";
import { connectCost, establishedFlat } from "./connections.js";
import { overtakings } from "./crossings.js";
import { affinityIsLinear, statisticChains } from "./endpoints.js";
import { iptablesFactor, iptablesGrowth, iptablesSlope } from "./growth.js";
import { chainsGrow, constantWork, logarithmAnswer, timeRise } from "./hash.js";
import {
  ebpfModelAgainstKernel,
  guestConnect,
  guestUpdate,
  iptablesModelAgainstKernel,
  kernelConnect,
  kernelMemory,
  kernelUpdate,
} from "./kernel.js";
import { memoryAtLargest } from "./memory.js";
import { positionDecides } from "./tails.js";
import { updatesGrow } from "./updates.js";

/**
 * All findings of a run, most telling first. Needs its fits and crossovers (results/conclude.ts).
 *
 * @param results Results with their conclusions, as `run` stores them.
 * @returns Findings with a title, a sentence and the cells they rest on.
 */
export function findFindings(results: Results): Finding[] {
  const cells = measuredCells(results);
  const of = (plane: string) => planeCells(cells, plane);
  return [
    kernelConnect(results),
    guestConnect(results),
    establishedFlat(results, "kernel"),
    kernelUpdate(results),
    guestUpdate(results),
    kernelMemory(results),
    iptablesModelAgainstKernel(results),
    ebpfModelAgainstKernel(results, "ebpf"),
    ebpfModelAgainstKernel(results, "ebpf-maglev"),
    iptablesFactor(cells),
    iptablesSlope(of("iptables"), results),
    iptablesGrowth(of("iptables"), results),
    timeRise(of("ebpf"), results),
    logarithmAnswer(of("ebpf"), results),
    constantWork([of("ebpf"), of("nftables")]),
    chainsGrow(of("ipvs"), results),
    ...overtakings(cells, results),
    positionDecides(of("iptables")),
    connectCost(results),
    establishedFlat(results, "model"),
    updatesGrow(results),
    updateTime(results),
    rolloutTime(results),
    churnRate(results),
    lookupUnderChurn(results),
    operationalLoad(results),
    skewEffect(results),
    syncTime(results),
    memoryAtLargest(results),
    maglevKeepsFlows(results),
    statisticChains(results),
    affinityIsLinear(results),
  ].filter((finding) => finding !== null);
}
