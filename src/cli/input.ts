/** Reading what users name: a file, or `-` for standard input. */

import { isatty } from "node:tty";
import { MAX_TEXT_BYTES, readAtMost, TooLargeError } from "../bounded-read.js";
import type { Cluster } from "../cluster/cluster.js";
import type { DualStack } from "../cluster/family.js";
import { UsageError } from "../errors.js";
import { type Imported, type ImportOptions, importCluster } from "../formats/detect.js";
import { reasonOf } from "../reason.js";
import { countOf } from "../text.js";
import { note } from "./output.js";
import { STANDARD_INPUT } from "./standard-input.js";
import { textOf } from "./text-of.js";

/** The text of a file or of standard input. Throws UsageError when it can't be read or is no text. */
export function readInput(path: string): string {
  let bytes: Buffer;
  try {
    if (path === STANDARD_INPUT && isatty(0)) note("reading standard input: end it with Ctrl-D");
    // Five times the largest cluster that Kubernetes supports.
    bytes = readAtMost(path === STANDARD_INPUT ? 0 : path, MAX_TEXT_BYTES);
  } catch (error) {
    if (error instanceof TooLargeError)
      throw new UsageError(`${path} is larger than 512 MiB: import fewer namespaces`);
    throw new UsageError(`can't read ${path || '""'}: ${reasonOf(error)}`);
  }
  return textOf(bytes, path, MAX_TEXT_BYTES);
}

/** A cluster with what its source says of it, in any format that can be imported; several files are one node's. */
export function parseImport(paths: string | readonly string[], options: ImportOptions = {}): Imported {
  return importCluster((typeof paths === "string" ? [paths] : paths).map(readInput), options);
}

/** Says on standard error what an import read, left out and assumed, whichever command reads: an answer rests on it. */
export function noteImport({ report }: Imported): void {
  for (const line of report) note(line);
}

/** `parseImport` and `noteImport`, for commands that refuse nothing in between and look at one family. */
export function readImport(paths: string | readonly string[], options: ImportOptions = {}): Imported {
  const imported = parseImport(paths, options);
  noteImport(imported);
  noteOtherFamily(imported.ipv6);
  return imported;
}

/** Says what a command that looks at one family leaves out. */
export function noteOtherFamily(ipv6: Cluster | undefined): void {
  if (ipv6) note(`IPv6 is not looked at here (${countOf(ipv6.services, "Service")}): add --family 6`);
}

/** A cluster from a file or standard input, in any format that can be imported, or both parts of a dual-stack one. */
export function readFamilies(path: string, options: ImportOptions = {}): Cluster | DualStack {
  const imported = parseImport(path, options);
  noteImport(imported);
  const { cluster, ipv6 } = imported;
  return ipv6 ? { ipv4: cluster, ipv6 } : cluster;
}
