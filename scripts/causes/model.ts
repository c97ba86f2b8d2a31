/**
 * The models' part of `npm run evidence:causes`, a process for each list and round: times the walk over a list, once and twice in
 * a row, the same after its caches have been swept, and a lookup in a hash map of one element. `node model.js LIST`; prints JSON.
 */

import { readFileSync } from "node:fs";
import { nowNs } from "../../src/measure/replicate/clock.js";
import { KEY } from "../../src/planes/ebpf/layout.js";
import { ServiceMap } from "../../src/planes/ebpf/maps/htab.js";
import { Walker } from "../../src/planes/iptables/walk.js";
import { xorshiftState } from "../../src/planes/shared/xorshift.js";
import { median } from "../../src/stats/quantile.js";
import { LISTS, modelTable } from "./subjects.js";

const BUDGET_NS = 800e6;
/** Share of the time that is warm-up. */
const WARM = 0.3;
/** A sample lasts some ten microseconds: far above the timer's step. */
const SAMPLE_RULES = 6000;
const FINDS = 2000;
/** 64 MiB, more than the last-level cache that one core can use in today's processors. */
const SWEPT_WORDS = (64 * 2 ** 20) / 4;
const ELEMENT_WORDS = 24;
const HUGE_WORDS = 2 ** 21 / 4;

const list = LISTS[Number(process.argv[2])]!;
const table = modelTable(list);
const before = hugeBytes();
// Only what is aligned in a mapping can be a huge page: the table lies in the middle of one.
const words = new Int32Array(table.words.length + 2 * HUGE_WORDS).subarray(HUGE_WORDS, -HUGE_WORDS);
words.set(table.words);
const hugeShare = Math.min(1, (hugeBytes() - before) / table.bytes);
const walker = new Walker(
  { ...table, words },
  {
    random: xorshiftState(1),
    nodeAddresses: new Int32Array(0),
    recent: null,
    recentSeconds: new Int32Array(0),
    mark: new Int32Array(2),
  },
);
const map = new ServiceMap(1, ELEMENT_WORDS, 1);
map.insert(0, 0, 0);
const other = new Int32Array(SWEPT_WORDS).fill(1);
const zero = new Int32Array(1);
let used = 0;

/** Each walk's start depends on the verdict of the one before, so that the processor can't overlap them. */
function walk(start: number, times: number): void {
  let verdict = 0;
  for (let i = 0; i < times; i++)
    verdict = walker.walk(start + (verdict & zero[0]!), 0x0a000001, 0x0a000002, 80, 6, 0);
  used += verdict;
}

function find(times: number): void {
  let key = 0;
  for (let i = 0; i < times; i++) key = map.words[map.find(key, 0, 0) + KEY]! & zero[0]!;
  used += key;
}

function sweep(): void {
  for (let i = 0; i < other.length; i += 16) used += other[i]!;
}

const repeats = Math.max(1, Math.round(SAMPLE_RULES / list.rules));
const arms = (["INPUT", "PREROUTING", "OUTPUT"] as const).flatMap((chain, walks) => {
  const start = table.start(chain) >>> 2;
  return [
    // A walk that isn't timed: the arm before may have swept the caches, and a long list is walked once a sample.
    {
      name: `${walks}`,
      times: repeats,
      before: () => walk(start, 1),
      run: (times: number) => walk(start, times),
    },
    { name: `${walks} swept`, times: 1, before: sweep, run: (times: number) => walk(start, times) },
  ];
});
arms.push({ name: "find", times: FINDS, before: () => {}, run: find });
const samples = arms.map((): number[] => []);
const began = nowNs();
while (nowNs() - began < BUDGET_NS) {
  const keeps = nowNs() - began > BUDGET_NS * WARM;
  for (const [i, { times, before, run }] of arms.entries()) {
    before();
    const started = nowNs();
    run(times);
    if (keeps) samples[i]!.push((nowNs() - started) / times);
  }
}
process.stdout.write(
  JSON.stringify({
    hugeShare,
    isUsed: Number.isFinite(used),
    ns: Object.fromEntries(arms.map(({ name }, i) => [name, median(samples[i]!)])),
  }),
);

function hugeBytes(): number {
  const kilobytes = readFileSync("/proc/self/smaps", "utf8").matchAll(/^AnonHugePages:\s+(\d+)/gm);
  return [...kilobytes].reduce((sum, [, kb]) => sum + Number(kb) * 1024, 0);
}
