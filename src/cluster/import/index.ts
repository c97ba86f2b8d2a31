/** Importing: the format is told by the content. To add one: its file, and a case here. */

import { parseCluster } from "../json.js";
import { type Imported, importKubernetes } from "./kubernetes.js";

/** A cluster from text in any known format, with a report in lines. Throws UsageError otherwise. */
export function importCluster(text: string): Imported {
  if (/^\s*\{\s*"lbscale"/.test(text)) return { cluster: parseCluster(text), report: [] };
  return importKubernetes(text);
}
