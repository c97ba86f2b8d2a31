/**
 * Each plane's model compared with what a newcomer would write, in one run: `npm run bench:newcomer`. A `Map` with a string
 * key and an array of rule objects are quick to write, but their cost has JavaScript's causes, not the kernel's.
 */

import { FLOW_WORDS, generateTrace } from "../src/cluster/flows.js";
import { generateCluster } from "../src/cluster/generate.js";
import { timeLookups } from "../src/measure/replicate/quick-timing.js";
import type { Model } from "../src/planes/plane.js";
import { PLANES } from "../src/planes/registry.js";

const SERVICES = 1000;
const BATCH = 500;

const cluster = generateCluster({ services: SERVICES, seed: 1 });
const endpointsOf = (p: number) => cluster.endpointStart[p + 1]! - cluster.endpointStart[p]!;
type Lookup = Pick<Model, "lookup">;

function mapOfStrings(): Lookup {
  const table = new Map<string, number>();
  for (let p = 0; p < cluster.servicePorts; p++) table.set(`${cluster.clusterIp[p]}:${cluster.port[p]}`, p);
  return {
    lookup: (_src, _sport, dst, dport) => {
      const p = table.get(`${dst >>> 0}:${dport}`);
      if (p === undefined) return -1;
      return (cluster.endpointStart[p]! + Math.floor(Math.random() * endpointsOf(p))) << 1;
    },
  };
}

function arrayOfRules(): Lookup {
  const rules = Array.from({ length: cluster.servicePorts }, (_, p) => ({
    address: cluster.clusterIp[p]!,
    port: cluster.port[p]!,
    servicePort: p,
  }));
  return {
    lookup: (_src, _sport, dst, dport) => {
      const rule = rules.find(({ address, port }) => address === dst >>> 0 && port === dport);
      if (!rule) return -1;
      const p = rule.servicePort;
      return (cluster.endpointStart[p]! + Math.floor(Math.random() * endpointsOf(p))) << 1;
    },
  };
}

const trace = generateTrace(cluster, { flows: BATCH * 60, seed: 1, batch: BATCH });
const models = new Map<string, Lookup>([
  ...PLANES.map(({ id, compile }): [string, Lookup] => [id, compile(cluster, { seed: 1 }).model(1)]),
  ["newcomer: Map<string>", mapOfStrings()],
  ["newcomer: array of rules", arrayOfRules()],
]);

console.log(
  `${SERVICES} services, ${trace.length} flows of ${FLOW_WORDS * 4} bytes; median of batches of ${BATCH}`,
);
const times = [...timeLookups(models, trace, { batch: BATCH })];
for (const { name, medianNs } of times) {
  console.log(`${name.padEnd(26)} ${medianNs.toFixed(1).padStart(9)} ns`);
}
const timeOf = (name: string) => times.find((each) => each.name === name)!.medianNs;
const ratio = timeOf("newcomer: Map<string>") / timeOf("ebpf");
console.log(
  `A Map of strings, which is what one would write first, takes ${ratio.toFixed(1)} times as long as the eBPF model: it makes a string for each lookup. An array of rules is searched as iptables is. Compare ratios, not nanoseconds.`,
);
