/** What Cilium wrote, recorded: the model's maps are the same but for the numbers that the agent gives out. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { parseCidr } from "../../cluster/cluster.js";
import { extractService } from "../../cluster/extract-service.js";
import { importKubernetes } from "../../kubernetes/import.js";
import { type ApiObject, changeSchema, parseObjects } from "../../kubernetes/list-watch/parse.js";
import { entryLines } from "../../planes/ebpf/dump/entry-lines.js";
import {
  AFFINITY_MATCH,
  BACKENDS,
  type HexMaps,
  MAGLEV,
  SERVICES,
} from "../../planes/ebpf/dump/map-names.js";
import { countOperations, type ServiceState } from "../../planes/ebpf/operations.js";
import { EbpfProgram } from "../../planes/ebpf/program.js";
import { modelChange } from "../real-program/model-change.js";
import { type CiliumCluster, ciliumCluster } from "./objects.js";
import { compareMaps, modelMaps } from "./verify.js";

const DATA = new URL("../../../test/data/", import.meta.url);
const read = (name: string) => readFileSync(fileURLToPath(new URL(name, DATA)));
const OBJECTS = read("kube-proxy/shared-cluster/objects.list.json").toString();
const objects = [...parseObjects(OBJECTS)].map(({ object }) => object);
const { cluster } = importKubernetes(OBJECTS, { node: "me", podRange: parseCidr("10.244.0.0/16") });
const FACTS = { node: "me", addresses: ["192.0.2.10"], podRange: "10.244.0.0/16" };

/** As bpftool prints bytes. */
const bytes = z
  .array(z.string().regex(/^0x[\da-f]{2}$/))
  .transform((list) => list.map((byte) => byte.slice(2)).join(""));
const dumps = z.record(z.string(), z.array(z.object({ key: bytes, value: bytes })));
const hexMaps = (text: string): HexMaps =>
  Object.fromEntries(
    Object.entries(dumps.parse(JSON.parse(text))).map(([name, entries]) => [
      name,
      entries.map(({ key, value }): [string, string] => [key, value]),
    ]),
  );
const recorded = {
  random: hexMaps(read("cilium/random.json").toString()),
  maglev: hexMaps(gunzipSync(read("cilium/maglev.json.gz")).toString()),
};
const SAME = { objects, ignoreStale: false, anyState: new Set<string>() };

describe.each(["random", "maglev"] as const)("Cilium's maps of Services of all kinds, %s", (algorithm) => {
  const names = Object.keys(modelMaps(new EbpfProgram(cluster, {}, algorithm)));

  test.each(names)("hold what Cilium 1.20.2 wrote, entry for entry: %s", (name) => {
    const modelled = entryLines(modelMaps(new EbpfProgram(cluster, {}, algorithm))).get(name);
    expect([...modelled!].sort()).toEqual([...(entryLines(recorded[algorithm]).get(name) ?? [])].sort());
  });
});

test("the model's memory has as many backends as Cilium 1.20.2 wrote, which Services share", () => {
  const entries = (objects: string) => {
    const { cluster } = importKubernetes(objects, { node: "me", podRange: parseCidr("10.244.0.0/16") });
    const program = new EbpfProgram(cluster, {}, "random");
    return {
      rows: cluster.endpoints,
      backends: program.facts().backends,
      written: modelMaps(program)[BACKENDS]!.length,
    };
  };
  const written = recorded.random[BACKENDS]!.length;
  expect(entries(OBJECTS)).toMatchObject({ backends: written, written });
  // A second Service of the same pods, ports and protocol.
  const twice = JSON.parse(OBJECTS) as { items: unknown[] };
  const copy = (item: unknown) =>
    JSON.parse(JSON.stringify(item).replaceAll("plain", "again").replaceAll("10.96.0.11", "10.96.0.99"));
  twice.items.push(...twice.items.filter((item) => JSON.stringify(item).includes('"plain')).map(copy));
  const shared = entries(JSON.stringify(twice));
  expect(shared).toMatchObject({ backends: written, written });
  expect(shared.rows).toBe(entries(OBJECTS).rows + 3);
});

test("Cilium has Maglev tables of what is reached from outside, and none of a cluster IP", () => {
  const tables = [...entryLines(recorded.maglev).get(MAGLEV)!];
  expect(tables).toHaveLength(10);
  expect(tables.filter((line) => / 10\.96\.| 0\.0\.0\.0:/.test(line))).toEqual([]);
});

test("Cilium's maps of both families hold what Cilium 1.20.2 wrote, in numbers that they share", () => {
  const dual = [...parseObjects(read("kube-proxy/clusters/dual.json").toString())].map(
    ({ object }) => object,
  );
  const facts = {
    node: "me",
    addresses: ["192.0.2.10", "2001:db8::10"],
    podRange: "10.244.0.0/16,fd00:10:244::/56",
  };
  const programs = ciliumCluster(dual, facts).parts.map(
    (part) => new EbpfProgram(part.cluster, { maglevTableSize: 251 }, "maglev", part.states),
  );
  const maps = hexMaps(gunzipSync(read("cilium/dual.json.gz")).toString());
  const { lines, differences } = compareMaps(maps, programs, {
    objects: dual,
    ignoreStale: false,
    anyState: new Set(),
  });
  expect(differences).toEqual([]);
  expect(lines).toBe(Object.values(maps).reduce((sum, entries) => sum + entries.length, 0));
  const ipv6 = Object.keys(maps).filter((name) => name.startsWith("cilium_lb6_"));
  expect(ipv6.map((name) => [name, maps[name]!.length > 0])).toEqual(ipv6.map((name) => [name, true]));
  // An agent gives each frontend and backend of either family a number of its own.
  const ids = [4, 6].flatMap((family) => maps[`cilium_lb${family}_backends_v3`]!.map(([key]) => key));
  expect(new Set(ids).size).toBe(ids.length);
});

describe("a comparison", () => {
  const program = new EbpfProgram(cluster, {}, "random");
  const edited = (name: string, edit: (entries: [string, string][]) => [string, string][]): HexMaps => ({
    ...recorded.random,
    [name]: edit(recorded.random[name]!.map(([key, value]) => [key, value])),
  });

  test("of what was recorded has no difference, whatever the numbers of backends are", () => {
    const number = (id: string) => (Buffer.from(id, "hex").readUInt32LE(0) + 7).toString(16).padStart(2, "0");
    const renumbered: HexMaps = {
      ...recorded.random,
      [BACKENDS]: recorded.random[BACKENDS]!.map(([key, value]) => [`${number(key)}000000`, value]),
      [AFFINITY_MATCH]: recorded.random[AFFINITY_MATCH]!.map(([key, value]) => [
        `${number(key)}000000${key.slice(8)}`,
        value,
      ]),
      [SERVICES]: recorded.random[SERVICES]!.map(([key, value]) =>
        key.slice(12, 16) === "0000" ? [key, value] : [key, `${number(value)}000000${value.slice(8)}`],
      ),
    };
    expect(compareMaps(renumbered, [program], SAME).differences).toEqual([]);
  });

  test("names the Service of an entry that differs, from both sides", () => {
    const flagged = edited(SERVICES, (entries) =>
      entries.map(([key, value]) => [
        key,
        key.startsWith("0a60000b0050000006") ? `${value.slice(0, 16)}ff${value.slice(18)}` : value,
      ]),
    );
    const { differences } = compareMaps(flagged, [program], SAME);
    expect(differences.map(({ service, from }) => [service, from])).toEqual([
      ["ns1/plain", "cilium"],
      ["ns1/plain", "lbscale"],
    ]);
  });

  test("finds an entry that is missing", () => {
    const short = edited(SERVICES, (entries) =>
      entries.toSpliced(
        entries.findIndex(([key]) => key.slice(12, 16) !== "0000"),
        1,
      ),
    );
    expect(compareMaps(short, [program], SAME).differences.map(({ from }) => from)).toEqual(["lbscale"]);
  });
});

describe("changes that were recorded", () => {
  const step = z.object({
    change: z.string(),
    changes: z.array(changeSchema),
    maps: z.record(z.string(), z.array(z.tuple([z.string(), z.string()]))),
    journal: z.number(),
  });
  const steps = z.array(step).parse(JSON.parse(gunzipSync(read("cilium/changes.json.gz")).toString()));

  test("took the operations that the model counts, where frontends stayed: of endpoints in all states, and of affinity", () => {
    const now = new Map(objects.map((object) => [`${object.kind} ${object.metadata.name}`, object]));
    const counted = steps.map(({ change, changes }) => {
      const before = ciliumCluster([...now.values()], FACTS);
      for (const { object } of changes) now.set(`${object.kind} ${object.metadata.name}`, object);
      const after = ciliumCluster([...now.values()], FACTS);
      const object = changes[0]?.object;
      const name = object?.metadata.labels?.["kubernetes.io/service-name"] ?? object?.metadata.name;
      const of = (model: CiliumCluster) => serviceState(model, `ns1/${name}`);
      return { change, operations: () => countOperations(of(before), of(after), ALONE_WITH_MAGLEV) };
    });
    // The others are a first sync, and changes that add frontends or remove them.
    const held = [1, 2, 3, 5];
    expect(held.map((i) => [counted[i]!.change, counted[i]!.operations()])).toEqual(
      held.map((i) => [steps[i]!.change, steps[i]!.journal]),
    );
    expect(held.map((i) => steps[i]!.journal)).toEqual([18, 33, 19, 31]);
  });

  test("leave the maps that the model has, with endpoints that terminate or are not ready", () => {
    const now = new Map(objects.map((object) => [`${object.kind} ${object.metadata.name}`, object]));
    const disputed = new Set<string>();
    for (const { change, changes, maps } of steps) {
      for (const { type, object } of changes) {
        const name = `${object.kind} ${object.metadata.name}`;
        if (type === "DELETED") now.delete(name);
        else now.set(name, object);
      }
      const model = ciliumCluster([...now.values()], FACTS);
      for (const backend of model.disputed) disputed.add(backend);
      const program = new EbpfProgram(model.cluster, { maglevTableSize: 251 }, "maglev", model.states);
      const { lines, differences } = compareMaps(maps, [program], {
        objects: [...now.values()],
        ignoreStale: true,
        anyState: disputed,
      });
      expect({ change, differences }).toEqual({ change, differences: [] });
      expect(lines).toBeGreaterThan(100);
    }
  });
});

describe.each(["random", "maglev"] as const)("one endpoint that joins or leaves, %s", (algorithm) => {
  const change = z.object({
    service: z.string(),
    kind: z.enum(["join", "leave"]),
    address: z.string(),
    operations: z.number(),
  });
  const changes = z
    .record(z.string(), z.array(change))
    .parse(JSON.parse(read("cilium/operations.json").toString()))[algorithm]!;

  test("takes the operations that Cilium 1.20.2 was recorded with, for a Service of each kind", () => {
    let now = objects;
    const counted = changes.map(({ service, kind, address }) => {
      const model = ciliumCluster(now, FACTS);
      const program = new EbpfProgram(model.cluster, { maglevTableSize: 251 }, algorithm, model.states);
      const { operations } = program.update(modelChange(model.cluster, { service, kind, address })!);
      now = now.map((object) => (isSliceOf(object, service) ? changedSlice(object, kind, address) : object));
      return { service, kind, address, operations };
    });
    expect(changes).toHaveLength(25);
    expect(counted).toEqual(changes);
  });
});

test("operations: what Cilium was seen to do when one endpoint joins five", () => {
  // A ClusterIP; a NodePort of one node address; a load balancer with a source range.
  const [clusterIp, nodePort, balancer] = [15, 43, 61];
  expect(["ns1/plain", "ns1/np", "ns1/lbrange"].map((name) => operationsOfJoin(name, 5))).toEqual([
    clusterIp,
    nodePort,
    balancer,
  ]);
});

const ALONE_WITH_MAGLEV = { maglev: true, isShared: () => false };

function serviceState({ cluster: all, states }: CiliumCluster, name: string): ServiceState {
  const services = Array.from({ length: all.services }, (_, s) => s);
  const s = services.find((each) => all.serviceName(each) === name)!;
  const [first, end] = [all.portStart[s]!, all.portStart[s + 1]!];
  return {
    cluster: extractService(all, s),
    states: states.slice(all.endpointStart[first], all.endpointStart[end]),
  };
}

function isSliceOf({ kind, metadata }: ApiObject, service: string): boolean {
  const label = metadata.labels?.["kubernetes.io/service-name"];
  return kind === "EndpointSlice" && `${metadata.namespace}/${label}` === service;
}

function changedSlice(object: ApiObject, kind: "join" | "leave", address: string): ApiObject {
  const { endpoints } = z
    .looseObject({ endpoints: z.array(z.looseObject({ addresses: z.array(z.string()) })).nullish() })
    .parse(object);
  const others = (endpoints ?? []).filter(({ addresses }) => addresses[0] !== address);
  return { ...object, endpoints: kind === "leave" ? others : [...others, endpoint(address)] };
}

const endpoint = (address: string) => ({ addresses: [address], nodeName: "other" });

/** Of a Service of the recorded cluster with so many endpoints. */
function operationsOfJoin(name: string, endpoints: number): number {
  const edited = objects.map((object) => {
    // One source range, where there are more.
    const { spec } = z.looseObject({ spec: z.looseObject({}).optional() }).parse(object);
    if (Array.isArray(spec?.loadBalancerSourceRanges))
      return { ...object, spec: { ...spec, loadBalancerSourceRanges: ["198.51.100.0/24"] } };
    const label = object.metadata.labels?.["kubernetes.io/service-name"];
    if (object.kind !== "EndpointSlice" || `${object.metadata.namespace}/${label}` !== name) return object;
    return {
      ...object,
      endpoints: Array.from({ length: endpoints }, (_, i) => ({
        addresses: [`10.244.7.${i + 1}`],
        nodeName: "other",
      })),
    };
  });
  const { cluster: grown, states } = ciliumCluster(edited, FACTS);
  for (let s = 0; s < grown.services; s++) {
    if (grown.serviceName(s) !== name) continue;
    const { operations } = new EbpfProgram(grown, {}, "random", states).update({
      kind: "join",
      servicePort: grown.portStart[s]!,
    });
    return operations!;
  }
  return -1;
}
