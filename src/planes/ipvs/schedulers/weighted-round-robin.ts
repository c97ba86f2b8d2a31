/** wrr (net/netfilter/ipvs/ip_vs_wrr.c): rounds with a falling threshold, so that heavier destinations come more often. */

import {
  DEST_NEXT,
  DEST_WEIGHT,
  GENERATION,
  NULL,
  SERVICE_DESTINATIONS,
  SERVICE_SCHEDULER_DATA,
} from "../layout.js";
import type { Scheduler } from "./scheduler.js";

/** struct ip_vs_wrr_mark: 40 bytes, a kmalloc-64 object. */
export const WRR_MARK_BYTES = 40;
export const WRR_MARK_WORDS = 16;
/** Current destination, or the list's head. */
const CL = 0;
/** Current threshold. */
const CW = 2;
/** Highest threshold: the largest weight less (step - 1). */
const MW = 3;
/** Step: greatest common divisor of the weights. */
const DI = 4;
/** rcu_head, idle meanwhile: the generation that wrote CL and CW. */
const STAMP = 6;

export class WeightedRoundRobin implements Scheduler {
  readonly #words: Int32Array;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  attach(service: number, mark: number): void {
    this.#words[service + SERVICE_SCHEDULER_DATA] = mark;
    this.#measure(service, mark);
  }

  /** ip_vs_wrr_dest_changed: back to the list's head, and to a threshold that is one of the new ones. */
  onDestinationsChanged(service: number): void {
    const words = this.#words;
    const mark = words[service + SERVICE_SCHEDULER_DATA]!;
    this.#measure(service, mark);
    words[mark + CL] = service + SERVICE_DESTINATIONS;
    const [highest, step] = [words[mark + MW]!, words[mark + DI]!];
    if (words[mark + CW]! > highest || highest === 0) words[mark + CW] = highest;
    else if (step > 1) words[mark + CW] = Math.floor(words[mark + CW]! / step) * step + 1;
  }

  onWeightChanged(service: number): void {
    this.onDestinationsChanged(service);
  }

  /** Step and highest threshold of the weights there are. */
  #measure(service: number, mark: number): void {
    const words = this.#words;
    const head = service + SERVICE_DESTINATIONS;
    let step = 0;
    let largest = 0;
    for (let dest = words[head]!; dest !== head; dest = words[dest + DEST_NEXT]!) {
      const weight = words[dest + DEST_WEIGHT]!;
      if (weight > 0) step = greatestCommonDivisor(weight, step);
      if (weight > largest) largest = weight;
    }
    if (step === 0) step = 1;
    words[mark + MW] = largest - (step - 1);
    words[mark + DI] = step;
  }

  pick(service: number): number {
    const words = this.#words;
    const head = service + SERVICE_DESTINATIONS;
    const mark = words[service + SERVICE_SCHEDULER_DATA]!;
    const highest = words[mark + MW]!;
    if (highest === 0) return NULL;
    const step = words[mark + DI]!;
    const generation = words[GENERATION]!;
    const live = words[mark + STAMP] === generation;
    const last = live ? words[mark + CL]! : head;
    // kube-proxy adds destinations one at a time: the first makes the threshold 1 (a single weight is its own step), and
    // ip_vs_wrr_dest_changed keeps it there while others come. So the first round serves everyone once.
    let threshold = live ? words[mark + CW]! : 1;
    let stop = NULL;
    let lastPass = false;
    let restarted = false;
    let dest = last;
    let found = NULL;
    while (found === NULL) {
      dest = words[dest + DEST_NEXT]!;
      let over = false;
      while (dest !== head) {
        if (words[dest + DEST_WEIGHT]! >= threshold) {
          found = dest;
          break;
        }
        if (dest === stop) {
          over = true;
          break;
        }
        dest = words[dest + DEST_NEXT]!;
      }
      if (found !== NULL || over) break;
      threshold -= step;
      if (threshold <= 0) {
        threshold = highest;
        if (lastPass || last === head) break;
        restarted = true;
      }
      lastPass = threshold <= step;
      if (lastPass && restarted && last !== head) stop = last;
    }
    words[mark + CL] = dest;
    words[mark + CW] = threshold;
    words[mark + STAMP] = generation;
    return found;
  }

  bind(): void {}
}

/** Euclid's algorithm; `gcd(a, 0) = a`. */
export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
