import { describe, expect, it } from "vitest";
import type { Change } from "../../cluster/change.js";
import { liveCluster, resolveChange } from "../../cluster/endpoint-updates.js";
import { FAMILIES } from "../../cluster/family.js";
import { generateCluster } from "../../cluster/generate.js";
import { CalicoProgram } from "../../planes/calico-ebpf/program.js";
import { backendEntries, frontendEntries } from "../../planes/calico-ebpf/ruleset.js";
import { calicoMaps, calicoWrites } from "./calico-maps.js";

interface Write {
  readonly map: string;
  readonly key: string;
  /** Empty: a deletion. */
  readonly value: string;
}

/** Reads sections as native/loader.c does. */
function read(data: Buffer): Write[] {
  const writes: Write[] = [];
  let at = 0;
  const bytes = (length: number): Buffer => {
    at += length;
    return data.subarray(at - length, at);
  };
  while (at < data.length) {
    const map = bytes(16).toString("latin1").replaceAll("\0", "");
    const [keySize, valueSize, count] = [bytes(4), bytes(4), bytes(4)].map((word) => word.readUInt32LE(0));
    const [keys, values] = [bytes(keySize! * count!), bytes(valueSize! * count!)];
    for (let i = 0; i < count!; i++) {
      const part = (of: Buffer, size: number) => of.subarray(i * size, (i + 1) * size).toString("hex");
      writes.push({ map, key: part(keys, keySize!), value: part(values, valueSize!) });
    }
  }
  return writes;
}

describe.each(FAMILIES)("Calico's maps in the kernel lane, IPv%s", (family) => {
  const cluster = generateCluster({
    services: 8,
    seed: 4,
    types: "nodePort",
    localShare: 0.5,
    endpoints: { kind: "constant", count: 4 },
    ...(family === 6 && { family }),
  });
  const changed = (change: Change) => {
    const base = liveCluster(cluster);
    return resolveChange(base, change, base.cluster.endpoints);
  };
  const local =
    cluster.endpointStart[3]! +
    cluster.endpointLocal.subarray(cluster.endpointStart[3], cluster.endpointStart[4]).indexOf(1);

  it("are the model's frontends, backends and routes, byte for byte", () => {
    const program = new CalicoProgram(cluster, {});
    const data = Buffer.concat([...calicoMaps(program, { snatAddress: 0 })]);
    const settings = data.readUInt32LE(0);
    const written = read(data.subarray(8 + settings + 24 * data.readUInt32LE(4 + settings)));
    const listed = (map: string) =>
      written.filter((write) => write.map === map).map(({ key, value }) => key + value);
    const bytes = (entries: Iterable<{ key: Uint8Array; value: Uint8Array }>) =>
      [...entries].map(({ key, value }) => Buffer.concat([key, value]).toString("hex"));
    expect(listed(`cali_v${family}_nat_fe`)).toEqual(bytes(frontendEntries(program)));
    expect(listed(`cali_v${family}_nat_be`)).toEqual(bytes(backendEntries(program)));
    const routes = listed(`cali_v${family}_routes`);
    expect(routes.length).toBeGreaterThan(2);
    // The range of pods is the first: its length and its base.
    expect(routes[0]).toMatch(family === 4 ? /^090000000a800000/ : /^69000000fd00001001280000/);
  });

  it.each<[string, Change]>([
    ["joins", { kind: "join", servicePort: 3 }],
    ["of this node leaves", { kind: "leave", servicePort: 3, endpoint: local }],
  ])(
    "take an endpoint that %s by as many writes as the model counts, to what is then listed",
    (_what, change) => {
      const edit = changed(change);
      const writes = read(Buffer.concat([...calicoWrites(edit)]));
      expect(writes).toHaveLength(new CalicoProgram(cluster, {}).update(change).mapWrites);
      const program = (of: typeof cluster) => {
        const all = new CalicoProgram(of, {});
        return new Map(
          [...frontendEntries(all), ...backendEntries(all)].map(({ key, value }) => [
            Buffer.from(key).toString("hex"),
            Buffer.from(value).toString("hex"),
          ]),
        );
      };
      const maps = program(cluster);
      for (const { key, value } of writes) {
        if (value === "") expect(maps.delete(key)).toBe(true);
        else maps.set(key, value);
      }
      expect(maps).toEqual(program(edit.after.cluster));
    },
  );

  it("make before they break: backends that stay or come, frontends that count them, and what is left over last", () => {
    const writes = read(
      Buffer.concat([...calicoWrites(changed({ kind: "leave", servicePort: 3, endpoint: local }))]),
    );
    const kinds = writes.map(({ map, value }) => `${map} ${value === "" ? "delete" : "update"}`);
    expect([...new Set(kinds)]).toEqual([
      `cali_v${family}_nat_be update`,
      `cali_v${family}_nat_fe update`,
      `cali_v${family}_nat_be delete`,
    ]);
  });
});
