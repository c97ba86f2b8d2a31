/**
 * Why model and kernel differ: `sudo npm run evidence:causes -- [ROUNDS]`.
 *
 * Every round measures each thing once, in a random order: connect() through lists of rules that no packet matches, which a
 * packet walks once or twice in a row; the model's walk over the same lists, in pages of 4 KiB and of 2 MiB; one BPF lookup and
 * the model of it; what a call costs in BPF; and connections to a server on the client's core and on others. Prints nanoseconds
 * with 95 % bootstrap intervals over rounds, as Markdown.
 */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { runInSandbox } from "../src/kernel/testbed/sandbox.js";
import { pinnableCpu } from "../src/measure/spawn.js";
import { REPLICATES_FOR_INTERVAL, replicateInterval } from "../src/stats/bootstrap.js";
import { median } from "../src/stats/quantile.js";
import {
  type CausesReport,
  type CausesTask,
  LISTS,
  type List,
  LOOKUP_SIZES,
  PLACES,
  passed,
} from "./causes/subjects.js";

const SEED = 1;
const MITIGATIONS = ["spectre_v2", "spec_rstack_overflow", "retbleed", "spectre_v1"];
const rounds = Number(process.argv[2] ?? 12);
if (!(Number.isInteger(rounds) && rounds >= REPLICATES_FOR_INTERVAL)) {
  process.stderr.write(`give a whole number of rounds from ${REPLICATES_FOR_INTERVAL}\n`);
  process.exit(2);
}

const values = new Map<string, number[]>();
await runInSandbox<CausesTask>(
  "kernel",
  { task: "causes", rounds, cpu: pinnableCpu(), seed: SEED },
  {
    script: fileURLToPath(new URL("causes/inside.js", import.meta.url)),
    onReport: (line) => {
      const { arm, value } = line as CausesReport;
      values.set(arm, [...(values.get(arm) ?? []), value]);
    },
  },
);

const caches = [0, 2, 3].map((i) => readText(`/sys/devices/system/cpu/cpu0/cache/index${i}/size`)).join(", ");
print(
  `${os.cpus()[0]!.model}, caches ${caches}; Linux ${os.release()}; ${rounds} rounds; load ${os.loadavg()[0]!.toFixed(0)}`,
);
for (const name of MITIGATIONS)
  print(`${name}: ${readText(`/sys/devices/system/cpu/vulnerabilities/${name}`)}`);
print(`instructions, by perf: ${instructions()}`);
print("");
print(
  "ns per rule passed | kernel, first walk | second walk | model | second walk | pages of 2 MiB | its share there | caches swept | model / kernel",
);
print(":--- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---:");
for (const list of LISTS) print([list.name, ...rowOf(list)].join(" | "));
print("");
print("ns per lookup | kernel | model | in 2 MiB pages | model / kernel");
print(":--- | ---: | ---: | ---: | ---:");
for (const services of LOOKUP_SIZES) {
  const [kernel, model, large] = ["kernel", "model 4 KiB", "model 2 MiB"].map(
    (arm) => `${arm} lookup ${services}`,
  );
  const each = [[kernel!], [model!], [large!]].map((arms) => estimate(arms, ([ns]) => ns!));
  print([`${services} services`, ...each, estimate([kernel!, model!], ([k, m]) => m! / k!)].join(" | "));
}
const find = `model 4 KiB ${LISTS[0]!.name} find`;
print(
  [
    "hash map of one element",
    ...[["calls hash"], [find], [`model 2 MiB ${LISTS[0]!.name} find`]].map((arms) =>
      estimate(arms, ([ns]) => ns!),
    ),
    estimate(["calls hash", find], ([k, m]) => m! / k!),
  ].join(" | "),
);
print(
  ["array of one element, which calls nothing", estimate(["calls array"], ([ns]) => ns!), "", "", ""].join(
    " | ",
  ),
);
print(["an empty call and its return", estimate(["calls call"], ([ns]) => ns!), "", "", ""].join(" | "));

print("");
print("µs, the server on | connect() | a request and its answer");
print(":--- | ---: | ---:");
for (const place of PLACES)
  print(
    [
      place,
      ...["connect", "exchange"].map((what) => estimate([`${what} ${place}`], ([ns]) => ns! / 1e3)),
    ].join(" | "),
  );

/** Slopes: what a walk adds, over the entries that it passes. The list that fits L1 is too short for its first walk. */
function rowOf(list: List): string[] {
  const entries = passed(list);
  const kernel = (walks: number) => `kernel ${list.name} ${walks}`;
  const model = (pages: string, walks: string) => `model ${pages} ${list.name} ${walks}`;
  const first = ([none, once]: readonly number[]) => (once! - none!) / entries;
  const further = ([once, more]: readonly number[]) => (more! - once!) / entries / (list.walks - 1);
  const second = ([once, twice]: readonly number[]) => (twice! - once!) / entries;
  const isShort = list.walks > 2;
  const compared = isShort ? [kernel(1), kernel(list.walks)] : [kernel(0), kernel(1)];
  const ofKernel = isShort ? further : first;
  const one = [model("4 KiB", "0"), model("4 KiB", "1")];
  return [
    isShort ? "" : estimate([kernel(0), kernel(1)], first),
    estimate([kernel(1), kernel(list.walks)], further),
    estimate(one, first),
    estimate([model("4 KiB", "1"), model("4 KiB", "2")], second),
    estimate([model("2 MiB", "0"), model("2 MiB", "1")], first),
    `${(100 * median(values.get(`huge 2 MiB ${list.name}`) ?? [])).toFixed(0)} %`,
    isShort ? "" : estimate([model("4 KiB", "0 swept"), model("4 KiB", "1 swept")], first),
    estimate([...compared, ...one], ([a, b, c, d]) => first([c!, d!]) / ofKernel([a!, b!])),
  ];
}

/** A statistic of arms' medians over rounds, with its interval. */
function estimate(arms: readonly string[], statistic: (medians: readonly number[]) => number): string {
  const samples = arms.map((arm) => values.get(arm) ?? []);
  const value = statistic(samples.map((one) => median(one)));
  const [low, high] = replicateInterval(samples, statistic, SEED);
  return `${value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
}

/** What `perf stat` says: virtual machines often have no counters. */
function instructions(): string {
  const { stderr, error } = spawnSync("perf", ["stat", "-x,", "-e", "instructions", "true"], {
    encoding: "utf8",
  });
  if (error) return "perf is not installed";
  const [count] = stderr.split(",");
  return /^\d+$/.test(count!)
    ? `${count} for a process that does nothing: this machine counts them`
    : "not counted on this machine";
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "unknown";
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
