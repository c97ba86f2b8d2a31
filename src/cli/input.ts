/** Reading what users name: a file, or `-` for standard input. */

import { readFileSync } from "node:fs";
import type { Cluster } from "../cluster/cluster.js";
import { UsageError } from "../errors.js";
import { type Imported, type ImportOptions, importCluster } from "../formats/detect.js";
import { reasonOf } from "../reason.js";
import { STANDARD_INPUT } from "./standard-input.js";

/** Half a gibibyte: Node's longest string, and five times the largest cluster that Kubernetes supports. */
const MAX_BYTES = 2 ** 29;

/** The text of a file or of standard input. Throws UsageError when it can't be read or is no text. */
export function readInput(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path === STANDARD_INPUT ? 0 : path);
  } catch (error) {
    throw new UsageError(`can't read ${path || '""'}: ${reasonOf(error)}`);
  }
  if (bytes.length > MAX_BYTES)
    throw new UsageError(`${path} is larger than 512 MiB: import fewer namespaces`);
  if (bytes.subarray(0, 65_536).includes(0)) {
    throw new UsageError(`${path} is binary: give Kubernetes YAML or JSON, or a cluster that lbscale wrote`);
  }
  return bytes.toString("utf8");
}

/** A cluster with what its source says of it, in any format that can be imported; several files are one node's. */
export function readImport(paths: string | readonly string[], options: ImportOptions = {}): Imported {
  return importCluster((typeof paths === "string" ? [paths] : paths).map(readInput), options);
}

/** A cluster from a file or standard input, in any format that can be imported. */
export function readCluster(path: string): Cluster {
  return readImport(path).cluster;
}
