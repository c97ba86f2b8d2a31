/** The process of one replicate: a job as JSON on stdin, its measurement as JSON on a descriptor of its own. */

import { readFileSync, writeFileSync } from "node:fs";
import { CATALOG } from "../catalog.js";
import { UnknownNameError } from "../errors.js";
import { dualPlane } from "../planes/families/dual.js";
import { loadPlane } from "../planes/registry-loader.js";
import type { Catalog } from "./catalog.js";
import { parseJob } from "./job.js";
import { MEASUREMENT_FD } from "./message.js";
import { benchFamilies } from "./replicate/bench-cluster.js";

const job = parseJob(readFileSync(0, "utf8"));
const { planes, scenarios } = job.catalogModule === undefined ? CATALOG : await catalogIn(job.catalogModule);
const scenario = scenarios.find(({ id }) => id === job.scenario);
if (!scenario) throw new Error(`no scenario ${job.scenario}`);
const cluster = await benchFamilies(job);
const plane = await loadPlane(job.plane, planes);
const measured =
  "ipv4" in cluster
    ? await scenario.measure(job, cluster.ipv4, dualPlane(plane, cluster))
    : await scenario.measure(job, cluster, plane);
writeFileSync(MEASUREMENT_FD, JSON.stringify(measured));

/** Functions can't be checked: what is called CATALOG is taken for one. */
async function catalogIn(module: string): Promise<Catalog> {
  const { CATALOG: catalog }: { CATALOG?: Catalog } = await import(module);
  if (catalog === undefined)
    throw new UnknownNameError(`${module} exports no CATALOG: export the catalog so`);
  return catalog;
}
