// @ts-check
// A plane of your own: a Map instead of a kernel's tables, held to the decision contract and set beside two of ours.
//
//   node docs/examples/own-plane.mjs
//
// Here it is a plain Map that knows cluster IPs only. The contract finds what it does not do.

import { generateCluster, generateCoverageFlows, PASS, planeById, verifyPlanes } from "lbscale";
import { generateTrace, timeLookups } from "lbscale/run";

/**
 * @param {import("lbscale").Cluster} cluster
 * @returns {import("lbscale").Model}
 */
function plainMap(cluster) {
  /** @type {Map<string, number>} */
  const servicePorts = new Map();
  for (let p = 0; p < cluster.servicePorts; p++) {
    const address = cluster.clusterIp[/** @type {number} */ (cluster.service[p])];
    servicePorts.set(`${address}:${cluster.port[p]}/${cluster.protocol[p]}`, p);
  }
  let turn = 0;
  /** @type {import("lbscale").Model["lookup"]} */
  const lookup = (_src, _sport, dst, dport, protocol) => {
    const p = servicePorts.get(`${dst >>> 0}:${dport}/${protocol}`);
    if (p === undefined) return PASS;
    const first = /** @type {number} */ (cluster.endpointStart[p]);
    const count = /** @type {number} */ (cluster.endpointStart[p + 1]) - first;
    // A decision: the endpoint's row, twice, and 1 more where the source is to be rewritten.
    return count === 0 ? PASS : (first + (turn++ % count)) * 2;
  };
  return {
    lookup,
    explain: ({ src, sport, dst, dport, protocol }, nowSec) => ({
      decision: lookup(src, sport, dst, dport, protocol, nowSec),
      work: {
        rulesVisited: 0,
        filterRulesVisited: 0,
        mapLookups: 1,
        hashProbes: 1,
        entriesWritten: 0,
        stateProbes: 0,
      },
    }),
    reset: (seed) => {
      turn = seed;
    },
  };
}

const cluster = generateCluster({ services: 1000, seed: 1 });
const models = new Map([
  ["plain map", plainMap(cluster)],
  ["iptables", planeById("iptables").compile(cluster).model(1)],
  ["ebpf", planeById("ebpf").compile(cluster).model(1)],
]);

// Equal decisions first. Flows of every kind, wrong ports and clients from outside among them.
for (const [name, model] of models) {
  const { flows, disagreements, examples } = verifyPlanes(
    cluster,
    new Map([[name, model]]),
    generateCoverageFlows(cluster, 10_000, 1),
  );
  console.log(`${name}: ${disagreements} of ${flows} decisions break the contract`);
  for (const { flow, expected, decided } of examples.slice(0, 1)) {
    console.log(`  such as ${flow}: expected ${expected}, decided ${decided}`);
  }
}

// Then a first look at speed, in this process: by the factor, never to publish.
const batch = 500;
const trace = generateTrace(cluster, { flows: 60 * batch, batch, seed: 1 });
for (const { name, medianNs } of timeLookups(models, trace, { batch, measureMs: 100, warmupMs: 50 })) {
  console.log(`${name}: ${medianNs.toFixed(0)} ns per lookup`);
}
