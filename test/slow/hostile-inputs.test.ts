/** Files that no program wrote, given to every command that reads one: a result, or one clear line. */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { main } from "../../src/cli/program.js";
import { Random } from "../../src/random.js";
import { folder } from "../support/cli.js";
import { PUBLISHED } from "../support/inputs.js";

/** Another seed is another set of files. */
const SEED = Number(process.env.SEED ?? 21);
const COUNT = Number(process.env.COUNT ?? 500);
const DATA = new URL("../data/", import.meta.url);

function originals(): Buffer[] {
  const read = (path: string) => readFileSync(new URL(path, DATA));
  const inFolder = (path: string) => readdirSync(new URL(path, DATA)).map((name) => read(`${path}${name}`));
  return [
    ...[read("online-boutique.yaml"), read("endpointslices.yaml")],
    ...[...inFolder("field/"), ...inFolder("nodes/"), ...inFolder("kube-proxy/clusters/")],
    Buffer.from('{"schemaVersion":1,"cells":[],"run":{"settings":{}}}'),
  ];
}

/** A published run, packed and as text. */
const RUN = join(PUBLISHED, "default");
const PACKED = readFileSync(join(RUN, "results.json.gz"));
const RUNS: readonly Buffer[] = [PACKED, gunzipSync(PACKED)];

type Change = (bytes: Buffer, random: Random, all: readonly Buffer[]) => Buffer;

const somewhere = (bytes: Buffer, random: Random) => random.below(bytes.length + 1);
const noise = (random: Random, length: number) =>
  Buffer.from(Array.from({ length }, () => random.below(256)));

const CHANGES: readonly Change[] = [
  // Cut off, at either end.
  (bytes, random) => bytes.subarray(0, somewhere(bytes, random)),
  (bytes, random) => bytes.subarray(somewhere(bytes, random)),
  // A few bytes that are others.
  (bytes, random) => {
    const changed = Buffer.from(bytes);
    for (let n = 1 + random.below(20); n > 0 && changed.length > 0; n--)
      changed[random.below(changed.length)] = random.below(256);
    return changed;
  },
  // Noise in the middle.
  (bytes, random) => {
    const at = somewhere(bytes, random);
    return Buffer.concat([bytes.subarray(0, at), noise(random, random.below(300)), bytes.subarray(at)]);
  },
  // Two that do not belong together, and one twice.
  (bytes, random, all) => Buffer.concat([bytes, all[random.below(all.length)]!]),
  (bytes) => Buffer.concat([bytes, bytes]),
  // Lines in another order, and without their order.
  (bytes) => Buffer.from(bytes.toString("latin1").split("\n").reverse().join("\n"), "latin1"),
  (bytes, random) => {
    const lines = bytes.toString("latin1").split("\n");
    return Buffer.from(lines.filter(() => random.below(10) > 0).join("\n"), "latin1");
  },
  // Numbers that are too large, names that are terminal codes, one endless line.
  (bytes) => Buffer.from(bytes.toString("latin1").replaceAll(/\d+/g, "99999999999999999999"), "latin1"),
  (bytes) => Buffer.from(bytes.toString("latin1").replaceAll(/[a-z]{4,}/g, "\u001b[2J\u0007"), "latin1"),
  (bytes) => Buffer.from(bytes.toString("latin1").replaceAll("\n", " "), "latin1"),
  // A digit here and there: still JSON, and what nobody measured.
  (bytes, random) =>
    Buffer.from(
      bytes
        .toString("latin1")
        .replaceAll(/\d/g, (digit) => (random.below(2000) === 0 ? String(random.below(10)) : digit)),
      "latin1",
    ),
  // Other encodings, of all or of a part.
  (bytes) => Buffer.from(`\uFEFF${bytes.toString("latin1")}`, "utf16le"),
  (bytes, random) => gzipSync(bytes).subarray(0, 20 + random.below(2000)),
  (_bytes, random) => noise(random, random.below(5000)),
];

/**
 * What reads a file; `FILE` stands for it, `RUN` for a folder that has it as results.json. Nothing here
 * measures: no folder can be made in a file.
 */
const COMMANDS: readonly (readonly string[])[] = [
  ["import", "FILE"],
  ["import", "FILE", "FILE"],
  ["import", "FILE", "--positions"],
  ["export", "FILE", "--format", "nft"],
  ["export", "FILE", "--format", "iptables"],
  ["verify", "FILE", "--flows", "50"],
  ["lookup", "FILE", "--flow", "tcp 10.0.0.1:1 > 10.96.0.10:80"],
  ["lookup", "FILE", "--plane", "iptables", "--flow", "udp 10.0.0.1:1 > 10.96.0.10:53"],
  ["explain", "FILE", "default/kubernetes"],
  ["run", "--cluster", "FILE", "--out", "FILE/run"],
  ["advise", "FILE", "--run", RUN],
  ["report", "RUN", "--formats", "text,md,csv"],
  ["compare", "RUN", "RUN"],
  ["verify-chart", "FILE"],
];

async function run(args: readonly string[]) {
  let out = "";
  const errors: string[] = [];
  const write = process.stdout.write;
  const writeError = process.stderr.write;
  process.stdout.write = ((chunk: string | Uint8Array) => {
    out += String(chunk);
    return true;
  }) as typeof process.stdout.write;
  process.stderr.write = ((chunk: string | Uint8Array) => {
    errors.push(String(chunk));
    return true;
  }) as typeof process.stderr.write;
  try {
    const status = await main(args, {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        errors.push(text);
      },
    });
    return { status, out, errors: errors.join("") };
  } finally {
    process.stdout.write = write;
    process.stderr.write = writeError;
  }
}

it("hostile inputs end in a result or in one clear line, never with 70", async () => {
  const random = Random.fromSeed(SEED, "hostile inputs");
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]!;
  const all = originals();
  const codes = new Map<number, number>();
  const wrong: string[] = [];
  const before = process.cwd();
  process.chdir(folder);
  try {
    for (let i = 0; i < COUNT; i++) {
      const chosen = pick(COMMANDS);
      let bytes = chosen.includes("RUN") && random.below(2) === 0 ? pick(RUNS) : pick(all);
      for (let n = 1 + random.below(2); n > 0; n--) bytes = pick(CHANGES)(bytes, random, all);
      const path = join(folder, "hostile");
      const saved = join(folder, "hostile-run");
      mkdirSync(saved, { recursive: true });
      writeFileSync(path, bytes);
      writeFileSync(join(saved, "results.json"), bytes);
      const command = chosen.map((word) => (word === "RUN" ? saved : word.replace(/^FILE/, path)));
      const { status, errors } = await run(command);
      codes.set(status, (codes.get(status) ?? 0) + 1);
      const said = errors.split("\n").filter((line) => line.startsWith("lbscale: "));
      const isClear =
        status === 0 ? said.length === 0 : said.length === 1 && said[0]!.length < 800 && said[0]!.length > 20;
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not get out.
      const isClean = !/[\u0000-\u0008\u000b-\u001f\u007f]/.test(errors.replaceAll("\r", ""));
      if (![0, 1, 2].includes(status) || !isClear || !isClean)
        wrong.push(
          `file ${i} of seed ${SEED}: ${command.slice(0, 2).join(" ")}: ${status}: ${JSON.stringify(errors.slice(0, 400))}`,
        );
    }
  } finally {
    process.chdir(before);
  }
  expect(wrong).toEqual([]);
  expect(codes.get(2)).toBeGreaterThan(COUNT / 5);
  expect(codes.get(0)).toBeGreaterThan(COUNT / 25);
});
