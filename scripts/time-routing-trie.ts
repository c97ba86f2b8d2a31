/**
 * What the model of the kernel's routing trie reads for a service address, and how long that takes here at best: `npm run bench:routing`. No
 * scenario times it, so that times of IPVS stay comparable with the published ones (src/planes/ipvs/README.md).
 */

import { performance } from "node:perf_hooks";
import { flowAt, generateTrace } from "../src/cluster/flows.js";
import { generateCluster } from "../src/cluster/generate.js";
import { IpvsProgram } from "../src/planes/ipvs/program.js";
import { NodeRoutes } from "../src/planes/ipvs/routing/node-routes.js";
import { noWork } from "../src/planes/plane.js";
import { minOf } from "../src/stats/extent.js";

const SIZES = [1, 10, 100, 1000, 10_000, 50_000];
const FLOWS = 20_000;
const BATCHES = 51;

console.log("services  nodes a search  keys compared  ns a search, fastest batch");
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
  let found = 0;
  const times = Array.from({ length: BATCHES }, () => {
    const started = performance.now();
    for (let at = 0; at < FLOWS; at++) found ^= trie.lookup(addresses[at]!);
    return ((performance.now() - started) * 1e6) / FLOWS;
  });
  if (!Number.isInteger(found)) throw new Error("a search found no number");
  console.log(
    [
      String(services).padStart(8),
      (work.routingNodes! / FLOWS).toFixed(2).padStart(14),
      (comparisons / FLOWS).toFixed(2).padStart(13),
      minOf(times).toFixed(0).padStart(11),
    ].join("  "),
  );
}
