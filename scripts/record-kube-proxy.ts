/**
 * Records what the real kube-proxy writes, after `npm run build` and scripts/install-kube-proxy.sh:
 * `sudo node dist/scripts/record-kube-proxy.js [--check] [--mode iptables|nftables|ipvs] [--cluster NAME]… [1.34 1.35 1.36 1.37]`.
 * With --check it writes nothing, compares with what is recorded, and ends with 1 where something differs. See
 * test/data/kube-proxy/README.md.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import { CheckFailedError, UsageError } from "../src/errors.js";
import { findKubeProxy, KUBE_PROXY_BUILDS } from "../src/kernel/kube-proxy/binaries.js";
import { netCommands } from "../src/kernel/kube-proxy/commands.js";
import { KubeProxy, type KubeProxyOptions, nodeFacts } from "../src/kernel/kube-proxy/driver.js";
import {
  commandSchema,
  type ListedRules,
  rulesSchema,
  type Sync,
  writeSchema,
} from "../src/kernel/kube-proxy/protocol.js";
import { compareRules } from "../src/kernel/kube-proxy/rule-lines.js";
import { type RecordedCluster, recordedClusters } from "./kube-proxy/clusters.js";

const FOLDER = "test/data/kube-proxy";
/** Larger dumps are compressed. */
const PLAIN_BYTES = 32_768;
/** nftables mode deletes the chains of an endpoint in the first sync that is a second after it left. */
const PAUSE_MS = 1200;
const SHOWN_DIFFERENCES = 10;
const SHOWN_CHARACTERS = 300;

const recordedStep = z.object({
  name: z.string(),
  writes: z.array(writeSchema),
  /** Of IPVS mode. */
  commands: z.array(commandSchema).optional(),
  rules: rulesSchema,
});
type RecordedStep = z.infer<typeof recordedStep>;

type Mode = Pick<KubeProxyOptions, "mode" | "backend">;

const interrupted = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interrupted.abort());

try {
  const { values, positionals: given } = commandLine();
  const known = KUBE_PROXY_BUILDS.map(({ minor }) => minor);
  const unknown = given.find((minor) => !known.some((each) => each === minor));
  if (unknown !== undefined)
    throw new UsageError(`unknown kube-proxy ${unknown}: give some of ${known.join(", ")}`);
  const versions = KUBE_PROXY_BUILDS.filter(({ minor }) => given.length === 0 || given.includes(minor));
  const clusters = chosenClusters(values.cluster);
  let differences = 0;
  for (const { minor, patch } of versions) {
    const binary = findKubeProxy(minor);
    for (const cluster of clusters) {
      for (const mode of modesOf(cluster, minor)) {
        if (values.mode !== undefined && values.mode !== mode.mode) continue;
        const folder = `${FOLDER}/${patch}/${cluster.name}`;
        const recorded = await record(cluster, mode, binary);
        const name = mode.mode === "iptables" && mode.backend === "legacy" ? "iptables-legacy" : mode.mode;
        if (values.check) differences += check(folder, name, recorded);
        else save(folder, name, recorded);
        console.log(`${folder}: ${name}`);
      }
    }
  }
  if (differences > 0) throw new CheckFailedError(`${differences} lines differ from what is recorded`);
} catch (error) {
  const isOurs = error instanceof UsageError || error instanceof CheckFailedError;
  if (!isOurs && !interrupted.signal.aborted) throw error;
  if (!interrupted.signal.aborted) console.error(error instanceof Error ? error.message : error);
  process.exitCode = interrupted.signal.aborted ? 130 : error instanceof UsageError ? 2 : 1;
}

function commandLine() {
  const options = {
    check: { type: "boolean" },
    mode: { type: "string" },
    cluster: { type: "string", multiple: true },
  } as const;
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Those of the names, or all. */
function chosenClusters(names: readonly string[] | undefined): RecordedCluster[] {
  const all = recordedClusters();
  const unknown = names?.find((name) => !all.some((cluster) => cluster.name === name));
  if (unknown !== undefined)
    throw new UsageError(
      `unknown cluster ${unknown}: give some of ${all.map(({ name }) => name).join(", ")}`,
    );
  return all.filter(({ name }) => names?.includes(name) ?? true);
}

function modesOf({ everyMode }: RecordedCluster, minor: string): Mode[] {
  const modes: Mode[] = [
    { mode: "iptables", backend: "nft" },
    { mode: "nftables", backend: "nft" },
  ];
  if (!everyMode) return modes;
  modes.push({ mode: "ipvs", backend: "legacy" });
  if (minor === KUBE_PROXY_BUILDS.at(-1)?.minor) modes.push({ mode: "iptables", backend: "legacy" });
  return modes;
}

/** The first sync, then each step, in a kube-proxy of their own. */
async function record(cluster: RecordedCluster, mode: Mode, binary: string): Promise<RecordedStep[]> {
  const { objects, options, steps } = cluster;
  const all = { binary, ...nodeFacts(objects), ...options, ...mode };
  const proxy = await KubeProxy.start(objects, all, { signal: interrupted.signal });
  try {
    const writes = proxy.firstSync.writes.filter(({ input }) => !isCleanup(input));
    const start = handed({ ...proxy.firstSync, writes });
    const recorded: RecordedStep[] = [{ name: "start", ...start, rules: settled(await proxy.rules()) }];
    for (const { name, changes } of steps) {
      await setTimeout(PAUSE_MS);
      const sync = await proxy.apply(changes);
      recorded.push({ name, ...handed(sync), rules: settled(await proxy.rules()) });
    }
    return recorded;
  } finally {
    await proxy.stop();
  }
}

/** What a sync handed over: commands in IPVS mode only. */
function handed({ writes, commands }: Sync): Pick<RecordedStep, "writes" | "commands"> {
  return { writes, ...(commands.length > 0 && { commands: netCommands(commands) }) };
}

/** In IPVS mode a destination that is gone stays, with weight 0, until its connections are gone: up to a minute. */
function settled(rules: ListedRules): ListedRules {
  return Object.fromEntries(
    Object.entries(rules).map(([file, text]) => [
      file,
      file === "ipvs.ipvsadm" ? text.replaceAll(/^-a .* -w 0\n/gm, "") : text,
    ]),
  );
}

/** At its start kube-proxy removes the rules of the other modes. */
function isCleanup(input: string): boolean {
  return /^(delete table [^\n]*\n?|\*\w+\nCOMMIT\n)$/.test(input);
}

/** The rules of the first sync as files; what that wrote, and the steps, as one. */
function save(folder: string, name: string, recorded: readonly RecordedStep[]): void {
  const [start, ...steps] = recorded;
  for (const [file, text] of Object.entries(start!.rules)) write(`${folder}/${renamed(file, name)}`, text);
  if (steps.length === 0) return;
  const kept = [
    { ...start, rules: {} },
    ...steps.map((step) => ({ ...step, rules: smallRules(step.rules) })),
  ];
  write(`${folder}/${name}.steps.json`, `${JSON.stringify(kept, null, 1)}\n`, true);
}

/** A large cluster's rules after a change are left out: what the change wrote is recorded. */
function smallRules(rules: ListedRules): ListedRules {
  return Object.fromEntries(Object.entries(rules).filter(([, text]) => text.length <= 2 * PLAIN_BYTES));
}

/** Dumps of the legacy backend, and of IPVS mode, next to those of iptables mode. */
function renamed(file: string, name: string): string {
  if (name === "ipvs" && !file.startsWith("ipvs.")) return `ipvs.${file}`;
  return name === "iptables-legacy" ? file.replace("tables.save", "tables-legacy.save") : file;
}

function write(path: string, text: string, compressed = text.length > PLAIN_BYTES): void {
  mkdirSync(dirname(path), { recursive: true });
  if (compressed) writeFileSync(`${path}.gz`, gzipSync(text, { level: 9 }));
  else writeFileSync(path, text);
}

/** Prints what differs from the recording, and returns how many lines do. */
function check(folder: string, name: string, recorded: readonly RecordedStep[]): number {
  const [start, ...steps] = recorded;
  const differences = [...startDifferences(folder, name, start!)];
  if (steps.length > 0) {
    const text = readRecorded(`${folder}/${name}.steps.json`);
    const expected = z.array(recordedStep).parse(JSON.parse(text));
    for (const [i, step] of expected.entries()) {
      for (const line of stepDifferences(step, recorded[i])) differences.push(`${step.name}: ${line}`);
    }
    if (recorded.length > expected.length)
      differences.push(`${recorded.length} steps, not ${expected.length}`);
  }
  for (const line of differences.slice(0, SHOWN_DIFFERENCES))
    console.log(`${folder}: ${name}: ${line.slice(0, SHOWN_CHARACTERS)}`);
  return differences.length;
}

function* startDifferences(folder: string, name: string, { rules }: RecordedStep): Iterable<string> {
  for (const [file, text] of Object.entries(rules)) {
    const expected = { [file]: readRecorded(`${folder}/${renamed(file, name)}`) };
    for (const line of rulesDifferences(expected, { [file]: text })) yield `start: ${line}`;
  }
}

function readRecorded(path: string): string {
  if (existsSync(path)) return readFileSync(path, "utf8");
  if (existsSync(`${path}.gz`)) return gunzipSync(readFileSync(`${path}.gz`)).toString();
  throw new UsageError(`${path} is missing: record it without --check first`);
}

function* stepDifferences(expected: RecordedStep, actual: RecordedStep | undefined): Iterable<string> {
  if (actual === undefined || actual.name !== expected.name) {
    yield `not recorded now, but ${actual?.name ?? "nothing"}`;
    return;
  }
  yield* rulesDifferences(expected.rules, actual.rules);
  const [wanted, found] = [writtenLines(expected), writtenLines(actual)];
  for (const line of wanted) if (!found.has(line)) yield `- wrote ${line}`;
  for (const line of found) if (!wanted.has(line)) yield `+ wrote ${line}`;
}

function* rulesDifferences(expected: ListedRules, actual: ListedRules): Iterable<string> {
  for (const [file, text] of Object.entries(expected)) {
    const { missing, unexpected } = compareRules(text, actual[file] ?? "");
    for (const line of missing) yield `- ${line}`;
    for (const line of unexpected) yield `+ ${line}`;
  }
}

/** kube-proxy writes in the order of a Go map. */
function writtenLines({ writes, commands = [] }: Omit<RecordedStep, "name" | "rules">): Set<string> {
  return new Set([
    ...writes.flatMap(({ tool, input }) =>
      input.split("\n").map((line) => `${tool}: ${withSortedRanges(line)}`),
    ),
    ...commands.map(({ line, bytes }) => `${line} (${bytes} bytes)`),
  ]);
}

/** Service ranges, which stand in one rule, are a Go map's too. */
function withSortedRanges(line: string): string {
  if (!line.includes(" cluster-ips-check ")) return line;
  // pattern-bounded: one line of kube-proxy's own output.
  return line.replace(/\{ ([^{}]*) \}/, (_, members: string) => `{ ${members.split(",").sort().join()} }`);
}
