/** The process of one replicate: a job as JSON on stdin, its measurement as JSON on a descriptor of its own. */

import { readFileSync, writeFileSync } from "node:fs";
import { CATALOG } from "../catalog.js";
import { dualPlane } from "../planes/families/dual.js";
import { loadPlane } from "../planes/registry-loader.js";
import type { Catalog } from "./catalog.js";
import { MEASUREMENT_FD } from "./message.js";
import { benchFamilies } from "./replicate/bench-cluster.js";
import type { Job } from "./scenario.js";

const job = JSON.parse(readFileSync(0, "utf8")) as Job;
const { planes, scenarios } =
  job.catalogModule === undefined ? CATALOG : ((await import(job.catalogModule)).CATALOG as Catalog);
const scenario = scenarios.find(({ id }) => id === job.scenario);
if (!scenario) throw new Error(`no scenario ${job.scenario}`);
const cluster = await benchFamilies(job);
const plane = await loadPlane(job.plane, planes);
const measured =
  "ipv4" in cluster
    ? await scenario.measure(job, cluster.ipv4, dualPlane(plane, cluster))
    : await scenario.measure(job, cluster, plane);
writeFileSync(MEASUREMENT_FD, JSON.stringify(measured));
