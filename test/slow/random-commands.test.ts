/** Command lines that nobody would write: each ends in a result or in one line, never in a stack trace or with 70. */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Random } from "../../src/random.js";
import { folder, MAIN } from "../support/cli.js";
import { BOUTIQUE, NODE_TABLES } from "../support/inputs.js";

const COMMANDS = [
  ...["run", "compare", "verify", "doctor", "lookup", "explain", "advise", "list", "generate", "import"],
  ...["export", "report", "reference", "verify-chart", "schema", "completion", "rnu"],
];
const OPTIONS = [
  ...[
    "--services",
    "--endpoints",
    "--seed",
    "--planes",
    "--profile",
    "--replicates",
    "--lane",
    "--scenarios",
  ],
  ...["--cluster", "--out", "--resume", "--json", "--format", "--formats", "--theme", "--chart", "--size"],
  ...["--plane", "--flow", "--run", "--against", "--zipf", "--popular", "--misses", "--affinity", "--empty"],
  ...["--ipvs-scheduler", "--maglev-table-size", "--ebpf-map-max", "--connections", "--warmup-ms", "--debug"],
  ...[
    "--help",
    "--version",
    "--verbose",
    "--positions",
    "--nonsense",
    "-h",
    "--",
    "-",
    "--no-json",
    "--shape",
    "--yes",
    "--dry-run",
    "--budget",
    "--duration",
    "--kube-proxy",
    "--node",
    "--node-address",
    "--pod-range",
    "--planes=nftables@1.35",
  ],
];
const VALUES = [
  ...["0", "1", "-1", "7", "1e3", "NaN", "1,2", ",", "", " ", "x", "null", "../..", "/dev/null", ".", "2-1"],
  ...[
    "iptables",
    "ebpf,ipvs",
    "quick",
    "kernel",
    "guest",
    "model",
    "all",
    "lookup",
    "json",
    "nft",
    "png",
    "text",
    "none",
    "none,png",
    "html,svg",
    "1.36",
    "9s",
  ],
  ...[
    "planes",
    "charts",
    "light",
    "0.5",
    "tcp 10.0.0.1:1 > 10.96.0.10:80",
    "__proto__",
    "constructor",
    "\u001b[31m",
  ],
  ...["results.json", "9007199254740993", "é", "--", "a=b", "2026"],
];

/** Another seed is another 500 lines. */
const SEED = Number(process.env.SEED ?? 20);

it("500 random command lines exit with 0, 1 or 2, and print no stack trace", () => {
  const random = Random.fromSeed(SEED, "command lines");
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]!;
  writeFileSync(join(folder, "results.json"), "{}");
  const files = [BOUTIQUE, NODE_TABLES, "results.json", "missing"];
  const wrong: string[] = [];
  const codes = new Map<number | null, number>();
  for (let i = 0; i < 500; i++) {
    const words = [pick(COMMANDS)];
    for (let n = random.below(6); n > 0; n--) {
      words.push(pick([OPTIONS, OPTIONS, VALUES, files][random.below(4)]!));
    }
    // What would measure for minutes is not what is tried here.
    if (words[0] === "run" || words[0] === "advise") words.push("--replicates", "0");
    if (words[0] === "doctor") words.push("--lane", "model");
    const { status, stderr } = spawnSync(process.execPath, [MAIN, ...words], {
      cwd: folder,
      input: "",
      encoding: "utf8",
      maxBuffer: 2 ** 28,
    });
    codes.set(status, (codes.get(status) ?? 0) + 1);
    const trace = /^\s+at .+:\d+:\d+|internal error/m.test(stderr);
    if (![0, 1, 2].includes(status ?? -1) || trace) {
      wrong.push(`${JSON.stringify(words)}: ${status}: ${stderr.slice(0, 300)}`);
    }
  }
  expect(wrong).toEqual([]);
  // Both happen, or the lines would not reach what they are meant to break.
  expect(codes.get(0)).toBeGreaterThan(20);
  expect(codes.get(2)).toBeGreaterThan(100);
});
