/** Importing: the format is told by the content. To add one: its file, and a line in FORMATS before the last. */

import { UsageError } from "../../errors.js";
import type { Cluster } from "../cluster.js";
import { parseCluster } from "../json.js";
import { importKubernetes } from "./kubernetes.js";
import { describeImport } from "./report.js";

/** A cluster from outside, and what became of the input. */
export interface Imported {
  readonly cluster: Cluster;
  /** What was read, left out and made up, as lines for a person. */
  readonly report: readonly string[];
}

interface Format {
  /** Tells the format by the beginning of a text. */
  readonly recognises: RegExp;
  read(text: string): Imported;
}

const FORMATS: readonly Format[] = [
  // The cluster file of lbscale itself.
  { recognises: /^\s*\{\s*"lbscale"\s*:/, read: (text) => ({ cluster: parseCluster(text), report: [] }) },
  {
    recognises: /^/,
    read: (text) => {
      const { cluster, report } = importKubernetes(text);
      return { cluster, report: describeImport(report) };
    },
  },
];

/** Reads a cluster in any known format. Throws UsageError in one line when the text is none, or holds what can't be. */
export function importCluster(text: string): Imported {
  // A byte-order mark is no part of the text; JSON.parse would refuse it.
  const plain = text.replace(/^\uFEFF/, "");
  const format = FORMATS.find(({ recognises }) => recognises.test(plain));
  if (!format) throw new UsageError("the input has no format that can be imported");
  return format.read(plain);
}
