/**
 * What the model of the kernel's routing trie reads for a service address, and how long that takes here: `npm run bench:routing`.
 * No scenario times it, so that times of IPVS stay comparable with the published ones (src/planes/ipvs/README.md).
 */

import os from "node:os";
import { performance } from "node:perf_hooks";
import { flowAt, generateTrace } from "../src/cluster/flows.js";
import { generateCluster } from "../src/cluster/generate.js";
import { IpvsProgram } from "../src/planes/ipvs/program.js";
import { NodeRoutes } from "../src/planes/ipvs/routing/node-routes.js";
import { noWork } from "../src/planes/plane.js";
import { quantileSorted } from "../src/stats/quantile.js";

const SIZES = [1, 10, 100, 1000, 10_000, 50_000];
const FLOWS = 20_000;
const BATCHES = 101;
/** 0, which the compiler does not know: where the next address is depends on the answer before it, as in `batchSource`. */
const zero = new Int32Array(1);

const [load = 0] = os.loadavg();
console.log(
  `${os.cpus().length} cores, load ${load.toFixed(1)}; ns a search: median [quartiles] of ${BATCHES} batches`,
);
console.log("services  nodes a search  keys compared  ns a search");
for (const services of SIZES) {
  const cluster = generateCluster({ services, seed: 1, endpoints: { kind: "constant", count: 1 } });
  const { virtualServices } = new IpvsProgram(cluster, { seed: 1 });
  const routes = new NodeRoutes(cluster, virtualServices);
  const { words } = generateTrace(cluster, { flows: FLOWS, seed: 2 });
  const addresses = Int32Array.from({ length: FLOWS }, (_, at) => flowAt(words, at).dst);
  const work = noWork();
  let comparisons = 0;
  for (const address of addresses) comparisons += routes.search(address, work)!.comparisons;
  const { trie } = routes;
  const times = Float64Array.from({ length: BATCHES }, () => {
    const started = performance.now();
    let at = 0;
    for (let search = 0; search < FLOWS; search++) at += 1 + (trie.lookup(addresses[at]!) & zero[0]!);
    const ns = ((performance.now() - started) * 1e6) / FLOWS;
    if (at !== FLOWS) throw new Error(`a batch of ${FLOWS} searches made ${at}`);
    return ns;
  }).sort();
  const [median, low, high] = [0.5, 0.25, 0.75].map((p) => quantileSorted(times, p).toFixed(0));
  console.log(
    [
      String(services).padStart(8),
      (work.routingNodes! / FLOWS).toFixed(2).padStart(14),
      (comparisons / FLOWS).toFixed(2).padStart(13),
      `${median} [${low}, ${high}]`,
    ].join("  "),
  );
}
