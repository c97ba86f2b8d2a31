/** Inputs that tests of the command line share. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const PUBLISHED = fileURLToPath(new URL("../../results", import.meta.url));
export const BOUTIQUE = fileURLToPath(new URL("../data/online-boutique.yaml", import.meta.url));
export const NODE_TABLES = fileURLToPath(
  new URL("../data/nodes/kube-proxy-1.31.iptables-save", import.meta.url),
);

/** The smallest run that goes through everything. */
export const TINY = [
  "run",
  "--profile",
  "quick",
  "--services",
  "1,2",
  "--planes",
  "iptables,ebpf",
  "--replicates",
  "1",
] as const;

/** The same, with nothing drawn: for tests that look at no picture. */
export const UNDRAWN = [...TINY, "--formats", "none"] as const;

/** A Service in YAML. */
export function service(spec: string, name = "web"): string {
  return `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n`;
}

/** Names of all published runs. Throws where there is none, because a test of each of nothing passes. */
export function publishedRuns(): string[] {
  const names = readdirSync(PUBLISHED).filter((name) => existsSync(join(PUBLISHED, name, "results.json.gz")));
  if (names.length === 0) throw new Error(`no published run in ${PUBLISHED}`);
  return names;
}
