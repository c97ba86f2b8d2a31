/** Reading and writing results.json: whole or not at all. */

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { MAX_TEXT_BYTES, readAtMost, TooLargeError } from "../bounded-read.js";
import { ResultsFileError } from "../errors.js";
import { isAlive } from "../process.js";
import { reasonOf } from "../reason.js";
import { implausibility } from "./plausible.js";
import { type Results, resultsSchema } from "./schema.js";

export const RESULTS_FILE = "results.json";
/** How a run is published: the same data in a tenth of the bytes. */
export const PACKED_RESULTS_FILE = "results.json.gz";

/** Makes a folder and proves that files can be written there. Throws ResultsFileError otherwise. */
export function ensureWritableFolder(folder: string): void {
  const probe = join(folder, `.probe-${process.pid}.tmp`);
  try {
    makeFolder(folder);
    writeFileAtomically(probe, "");
    rmSync(probe);
  } catch (error) {
    throw new ResultsFileError(`can't write to ${folder}: ${reasonOf(error)}; choose another folder`);
  }
}

/** Makes a folder and those above it. Node's own `recursive` never returns where a parent refuses with ENOENT (/proc). */
export function makeFolder(folder: string): void {
  if (existsSync(folder) && statSync(folder).isDirectory()) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  mkdirSync(folder);
}

/** Writes a file under a temporary name, flushes it to the disk, and renames it: readers see the old or the new. */
export function writeFileAtomically(path: string, data: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = openSync(temporary, "w");
    try {
      const bytes = typeof data === "string" ? Buffer.from(data) : data;
      let written = 0;
      while (written < bytes.length) written += writeSync(file, bytes, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Removes what a killed process left of files that it was writing. Whoever holds the folder's lock may do so. */
export function removeTemporaryFiles(folder: string): void {
  for (const name of readdirSync(folder)) {
    // A lock is being made by one that does not hold it yet.
    const maker = /^\.lock[a-z-]*\.(\d+)\.tmp$/.exec(name)?.[1];
    const isLeft = maker !== undefined && !isAlive(maker);
    if (isLeft || /^(results\.json\.\d+|\.probe-\d+)\.tmp$/.test(name))
      rmSync(join(folder, name), { force: true });
  }
}

/** Writes results.json into a folder. */
export function writeResults(folder: string, results: Results): void {
  writeFileAtomically(join(folder, RESULTS_FILE), `${JSON.stringify(results)}\n`);
}

/** Writes results.json.gz into a folder: the same results give the same bytes. */
export function writePackedResults(folder: string, results: Results): void {
  writeFileAtomically(
    join(folder, PACKED_RESULTS_FILE),
    gzipSync(`${JSON.stringify(results)}\n`, { level: 9 }),
  );
}

/** Whether a folder holds a run, packed or not. */
export function holdsResults(folder: string): boolean {
  return [RESULTS_FILE, PACKED_RESULTS_FILE].some((name) => existsSync(join(folder, name)));
}

/**
 * Reads results.
 *
 * @param path A results.json, a results.json.gz, or the folder that holds one.
 * @returns The validated results.
 * @throws ResultsFileError that says what is wrong with the file.
 * @example
 * ```ts
 * import { readResults } from "lbscale/results";
 *
 * for (const { plane, services, estimate } of readResults("results/default").cells)
 *   console.log(plane, services, estimate?.median);
 * ```
 */
export function readResults(path: string): Results {
  return readResultsFile(path).results;
}

/** The same with what the file says, fields included that this version does not know; refused beyond `limit` bytes. */
export function readResultsFile(path: string, limit = MAX_TEXT_BYTES): { results: Results; raw: unknown } {
  const file = resultsFileOf(path);
  const text = readText(file, limit);
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new ResultsFileError(
      `${file} is not JSON: it is damaged or no results.json; run "lbscale run" again`,
    );
  }
  const parsed = resultsSchema.safeParse(data);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new ResultsFileError(
      `${file} is no result of this version of lbscale: ${issue.path.join(".") || "the file"}: ${issue.message}`,
    );
  }
  const wrong = implausibility(parsed.data);
  if (wrong !== null) throw new ResultsFileError(`${file} can't be a result of lbscale: ${wrong}`);
  return { results: parsed.data, raw: data };
}

/** The file that a path names: itself, or the one in a folder. results.json is newer than a packed copy of it. */
function resultsFileOf(path: string): string {
  if (!existsSync(path) || !statSync(path).isDirectory()) return path;
  const packed = join(path, PACKED_RESULTS_FILE);
  return !existsSync(join(path, RESULTS_FILE)) && existsSync(packed) ? packed : join(path, RESULTS_FILE);
}

function readText(file: string, limit: number): string {
  try {
    const bytes = readAtMost(file, limit);
    const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const text = packed ? gunzipSync(bytes, { maxOutputLength: limit }) : bytes;
    // An editor may have put a byte-order mark first.
    return text.toString("utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    if (error instanceof TooLargeError || error instanceof RangeError) throw tooLarge(file);
    throw new ResultsFileError(`can't read ${file}: ${reasonOf(error)}`);
  }
}

const tooLarge = (file: string): ResultsFileError =>
  new ResultsFileError(`${file} holds more than 512 MiB: no run is so large`);
