import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { generateCluster, MIXED } from "../../cluster/generate.js";
import { InvalidOptionError } from "../../errors.js";
import { clusterObjects } from "../../kubernetes/list-watch/cluster-objects.js";
import { parseObjects } from "../../kubernetes/list-watch/parse.js";
import { ApiServer } from "../../kubernetes/list-watch/server.js";
import { Random } from "../../random.js";
import { withoutRepeatedEndpoints } from "../kube-proxy/repeated-endpoints.js";
import { modelCluster } from "./model-cluster.js";
import { plainService, plainSlice } from "./plain-objects.js";
import { RandomChanges } from "./random-changes.js";

const objects = [...parseObjects(readFileSync("test/data/kube-proxy/clusters/kinds.json", "utf8"))].map(
  ({ object }) => object,
);
const FACTS = { node: "me", addresses: ["192.0.2.10"], podRange: "10.244.0.0/16" };
const { network } = modelCluster(objects, FACTS);
const changesOf = (seed: number, from = objects): RandomChanges =>
  new RandomChanges(from, Random.fromSeed(seed, "test"), { node: "me", network });

test("random changes: the same seed draws the same ones, another seed others", () => {
  const names = (seed: number): string[] => {
    const changes = changesOf(seed);
    return Array.from({ length: 30 }, () => changes.next().name);
  };
  expect(names(1)).toEqual(names(1));
  expect(names(1)).not.toEqual(names(2));
});

test("random changes: all kinds of them come up", () => {
  const changes = changesOf(3);
  const names = Array.from({ length: 400 }, () => changes.next().name).join("\n");
  for (const words of [
    ...["joins", "leaves", "is no longer ready", "terminates", "is added", "is removed"],
    ...["becomes a ClusterIP", "becomes a NodePort", "becomes a LoadBalancer"],
    ...["external policy Local", "internal policy Local", "internal policy Cluster"],
    ...["gets affinity", "loses affinity", "gets source ranges", "loses its source ranges"],
  ])
    expect(names).toContain(words);
});

test("random changes: an API server takes each, and holds the objects that they lead to", () => {
  const server = new ApiServer(objects);
  const changes = changesOf(4);
  for (let i = 0; i < 200; i++) for (const change of changes.next().steps.flat()) server.apply(change);
  const kinds = (kind: string): number => changes.objects().filter((object) => object.kind === kind).length;
  for (const kind of ["Service", "EndpointSlice"]) expect(kinds(kind)).toBeGreaterThan(0);
  expect(server.resourceVersion).toBeGreaterThan(0);
});

test("random changes: the objects describe a cluster after each", () => {
  for (let seed = 0; seed < 3; seed++) {
    const changes = changesOf(seed);
    for (let i = 0; i < 40; i++) {
      changes.next();
      // Refuses addresses and ports that two Services have.
      expect(modelCluster(changes.objects(), FACTS).services).toBeGreaterThan(0);
    }
  }
});

test("random changes: a model's join and leave concern one endpoint of another node", () => {
  const changes = changesOf(5);
  let seen = 0;
  for (let i = 0; i < 120; i++) {
    const before = modelCluster(changes.objects(), FACTS).endpoints;
    const { endpoint } = changes.next();
    if (endpoint === undefined) continue;
    seen += 1;
    const after = modelCluster(changes.objects(), FACTS);
    expect(Math.abs(after.endpoints - before)).toBeLessThanOrEqual(1);
  }
  expect(seen).toBeGreaterThan(10);
});

test("random changes: of a cluster of IPv6 are of IPv6, and describe one", () => {
  const six = [...clusterObjects(generateCluster({ services: 12, seed: 1, ...MIXED, family: 6 }))];
  const facts = { node: "this-node", addresses: ["3fff:172::1"], podRange: "fd00:10:128::/105" };
  const { network: of6 } = modelCluster(six, facts);
  const changes = new RandomChanges(six, Random.fromSeed(2, "test"), { node: "this-node", network: of6 });
  const names = Array.from({ length: 150 }, () => {
    const { name } = changes.next();
    expect(modelCluster(changes.objects(), facts).network.ipv6).toBeDefined();
    return name;
  });
  for (const words of ["fd00:10:128::", "joins", "leaves", "is added", "gets source ranges"])
    expect(names.join("\n")).toContain(words);
});

test("random changes: without Services the first one is that one is added", () => {
  const none = objects.filter(({ kind }) => kind === "Node");
  expect(changesOf(1, none).next().name).toBe("default/added-1 is added");
});

test("model cluster: endpoints of the node are local, and its addresses are the node's", () => {
  const cluster = modelCluster(objects, { ...FACTS, node: "other" });
  const here = modelCluster(objects, FACTS);
  const locals = (each: typeof cluster): number => each.endpointLocal.reduce((sum, value) => sum + value, 0);
  expect(locals(cluster)).not.toBe(locals(here));
  expect(here.network.nodeAddresses).toEqual([0xc000020a]);
});

test("model cluster: an invalid pod range is refused", () => {
  expect(() => modelCluster(objects, { ...FACTS, podRange: "10.244.0.0" })).toThrow(InvalidOptionError);
});

test("random changes: an endpoint without an address neither leaves nor changes", () => {
  const emptied = objects.map((object) =>
    object.kind === "EndpointSlice" ? { ...object, endpoints: [{ addresses: [] }] } : object,
  );
  const changes = changesOf(6, emptied);
  const names = Array.from({ length: 100 }, () => changes.next().name).join("\n");
  expect(names).toContain(" joins ");
  expect(names).not.toContain("undefined");
});

test("random changes: where endpoints have hints, one that comes or goes is no join or leave of the model", () => {
  const hinted = objects.map((object) => {
    if (object.kind !== "EndpointSlice") return object;
    const hints = { forZones: [{ name: "a" }] };
    return { ...object, endpoints: (object.endpoints as object[]).map((each) => ({ ...each, hints })) };
  });
  const services = new Set(
    hinted.flatMap(({ kind, metadata, endpoints }) =>
      kind === "EndpointSlice" && (endpoints as object[]).length > 0
        ? [`ns1/${metadata.labels?.["kubernetes.io/service-name"]}`]
        : [],
    ),
  );
  const changes = changesOf(7, hinted);
  const drawn = Array.from({ length: 60 }, () => changes.next());
  expect(drawn.some(({ name }) => name.includes(" joins "))).toBe(true);
  // Those of Services that begin without endpoints may be.
  expect(drawn.filter(({ endpoint }) => endpoint && services.has(endpoint.service))).toEqual([]);
});

test("random changes: an endpoint changes alike in all slices of its Service that hold it", () => {
  const common = { namespace: "a", protocol: "TCP", family: 4 } as const;
  const service = plainService({ ...common, name: "s", clusterIP: "10.96.0.9" });
  const endpoint = (address: string) => ({
    addresses: [address],
    conditions: { ready: true },
    nodeName: "other",
  });
  const slices = ["one", "two"].map((name) =>
    plainSlice({
      ...common,
      ...{ name, service: "s" },
      endpoints: [endpoint("10.244.0.1"), endpoint("10.244.0.2")],
    }),
  );
  const node = objects.filter(({ kind }) => kind === "Node");
  for (let seed = 0; seed < 20; seed++) {
    const changes = changesOf(seed, [...node, service, ...slices]);
    for (let i = 0; i < 5; i++) {
      changes.next();
      expect(withoutRepeatedEndpoints(changes.objects()).leftOut).toEqual([]);
    }
  }
});
