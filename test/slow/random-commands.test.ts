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

/** Another seed is another set of lines. */
const SEED = Number(process.env.SEED ?? 20);
const COUNT = Number(process.env.COUNT ?? 500);

it("random command lines exit with 0, 1 or 2, and print no stack trace", () => {
  const random = Random.fromSeed(SEED, "command lines");
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]!;
  writeFileSync(join(folder, "results.json"), "{}");
  const files = [BOUTIQUE, NODE_TABLES, "results.json", "missing"];
  const wrong: string[] = [];
  const codes = new Map<number | null, number>();
  let refusedFolders = 0;
  for (let i = 0; i < COUNT; i++) {
    const words = [pick(COMMANDS)];
    for (let n = random.below(6); n > 0; n--) {
      words.push(pick([OPTIONS, OPTIONS, VALUES, files][random.below(4)]!));
    }
    // What would measure for minutes is not what is tried here: all is read and planned, and no folder can be made in a file.
    if (words[0] === "run" || words[0] === "advise") words.push("--out", "results.json/run");
    if (words[0] === "doctor") words.push("--lane", "model");
    const { status, stderr } = spawnSync(process.execPath, [MAIN, ...words], {
      cwd: folder,
      input: "",
      encoding: "utf8",
      maxBuffer: 2 ** 28,
    });
    codes.set(status, (codes.get(status) ?? 0) + 1);
    if (stderr.includes("can't write to results.json/run")) refusedFolders++;
    const trace = /^\s+at .+:\d+:\d+|internal error/m.test(stderr);
    if (![0, 1, 2].includes(status ?? -1) || trace) {
      wrong.push(`${JSON.stringify(words)}: ${status}: ${stderr.slice(0, 300)}`);
    }
  }
  expect(wrong).toEqual([]);
  // Both happen, or the lines would not reach what they are meant to break.
  expect(codes.get(0)).toBeGreaterThan(COUNT / 25);
  expect(codes.get(2)).toBeGreaterThan(COUNT / 5);
  // Runs whose options were all read and planned.
  if (COUNT >= 500) expect(refusedFolders).toBeGreaterThan(0);
});
