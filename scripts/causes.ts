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
import { formatCount } from "../src/text.js";
import {
  type CausesTask,
  causesReportSchema,
  LISTS,
  type List,
  LOOKUPS,
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

const cpu = pinnableCpu();
if (cpu === null) {
  process.stderr.write("give a Linux machine with two cores and taskset (util-linux)\n");
  process.exit(2);
}

const values = new Map<string, number[]>();
await runInSandbox("kernel", { task: "causes", rounds, cpu, seed: SEED } satisfies CausesTask, {
  script: fileURLToPath(new URL("causes/inside.js", import.meta.url)),
  report: causesReportSchema,
  onReport: ({ arm, value }) => {
    values.set(arm, [...(values.get(arm) ?? []), value]);
  },
});

const caches = [0, 2, 3].map((i) => readText(`/sys/devices/system/cpu/cpu0/cache/index${i}/size`)).join(", ");
print(
  `${os.cpus()[0]!.model}, ${os.cpus().length} CPUs, caches ${caches}; Linux ${os.release()}; ${rounds} rounds; load ${os.loadavg()[0]!.toFixed(0)}`,
);
for (const name of MITIGATIONS)
  print(`${name}: ${readText(`/sys/devices/system/cpu/vulnerabilities/${name}`)}`);
print(`instructions, by perf: ${instructions()}`);
const huge = LISTS.map(({ name }) => 100 * median(values.get(`huge 2 MiB ${name}`) ?? []));
print(`share of the tables in huge pages: ${Math.min(...huge).toFixed(0)} % or more`);
table(
  "list",
  [
    "kernel, first walk",
    "kernel, second walk",
    "model",
    "model, 2 MiB pages",
    "model, caches swept",
    "model / kernel",
  ],
  LISTS.map((list) => [list.name, ...rowOf(list)]),
);
table(
  "nanoseconds per lookup",
  ["kernel, caches swept", "kernel", "model", "in 2 MiB pages", "model / kernel"],
  [
    ...LOOKUPS.map(({ plane, name, services }) => {
      const arms = ["kernel", "model 4 KiB", "model 2 MiB"].map(
        (arm) => `${arm} lookup ${plane} ${services}`,
      );
      return [
        `${name}, ${formatCount(services)} Service${services === 1 ? "" : "s"}`,
        estimate([`${arms[0]!} swept`], ([ns]) => ns!),
        ...comparedWith(arms),
      ];
    }),
    [
      "a hash map of one element",
      "",
      ...comparedWith([
        "calls hash",
        ...["4 KiB", "2 MiB"].map((pages) => `model ${pages} ${LISTS[0]!.name} find`),
      ]),
    ],
    ...[
      ["an array of one element, whose lookup the verifier inlines", "calls array"],
      ["a call of an empty BPF program and its return", "calls call"],
    ].map(([what, arm]) => [what!, "", estimate([arm!], ([ns]) => ns!), "", "", ""]),
  ],
);
table(
  "microseconds, the server on",
  ["connect()", "a request and its answer"],
  PLACES.map((place) => [
    place,
    ...["connect", "exchange"].map((what) => estimate([`${what} ${place}`], ([ns]) => ns! / 1e3)),
  ]),
);

/** As docs/measurement.md has it. */
function table(first: string, headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (fields: readonly string[]) => print(`| ${fields.join(" | ")} |`);
  print("");
  line([first, ...headings]);
  line([":---", ...headings.map(() => "---:")]);
  for (const row of rows) line(row);
}

/** Kernel, model in small and in huge pages, and the first two compared. */
function comparedWith(arms: readonly string[]): string[] {
  const each = arms.map((arm) => estimate([arm], ([ns]) => ns!));
  return [...each, estimate(arms.slice(0, 2), ([kernel, model]) => model! / kernel!)];
}

/** Slopes: what a walk adds, over the entries that it passes. The list that fits L1 is too short for its first walk. */
function rowOf(list: List): string[] {
  const entries = passed(list);
  const kernel = (walks: number) => `kernel ${list.name} ${walks}`;
  const model = (pages: string, swept = "") =>
    [0, 1].map((walks) => `model ${pages} ${list.name} ${walks}${swept}`);
  const first = ([none, once]: readonly number[]) => (once! - none!) / entries;
  const further = ([once, more]: readonly number[]) => (more! - once!) / entries / (list.walks - 1);
  const isShort = list.walks > 2;
  const compared = isShort ? [kernel(1), kernel(list.walks)] : [kernel(0), kernel(1)];
  const ofKernel = isShort ? further : first;
  return [
    isShort ? "" : estimate([kernel(0), kernel(1)], first),
    estimate([kernel(1), kernel(list.walks)], further),
    estimate(model("4 KiB"), first),
    estimate(model("2 MiB"), first),
    isShort ? "" : estimate(model("4 KiB", " swept"), first),
    estimate([...compared, ...model("4 KiB")], ([a, b, c, d]) => first([c!, d!]) / ofKernel([a!, b!])),
  ];
}

/** A statistic of arms' medians over rounds, with its interval. */
function estimate(arms: readonly string[], statistic: (medians: readonly number[]) => number): string {
  const samples = arms.map((arm) => values.get(arm) ?? []);
  const value = statistic(samples.map((one) => median(one)));
  const [low, high] = replicateInterval(samples, statistic, SEED);
  return `${fewDigits(value)} [${fewDigits(low)}, ${fewDigits(high)}]`;
}

function fewDigits(value: number): string {
  return formatCount(Number(value.toPrecision(Math.abs(value) < 10 ? 2 : 3)));
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
