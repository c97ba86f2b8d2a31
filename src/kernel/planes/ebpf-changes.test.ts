import { describe, expect, it } from "vitest";
import type { Change } from "../../cluster/change.js";
import { type EndpointUpdate, liveCluster, resolveChange } from "../../cluster/endpoint-updates.js";
import { FAMILIES, type Family } from "../../cluster/family.js";
import { generateCluster, MIXED } from "../../cluster/generate.js";
import { EbpfProgram } from "../../planes/ebpf/program.js";
import { ebpfWrites } from "./ebpf-changes.js";
import { ebpfMaps } from "./ebpf-maps.js";

const MAGLEV_SIZE = 251;

type Maps = Map<string, Map<string, Buffer>>;

/** What the loader does with sections; returns how many elements it wrote or deleted. */
function apply(maps: Maps, data: Buffer): number {
  let at = 0;
  let writes = 0;
  const bytes = (length: number) => {
    at += length;
    return data.subarray(at - length, at);
  };
  while (at < data.length) {
    const name = bytes(16).toString("latin1").replaceAll("\0", "");
    const [keySize, valueSize, count] = [0, 0, 0].map(() => bytes(4).readUInt32LE(0)) as [
      number,
      number,
      number,
    ];
    const keys = bytes(keySize * count);
    const values = bytes(valueSize * count);
    const map = maps.get(name) ?? new Map<string, Buffer>();
    maps.set(name, map);
    for (let i = 0; i < count; i++) {
      const key = keys.subarray(i * keySize, (i + 1) * keySize).toString("hex");
      if (valueSize === 0) expect(map.delete(key)).toBe(true);
      else map.set(key, values.subarray(i * valueSize, (i + 1) * valueSize));
      writes++;
    }
  }
  return writes;
}

function loaded(program: EbpfProgram): Maps {
  const data = Buffer.concat([...ebpfMaps(program, { snatAddress: 0 })]);
  const settings = data.readUInt32LE(0);
  const capacities = data.readUInt32LE(4 + settings);
  const maps: Maps = new Map();
  apply(maps, data.subarray(8 + settings + capacities * 24));
  return maps;
}

/** Maps with backends' addresses where their numbers stood: a change numbers them as nobody else would. */
function byAddress(maps: Maps, family: Family): unknown {
  const map = (name: string) => maps.get(`lb${family}_${name}`);
  const address = (id: number) =>
    id === 0
      ? "none"
      : map("backends")!
          .get(Buffer.from(Uint32Array.of(id).buffer).toString("hex"))!
          .toString("hex");
  // Behind the address and the port.
  const slotAt = family === 4 ? 12 : 36;
  const isSlot = (key: string) => key.slice(slotAt, slotAt + 4) !== "0000";
  return {
    backends: [...map("backends")!.values()].map((value) => value.toString("hex")).sort(),
    services: new Map(
      [...map("services")!].map(([key, value]) => [
        key,
        isSlot(key) ? address(value.readUInt32LE(0)) : value.toString("hex"),
      ]),
    ),
    tables: new Map(
      [...(map("maglev") ?? [])].map(([key, value]) => [
        key,
        Array.from({ length: MAGLEV_SIZE }, (_, i) => address(value.readUInt32LE(i * 4))).join(),
      ]),
    ),
  };
}

const CASES = FAMILIES.flatMap((family) =>
  (["random", "maglev"] as const).map((name) => [name, family] as const),
);

describe.each(CASES)("a change of a %s program, IPv%s", (algorithm, family) => {
  const cluster = generateCluster({
    services: 16,
    seed: 3,
    ...MIXED,
    localShare: 0.4,
    endpoints: { kind: "lognormal", median: 3, sigma: 1, max: 12 },
    ...(family === 6 && { family }),
  });
  const options = { maglevTableSize: MAGLEV_SIZE };
  const program = new EbpfProgram(cluster, options, algorithm);
  const frontends = program.entries.frontendPort.view();
  const sections = (edit: EndpointUpdate) =>
    Buffer.concat([
      ...ebpfWrites(edit, {
        firstFrontend: frontends.indexOf(edit.servicePort),
        maglevSize: program.maglevSize,
      }),
    ]);
  const changes = Array.from({ length: cluster.servicePorts }, (_, servicePort): Change[] => {
    const endpoint = cluster.endpointStart[servicePort]!;
    const leave: Change = { kind: "leave", servicePort, endpoint };
    const hasOne = endpoint < cluster.endpointStart[servicePort + 1]!;
    return [{ kind: "join", servicePort }, ...(hasOne ? [leave] : [])];
  }).flat();

  it("makes of the old maps the new ones, and back", () => {
    const before = byAddress(loaded(program), family);
    for (const change of changes) {
      const maps = loaded(program);
      const there = resolveChange(liveCluster(cluster), change, cluster.endpoints);
      apply(maps, sections(there));
      const after = new EbpfProgram(there.after.cluster, options, algorithm);
      expect(byAddress(maps, family)).toEqual(byAddress(loaded(after), family));
      apply(maps, sections({ ...there, before: there.after, after: there.before }));
      expect(byAddress(maps, family)).toEqual(before);
    }
  });

  it("writes as many elements as are counted, but for lb_affinity_match, which the testbed has not", () => {
    for (const change of changes.filter(
      ({ servicePort }) => cluster.affinitySeconds[cluster.service[servicePort]!] === 0,
    )) {
      const edit = resolveChange(liveCluster(cluster), change, cluster.endpoints);
      const maps = loaded(program);
      expect(apply(maps, sections(edit))).toBe(program.update(change).mapWrites);
    }
  });
});
