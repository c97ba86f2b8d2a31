/** The probe for each architecture of nodes, as scripts/build-cluster-probe.sh builds it and the package carries it. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { UnsupportedHostError } from "../errors.js";

/** Next to the compiled code, and where this is the source, in the folder that compiling fills. */
const FOLDERS = ["../../native/", "../../dist/native/"];

/** The program for nodes of an architecture (`amd64`, `arm64`). */
export function readProbe(architecture: string): Buffer {
  for (const folder of FOLDERS) {
    try {
      return readFileSync(fileURLToPath(new URL(`${folder}cluster-probe-${architecture}`, import.meta.url)));
    } catch {
      // The next folder.
    }
  }
  throw new UnsupportedHostError(
    `the probe for ${architecture} is not built: in a checkout, run scripts/build-cluster-probe.sh`,
  );
}

/** Architectures that a probe is built for. */
export const PROBE_ARCHITECTURES: readonly string[] = ["amd64", "arm64"];
