import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseCidr } from "../../cluster/cluster.js";
import { importKubernetes } from "../../kubernetes/import.js";
import { EbpfProgram } from "./program.js";
import { ciliumMapsJson } from "./ruleset.js";

const DATA = new URL("../../../test/data/", import.meta.url);
const read = (name: string) => readFileSync(fileURLToPath(new URL(name, DATA)), "utf8");
const bytes = z.array(
  z
    .string()
    .regex(/^0x[\da-f]{2}$/)
    .transform(Number),
);
const dumps = z.record(z.string(), z.array(z.object({ key: bytes, value: bytes })));
type Dumps = z.infer<typeof dumps>;

const { cluster } = importKubernetes(read("kube-proxy/shared-cluster/objects.list.json"), {
  node: "me",
  podRange: parseCidr("10.244.0.0/16"),
});

const hex = (list: readonly number[]) => Buffer.from(list).toString("hex");
const little = (list: readonly number[]) => Buffer.from(list).readUIntLE(0, list.length);
const big = (list: readonly number[]) => Buffer.from(list).readUIntBE(0, list.length);

/**
 * Entries as text in which no number is left that the agent gives out: a backend by its value, a rev_nat id by the key of the master that
 * has it. Two masters of one frontend, outside and inside, have an id each and the same reverse value.
 */
function lines(maps: Dumps, name: string): string[] {
  const backends = new Map(
    maps.cilium_lb4_backends_v3!.map(({ key, value }) => [little(key), hex(value)] as const),
  );
  const masters = maps.cilium_lb4_services_v2!.filter(({ key }) => little(key.slice(6, 8)) === 0);
  const frontends = new Map(masters.map(({ key, value }) => [big(value.slice(6, 8)), hex(key)] as const));
  const frontend = (id: readonly number[]) =>
    big(id) === 0 ? "none" : (frontends.get(big(id)) ?? "unknown");
  const backend = (id: readonly number[]) => backends.get(little(id)) ?? "unknown";
  const words: Record<string, (key: number[], value: number[]) => string> = {
    cilium_lb4_backends_v3: (_key, value) => hex(value),
    cilium_lb4_services_v2: (key, value) => {
      const isSlot = little(key.slice(6, 8)) > 0;
      const first = isSlot ? `backend ${backend(value.slice(0, 4))}` : hex(value.slice(0, 4));
      return `${hex(key)}: ${first} ${hex(value.slice(4, 6))} of ${frontend(value.slice(6, 8))} ${hex(value.slice(8))}`;
    },
    cilium_lb4_reverse_nat: (key, value) => `${frontend(key)}: ${hex(value)}`,
    cilium_lb4_source_range: (key, value) =>
      `${hex(key.slice(0, 4))} ${frontend(key.slice(4, 6))} ${hex(key.slice(6))}: ${hex(value)}`,
    cilium_lb_affinity_match: (key, value) =>
      `${backend(key.slice(0, 4))} of ${frontend(key.slice(4, 6))} ${hex(key.slice(6))}: ${hex(value)}`,
  };
  return (maps[name] ?? []).map(({ key, value }) => words[name]!(key, value)).sort();
}

describe("Cilium's maps of a cluster with Services of all kinds", () => {
  const recorded = dumps.parse(JSON.parse(read("cilium/random.json")));
  const exported = dumps.parse(
    JSON.parse([...ciliumMapsJson(new EbpfProgram(cluster, {}, "random"))].join("")),
  );

  it.each([
    "cilium_lb4_backends_v3",
    "cilium_lb4_services_v2",
    "cilium_lb4_reverse_nat",
    "cilium_lb4_source_range",
    "cilium_lb_affinity_match",
  ])("hold what Cilium 1.20.2 wrote, entry for entry: %s", (name) => {
    expect(lines(exported, name)).toEqual(lines(recorded, name));
  });
});
