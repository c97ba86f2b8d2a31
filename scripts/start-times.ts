/**
 * How long commands take to start, over `node -e 0`: `npm run evidence:start -- [ROUNDS]`.
 *
 * Every round runs each command once, in a random order, so that what the machine does meanwhile meets all of them alike.
 * A ratio is the median over rounds of a command's time divided by that of bare node in the same round, with a 95 %
 * bootstrap interval. Exits 1 where a command is slower than its goal with the whole interval.
 */

import { spawnSync } from "node:child_process";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { Random } from "../src/random.js";
import { replicateInterval } from "../src/stats/bootstrap.js";
import { median } from "../src/stats/quantile.js";
import { formatNs } from "../src/text.js";

const MAIN = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));
const BOUTIQUE = fileURLToPath(new URL("../../test/data/online-boutique.yaml", import.meta.url));
const FEWEST_ROUNDS = 6;
const SEED = 1;

interface Start {
  readonly name: string;
  readonly args: readonly string[];
  readonly status: number;
  /** At most this many times bare node; undefined: shown only. */
  readonly goal?: number;
}

const cli = (words: readonly string[], status: number, goal?: number): Start => ({
  name: `lbscale ${words.join(" ")}`.replace(BOUTIQUE, "online-boutique.yaml"),
  args: [MAIN, ...words],
  status,
  ...(goal !== undefined && { goal }),
});

const BARE: Start = { name: "node -e 0", args: ["-e", "0"], status: 0 };
const STARTS: readonly Start[] = [
  cli(["--version"], 0, 2.5),
  cli(["--help"], 0, 2.5),
  cli(["list", "planes"], 0, 2.5),
  cli(["list", "scenarios"], 0, 2.5),
  cli(["list", "charts"], 0, 2.5),
  cli(["rnu"], 2, 2.5),
  cli(["run", "--servces", "5"], 2, 2.5),
  cli(["report"], 2, 2.5),
  cli(["import", BOUTIQUE], 0, 5),
  cli(["run", "--help"], 0),
];

const rounds = Number(process.argv[2] ?? 20);
if (!(Number.isInteger(rounds) && rounds >= FEWEST_ROUNDS)) {
  process.stderr.write(`give a whole number of rounds from ${FEWEST_ROUNDS}\n`);
  process.exit(2);
}

const random = Random.fromSeed(SEED, "start times");
const times = new Map<Start, number[]>([BARE, ...STARTS].map((start) => [start, []]));
for (let round = 0; round < rounds; round++) {
  const order = [...times.keys()];
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  for (const start of order) times.get(start)!.push(startMs(start));
}

const bare = times.get(BARE)!;
const width = Math.max(...STARTS.map(({ name }) => name.length));
process.stdout.write(`${rounds} rounds; ${BARE.name} takes ${formatNs(median(bare) * 1e6)} (median)\n`);
for (const start of STARTS) {
  const ratios = times.get(start)!.map((ms, round) => ms / bare[round]!);
  const [low, high] = replicateInterval([ratios], ([middle]) => middle!, SEED);
  const missed = start.goal !== undefined && low > start.goal;
  if (missed) process.exitCode = 1;
  const goal = start.goal === undefined ? "" : `  goal ${start.goal}${missed ? ": missed" : ""}`;
  process.stdout.write(
    `${start.name.padEnd(width)}  ${median(ratios).toFixed(2)} times [${low.toFixed(2)}, ${high.toFixed(2)}]${goal}\n`,
  );
}

/** The time of one process from its start to its end. */
function startMs({ name, args, status }: Start): number {
  const begin = performance.now();
  const ended = spawnSync(process.execPath, args, { encoding: "utf8" });
  const ms = performance.now() - begin;
  if (ended.status !== status) throw new Error(`${name} exits ${ended.status}: ${ended.stderr}`);
  return ms;
}
