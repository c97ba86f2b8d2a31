import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { trials } from "../../../../test/support/trials.js";
import { type Cluster, LOCAL_POLICY_ONLY, parseAddress, TCP } from "../../../cluster/cluster.js";
import { generateCoverageFlows } from "../../../cluster/coverage-flows.js";
import { exposeServices } from "../../../cluster/expose.js";
import type { Family } from "../../../cluster/family.js";
import { flowAt, generateTrace } from "../../../cluster/flows.js";
import { generateCluster, MIXED } from "../../../cluster/generate.js";
import { MapFullError } from "../../../errors.js";
import { REJECT } from "../../plane.js";
import { verifyPlanes } from "../../verify.js";
import { calicoEbpf } from "../index.js";
import { CalicoProgram } from "../program.js";
import { frontendEntries, maglevEntries } from "../ruleset.js";
import { BackendMap } from "./backends.js";
import { MAGLEV_PLACES, maglevPlace, maglevTable, nameHash } from "./maglev.js";

const ON = { calicoMaglev: true };

/** What felix' consistenthash made of lists of endpoints: test/data/README.md. */
const RECORDED = JSON.parse(
  readFileSync(new URL("../../../../test/data/calico/maglev.json", import.meta.url), "utf8"),
) as readonly { places: number; endpoints: readonly string[]; table: readonly number[] }[];

const exposed = (services: number, count: number, extra = {}) =>
  exposeServices(generateCluster({ services, seed: 3, endpoints: { kind: "constant", count }, ...extra }));

/** A cluster of one Service with these endpoints. */
const withEndpoints = (...names: readonly string[]): Cluster => {
  const [addresses, ports] = [0, 1].map((part) => names.map((name) => name.split(":")[part]!));
  return {
    ...exposed(1, names.length),
    endpointAddress: Uint32Array.from(addresses!, (text) => parseAddress(text)!),
    endpointPort: Uint16Array.from(ports!, Number),
  };
};

// What a program of Go's hash/fnv, with the sum read in native order as felix does, makes of the same names on x86.
describe("a Maglev table of Calico's", () => {
  it("hashes names as felix does, bytes of the sum swapped", () => {
    const hashes = (name: string) => [0x00, 0x0a].map((seed) => nameHash(name, seed).toString(16));
    expect(hashes("10.128.0.5:8080")).toEqual(["224d5a24", "805bde03"]);
    expect(hashes("10.128.0.10:8080")).toEqual(["860f7db2", "40becaa5"]);
    expect(hashes("[fd00::5]:53")).toEqual(["eccdca52", "eaff099b"]);
  });

  it("is the one that felix' own package makes, place by place", () => {
    for (const { places, endpoints, table } of RECORDED) {
      const text = endpoints.map((name) => name.slice(0, name.lastIndexOf(":")).replace(/[[\]]/g, ""));
      const ipv6 = text.some((address) => address.includes(":"));
      const like = exposed(1, endpoints.length, { family: ipv6 ? 6 : 4 });
      const { ipv6: plan } = like.network;
      const cluster = {
        ...like,
        endpointAddress: Uint32Array.from(text, (address) =>
          plan ? plan.parse(address)! : parseAddress(address)!,
        ),
        endpointPort: Uint16Array.from(endpoints, (name) => Number(name.slice(name.lastIndexOf(":") + 1))),
      };
      expect(places).toBe(MAGLEV_PLACES);
      expect([...maglevTable(cluster, 0)]).toEqual(table);
    }
    expect(RECORDED.map(({ endpoints }) => endpoints.length)).toEqual([1, 3, 4, 100, 600]);
  });

  it("takes an endpoint in once that is listed twice, and none that policy Local alone would send to", () => {
    const once = withEndpoints("10.128.0.5:8080", "10.128.0.10:8080");
    const twice = withEndpoints("10.128.0.5:8080", "10.128.0.10:8080", "10.128.0.5:8080");
    expect(maglevTable(twice, 0)).toEqual(maglevTable(once, 0));
    const leaving = { ...twice, endpointLocal: Uint8Array.of(0, LOCAL_POLICY_ONLY, 0) };
    expect(new Set(maglevTable(leaving, 0))).toEqual(new Set([0]));
    expect(
      maglevTable({ ...once, endpointLocal: new Uint8Array(2).fill(LOCAL_POLICY_ONLY) }, 0),
    ).toHaveLength(0);
  });
});

// Worked out by lookup3's hashword in C, addresses read from the packet.
it("a packet's place is lookup3 of addresses in network order and ports in the machine's", () => {
  const [src, dst] = ["192.0.2.1", "203.0.113.10"].map((text) => parseAddress(text)! | 0);
  expect(maglevPlace(src!, 40_000, dst!, 443, TCP, 4)).toBe(139);
  expect(maglevPlace(src!, 40_000, dst!, 443, TCP, 6)).toBe(187);
});

describe("Calico with --calico-maglev", () => {
  const mixed = (seed: number, family: Family = 4) =>
    generateCluster({
      services: 1000,
      seed,
      family,
      ...MIXED,
      types: "mixed",
      endpoints: { kind: "lognormal", median: 3, sigma: 1, max: 20 },
      emptyShare: 0.1,
      affinityShare: 0.3,
      internalLocalShare: 0.3,
      externalLocalShare: 0.4,
      sourceRangeShare: 0.5,
      localShare: 0.25,
    });
  const flags = (cluster: Cluster) =>
    [...frontendEntries(new CalicoProgram(cluster, ON))].map(({ key, value }) => {
      const [from, to] = [key, value].map((bytes) => new DataView(bytes.buffer, bytes.byteOffset));
      return {
        address: from!.getUint32(4),
        port: from!.getUint16(8, true),
        id: to!.getUint32(0, true),
        drops: to!.getUint32(4, true) === 0xffffffff,
        maglev: (to!.getUint32(16, true) & 8) !== 0,
      };
    });

  it("flags every frontend of a Service with an external address but its NodePorts and what drops", () => {
    const cluster = mixed(2);
    const seen = { maglev: 0, nodePort: 0, drops: 0, inside: 0 };
    for (const { address, port, id, drops, maglev } of flags(cluster)) {
      const s = cluster.service[id]!;
      const isExposed = cluster.externalStart[s + 1]! > cluster.externalStart[s]!;
      const isNodePort = port === cluster.nodePort[id] && address !== cluster.clusterIp[s];
      expect([id, maglev]).toEqual([id, isExposed && !isNodePort && !drops]);
      if (drops) seen.drops++;
      else if (isNodePort) seen.nodePort++;
      else seen[isExposed ? "maglev" : "inside"]++;
    }
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
  });

  it("writes a table for each of their service-ports with endpoints, in no other than the ordinals' form", () => {
    const cluster = mixed(2);
    const program = new CalicoProgram(cluster, ON);
    const entries = [...maglevEntries(program)];
    expect(entries).toHaveLength(program.maglevPorts.length * MAGLEV_PLACES);
    const { key, value } = entries[MAGLEV_PLACES]!;
    const p = program.maglevPorts[1]!;
    const row = maglevTable(cluster, p)[0]!;
    expect(new DataView(key.buffer).getUint32(0, true)).toBe(p);
    expect(new DataView(value.buffer).getUint32(0)).toBe(cluster.endpointAddress[row]);
    expect(new DataView(value.buffer).getUint16(4, true)).toBe(cluster.endpointPort[row]);
    expect([...maglevEntries(new CalicoProgram(cluster, {}))]).toEqual([]);
  });

  it.each([4, 6] as const)("keeps the contract in IPv%i, and explains what it decides", (family) => {
    const cluster = mixed(5, family);
    const program = new CalicoProgram(cluster, ON);
    const flows = generateCoverageFlows(cluster, trials(4000, 100_000), 1);
    const looking = program.model(1);
    const result = verifyPlanes(cluster, new Map([["calico-ebpf", looking]]), flows, ON);
    expect(result.examples).toEqual([]);
    expect(result.documented["calico-maglev-ignores-policies"]).toBeGreaterThan(0);
    const [again, explaining] = [program.model(1), program.model(1)];
    for (let flow = 0; flow < 2000; flow++) {
      const each = flowAt(flows.words, flow);
      const decided = again.lookup(each.src, each.sport, each.dst, each.dport, each.protocol, flow);
      expect(explaining.explain(each, flow).decision).toBe(decided);
    }
  });

  it("sends a client outside where the table does, whatever the seed and its affinity, and a pod at random", () => {
    const cluster = exposed(1, 50, { affinityShare: 1 });
    const model = new CalicoProgram(cluster, ON).model(1);
    const decide = (entry: "loadBalancer" | "clusterIp", seed: number) => {
      const { words, length } = generateTrace(cluster, { flows: 40, seed: 1, entry });
      model.reset(seed);
      return Array.from({ length }, (_, flow) => {
        const { src, sport, dst, dport, protocol } = flowAt(words, flow);
        return model.lookup(src, sport, dst, dport, protocol, 0);
      });
    };
    expect(decide("loadBalancer", 1)).toEqual(decide("loadBalancer", 2));
    expect(decide("clusterIp", 1)).not.toEqual(decide("clusterIp", 2));
    const { words } = generateTrace(cluster, { flows: 1, seed: 1, entry: "loadBalancer" });
    const client = flowAt(words, 0);
    const ports = Array.from({ length: 20 }, (_, i) =>
      model.lookup(client.src, 1000 + i, client.dst, client.dport, client.protocol, 0),
    );
    expect(new Set(ports).size).toBeGreaterThan(5);
  });

  it("rejects a client outside where there is no endpoint", () => {
    const cluster = exposed(1, 0);
    const { words } = generateTrace(cluster, { flows: 1, seed: 1, entry: "loadBalancer" });
    const { src, sport, dst, dport, protocol } = flowAt(words, 0);
    expect(new CalicoProgram(cluster, ON).model(1).lookup(src, sport, dst, dport, protocol, 0)).toBe(REJECT);
  });

  it("names the place and the endpoint in it, in one lookup more than the frontend's", () => {
    const cluster = exposed(20, 3);
    const { words } = generateTrace(cluster, { flows: 1, seed: 1, entry: "loadBalancer" });
    const path: string[] = [];
    const { work } = new CalicoProgram(cluster, ON).model(1).explain(flowAt(words, 0), 0, path);
    expect(work.mapLookups).toBe(2);
    expect(path.at(-2)).toMatch(/^Maglev, for a client outside: place \d+ of 503 by lookup3 of the packet$/);
    expect(path.at(-1)).toMatch(/^cali_v4_mglv\[service \d+, place \d+\]: [\d.]+:\d+$/);
  });

  it("takes 72 bytes per place, 8 more of IPv6's 88, and 16 per bucket", () => {
    for (const [family, bytes] of [
      [4, 72],
      [6, 88],
    ] as const) {
      const lines = new CalicoProgram(exposed(150, 4, { family }), ON).memory();
      const line = (what: string) => lines.find((each) => each.what === what)?.bytes;
      expect(line("mglv: elements")).toBe(150 * 503 * bytes);
      expect(line("mglv: the rest of their slab objects")).toBe(150 * 503 * (96 - bytes));
      // 150 tables need 75,450 places, beyond the 50,300 of stock.
      expect(line("mglv: header and buckets")).toBe(896 + 131_072 * 16);
      const stock = new CalicoProgram(exposed(100, 4, { family }), ON).memory();
      expect(stock.find(({ what }) => what === "mglv: header and buckets")?.bytes).toBe(896 + 65_536 * 16);
    }
    const without = new CalicoProgram(exposed(5, 4), {}).memory();
    const lines = without.filter(({ what }) => what.startsWith("mglv"));
    // Felix makes the map in any case.
    expect(lines.map(({ bytes }) => bytes)).toEqual([896 + 65_536 * 16, 0, 0]);
  });

  it("says that stock maps end at 100 tables, and with which setting they go on", () => {
    const beyond = new CalicoProgram(exposed(101, 1), ON);
    expect(beyond.facts()).toMatchObject({
      maglevTables: 101,
      maglevEnlarged: expect.stringMatching(/beyond Calico's 100 Maglev tables/),
    });
    expect(beyond.capacities()).toContainEqual({
      what: "Maglev tables",
      used: 101,
      most: 100,
      remedy: "set bpfMaglevMaxServices to 101",
    });
    expect(new CalicoProgram(exposed(100, 1), ON).facts()).not.toHaveProperty("maglevEnlarged");
    const full = new BackendMap(1, 1, 0, "raise it");
    const destination = { address: 1, port: 1, endpoint: 0 };
    full.write(0, 0, destination);
    full.write(0, 0, destination);
    expect(() => full.write(0, 1, destination)).toThrow(
      new MapFullError(
        "a map of Calico's backends holds 1 entries and is full: the kernel refuses (E2BIG); raise it",
      ),
    );
  });
});

describe("a change under --calico-maglev", () => {
  it("writes the places that change hands, about 1 in E′, between backends and frontends", () => {
    const cluster = exposed(3, 5);
    const join = { kind: "join", servicePort: 1 } as const;
    const plain = calicoEbpf.compile(cluster).update(join);
    const { mapWrites, bytes, notes } = calicoEbpf.compile(cluster, ON).update(join);
    const places = mapWrites - plain.mapWrites;
    expect(places).toBeGreaterThanOrEqual(Math.floor(503 / 6));
    expect(places).toBeLessThan(503 / 6 + 60);
    expect(bytes - plain.bytes).toBe(places * 64);
    expect(notes[0]).toBe(
      `backends 1, places of Maglev tables ${places}, then frontends 2, then deleted backends 0: a client always finds an endpoint`,
    );
  });

  it("writes all 503 places with the first endpoint, and deletes them with the last", () => {
    const cluster = exposed(2, 1);
    const { mapWrites } = calicoEbpf
      .compile(cluster, ON)
      .update({ kind: "leave", servicePort: 0, endpoint: 0 });
    expect(mapWrites).toBe(2 + 1 + 503);
    const empty = exposed(2, 0);
    expect(calicoEbpf.compile(empty, ON).update({ kind: "join", servicePort: 0 }).mapWrites).toBe(
      1 + 503 + 2,
    );
  });
});
