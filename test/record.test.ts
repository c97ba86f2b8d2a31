/**
 * What must stay the same while code moves: clusters, files, decisions, exact work, writes, exports and the timed loop.
 * A commit that changes test/data/record.json names the recording of a real program that asks for it. To write it:
 * UPDATE_RECORD=1 npx vitest run test/record.test.ts
 */

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { SCENARIOS } from "../bench/index.js";
import type { Cluster } from "../src/cluster/cluster.js";
import { generateCoverageFlows } from "../src/cluster/coverage-flows.js";
import { clusterDigest } from "../src/cluster/digest.js";
import { flowAt, generateTrace } from "../src/cluster/flows.js";
import { type GenerateOptions, generateCluster, MIXED } from "../src/cluster/generate.js";
import { writeCluster } from "../src/cluster/json.js";
import { EXPORTS } from "../src/formats/export.js";
import { addToChecksum, batchSource } from "../src/measure/replicate/batch.js";
import { addWork, type Explanation, type Flow, noWork, type PlaneId } from "../src/planes/plane.js";
import { PLANES } from "../src/planes/registry.js";

const RECORD = fileURLToPath(new URL("data/record.json", import.meta.url));
const SEED = 3;

const CLUSTERS: Readonly<Record<string, GenerateOptions>> = {
  "1 clean": { services: 1, seed: 1 },
  "10 clean": { services: 10, seed: 1 },
  "100 clean": { services: 100, seed: 1 },
  "1000 clean": { services: 1000, seed: 1 },
  "100 NodePorts": { services: 100, seed: 2, types: "nodePort" },
  "100 with affinity": { services: 100, seed: 1, affinityShare: 1 },
  "300 mixed": { services: 300, seed: 5, ...MIXED },
};

const sha256 = (chunks: Iterable<string>) => {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex").slice(0, 24);
};

/** Checksums and work of both kinds of flows: a trace as it is timed, and flows that reach every kind of verdict. */
function decide(cluster: Cluster, order: Uint32Array | undefined, explain: (flow: Flow) => Explanation) {
  const traces = {
    trace: generateTrace(cluster, { flows: 2000, seed: SEED, misses: 0.01, ...(order && { order }) }),
    coverage: generateCoverageFlows(cluster, 2000, SEED),
  };
  return Object.fromEntries(
    Object.entries(traces).map(([name, { words, length }]) => {
      const total = noWork();
      let checksum = 0;
      for (let at = 0; at < length; at++) {
        const { decision, work } = explain(flowAt(words, at));
        checksum = addToChecksum(checksum, decision);
        addWork(total, work);
      }
      return [name, { checksum, ...total }];
    }),
  );
}

function recordPlane(cluster: Cluster, id: PlaneId) {
  const program = PLANES.find((plane) => plane.id === id)!.compile(cluster, { seed: SEED });
  const model = program.model(SEED);
  const { words, length } = generateTrace(cluster, { flows: 2000, seed: SEED });
  let lookups = 0;
  for (let at = 0; at < length; at++) {
    const { src, sport, dst, dport, protocol } = flowAt(words, at);
    lookups = addToChecksum(lookups, model.lookup(src, sport, dst, dport, protocol, 0));
  }
  const servicePort = cluster.servicePorts >> 1;
  const changes = [
    { kind: "join", servicePort },
    { kind: "rollout", servicePort, share: 0.5 },
  ] as const;
  const explained = program.model(SEED);
  const connections = program.connections(SEED, { fill: 64 });
  return {
    facts: program.facts(),
    bytes: program.bytes(),
    memory: program.memory().map(({ what, bytes, known }) => `${what}: ${bytes} (${known})`),
    order: program.order ? sha256([program.order.join()]) : null,
    lookups,
    explained: decide(cluster, program.order, (flow) => explained.explain(flow, 0)),
    connected: decide(cluster, program.order, (flow) => connections.explainConnect(flow, 0)),
    updates:
      cluster.endpointStart[servicePort] === cluster.endpointStart[servicePort + 1]
        ? null
        : changes.map((change) => [program.update(change), program.update(change, "full")]),
  };
}

const record = () => ({
  loop: sha256([batchSource("lookup"), batchSource("connect"), batchSource("established")]),
  sizes: Object.fromEntries(
    SCENARIOS.map(({ id, sizes }) => [
      id,
      sizes ? Object.fromEntries(PLANES.map((plane) => [plane.id, sizes(null, plane.descriptor)])) : null,
    ]),
  ),
  clusters: Object.fromEntries(
    Object.entries(CLUSTERS).map(([name, options]) => {
      const cluster = generateCluster(options);
      return [
        name,
        {
          digest: clusterDigest(cluster),
          file: sha256(writeCluster(cluster)),
          exports: Object.fromEntries(EXPORTS.map(({ id, write }) => [id, sha256(write(cluster))])),
          planes: Object.fromEntries(PLANES.map(({ id }) => [id, recordPlane(cluster, id)])),
        },
      ];
    }),
  ),
});

describe("the record of exact results", () => {
  const now = JSON.parse(JSON.stringify(record())) as ReturnType<typeof record>;
  if (process.env.UPDATE_RECORD) writeFileSync(RECORD, `${JSON.stringify(now, null, 1)}\n`);
  const then = JSON.parse(readFileSync(RECORD, "utf8")) as ReturnType<typeof record>;

  it("has the same timed loop", () => expect(now.loop).toBe(then.loop));

  it("has the same points for each scenario and plane", () => expect(now.sizes).toEqual(then.sizes));

  it.each(Object.keys(CLUSTERS))("has the same cluster, file and exports: %s", (name) => {
    const { planes: _, ...files } = now.clusters[name]!;
    expect(then.clusters[name]).toMatchObject(files);
  });

  it.each(Object.keys(CLUSTERS).flatMap((name) => PLANES.map(({ id }) => [name, id] as const)))(
    "has the same decisions, work, memory and writes: %s, %s",
    (name, id) => {
      expect(now.clusters[name]!.planes[id]).toEqual(then.clusters[name]!.planes[id]);
    },
  );
});
