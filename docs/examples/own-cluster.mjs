// @ts-check
// A cluster of your own: imported, one service explained, and what each plane costs it.
//
//   node docs/examples/own-cluster.mjs test/data/online-boutique.yaml frontend results/default
//   kubectl get services,endpointslices -A -o json > cluster.json && node docs/examples/own-cluster.mjs cluster.json NAME RUN
//
// RUN is any run's folder: times are read off it, counts are exact.

import { readFileSync } from "node:fs";
import { explainService, findServicePort, importCluster, PLANES } from "lbscale";
import { adviseCluster, formatAdvice, readResults } from "lbscale/results";

const [file = "", service = "", folder = ""] = process.argv.slice(2);
const { cluster, report } = importCluster(readFileSync(file, "utf8"));
for (const line of report) console.log(line);

const run = readResults(folder);
const explanation = explainService(cluster, findServicePort(cluster, service), {
  planes: PLANES.map(({ id }) => id),
  seed: 1,
  run,
});
console.log(`\n${explanation.service}, ${explanation.flow}`);
for (const { label, path, sizes } of explanation.planes) {
  console.log(`\n${label}`);
  for (const step of path) console.log(`  ${step}`);
  for (const { services, work, rules, prediction } of sizes) {
    const visited = rules
      ? `${rules.best} to ${rules.worst} rules, ${rules.mean} on average`
      : `${work?.mapLookups} map lookups`;
    const time = prediction && "medianNs" in prediction ? `${prediction.medianNs.toFixed(0)} ns` : "no time";
    console.log(`  at ${services} services: ${visited}; predicted ${time}`);
  }
}

console.log("");
for (const sentence of formatAdvice(
  adviseCluster(
    cluster,
    run,
    PLANES.map(({ id }) => id),
  ),
))
  console.log(sentence);
