/** Each plane's cost against the difference between whole rulesets or maps, compiled before and after. */

import { describe, expect, it } from "vitest";
import fc from "../../test/support/properties.js";
import { withTerminating } from "../../test/support/terminating.js";
import { applyChange, type Change } from "../cluster/change.js";
import { type Cluster, TCP } from "../cluster/cluster.js";
import { type Family, familyOf } from "../cluster/family.js";
import { type GenerateOptions, generateCluster } from "../cluster/generate.js";
import { FLAGS } from "./ebpf/cilium-flags.js";
import { mapLayout } from "./ebpf/dump/map-names.js";
import { EbpfProgram } from "./ebpf/program.js";
import { ciliumMapsJson } from "./ebpf/ruleset.js";
import { ENSURED_CHAINS, measureTable } from "./iptables/blob.js";
import { sizesOf } from "./iptables/layout.js";
import { IptablesProgram } from "./iptables/program.js";
import { endpointHash, servicePortHash } from "./iptables/rules/names.js";
import type { ChainKind, Rule, RuleSink } from "./iptables/rules/rules.js";
import { HASH_SET_NAMES, HASH_SETS, listSetEntries } from "./ipvs/tables/set-entries.js";
import { isServer, listVirtualServices } from "./ipvs/tables/virtual-services.js";
import { chainsOf, listMaps } from "./nftables/rules/frontends.js";
import { firewallSources } from "./nftables/rules/service-text.js";
import { nftLayout } from "./nftables/version.js";
import { planeById } from "./registry.js";
import type { Int32Vector } from "./shared/int32-vector.js";
import { DEFAULT_SETTINGS } from "./shared/kube-proxy.js";

const mixedCluster: fc.Arbitrary<Cluster> = fc
  .record({
    services: fc.integer({ min: 1, max: 25 }),
    seed: fc.nat(),
    emptyShare: fc.constantFrom(0, 0.3),
    affinityShare: fc.constantFrom(0, 0.4),
    internalLocalShare: fc.constantFrom(0, 0.5),
    externalLocalShare: fc.constantFrom(0, 0.5),
    sourceRangeShare: fc.constantFrom(0, 0.7),
    localShare: fc.constantFrom(0, 0.3, 1),
    endpoints: fc.record({ kind: fc.constant("constant" as const), count: fc.integer({ min: 0, max: 6 }) }),
    types: fc.constantFrom("clusterIp", "nodePort", "mixed"),
    ports: fc.constantFrom("single", "mixed"),
    protocols: fc.constantFrom("tcp", "mixed"),
    family: fc.constantFrom<Family>(4, 6),
  } satisfies Partial<Record<keyof GenerateOptions, unknown>>)
  .chain((options) => fc.constantFrom(generateCluster(options), withTerminating(generateCluster(options))));

/** A cluster with a join or leave that it can undergo. */
const changed = fc
  .tuple(mixedCluster, fc.nat(), fc.nat(), fc.boolean())
  .map(([cluster, port, pick, joins]): { before: Cluster; change: Change; after: Cluster } => {
    const servicePort = port % cluster.servicePorts;
    const first = cluster.endpointStart[servicePort]!;
    const count = cluster.endpointStart[servicePort + 1]! - first;
    const change: Change =
      joins || count === 0
        ? { kind: "join", servicePort }
        : { kind: "leave", servicePort, endpoint: first + (pick % count) };
    return { before: cluster, change, after: applyChange(cluster, change) };
  });

/** Entries of `after` that are new or other than in `before`, and keys that are gone. */
function difference(before: Map<string, string>, after: Map<string, string>) {
  const written = [...after].filter(([key, value]) => before.get(key) !== value).map(([key]) => key);
  const deleted = [...before.keys()].filter((key) => !after.has(key));
  return { written, deleted };
}

function identity(cluster: Cluster, endpoint: number): string {
  return `${cluster.endpointAddress[endpoint]}:${cluster.endpointPort[endpoint]}`;
}

function ownerOf(cluster: Cluster, endpoint: number): number {
  return cluster.endpointStart.findIndex((start) => start > endpoint) - 1;
}

const OF_A_PORT: readonly ChainKind[] = ["KUBE-SVC", "KUBE-SVL", "KUBE-EXT", "KUBE-FW"];

/** Chain name → its rules as text, as iptables-save would name and print them; hook chains left out. */
function chainTexts(cluster: Cluster): Map<string, string[]> {
  const name = (kind: ChainKind, index: number): string => {
    if (OF_A_PORT.includes(kind)) return `${kind}-${servicePortHash(cluster, index)}`;
    if (kind === "KUBE-SEP") return `${kind}-${endpointHash(cluster, ownerOf(cluster, index), index)}`;
    return kind;
  };
  const chains = new Map<string, string[]>();
  const program = new IptablesProgram(cluster, { ruleOrder: "listed" });
  for (const table of ["nat", "filter"] as const) {
    let rules: string[] = [];
    const sink: RuleSink = {
      chain: (kind, index) => {
        rules = [];
        if (!ENSURED_CHAINS.includes(kind)) chains.set(`${table} ${name(kind, index)}`, rules);
      },
      rule: (rule: Rule) => {
        // The emitter reuses its rule: fields that this target or match doesn't read hold what they held before.
        const { jumpKind, jumpIndex, endpoint, recentEndpoint, recentSeconds, ...rest } = rule;
        const to = rule.target === "jump" ? name(jumpKind, jumpIndex) : "";
        const dnat = rule.target === "dnat" ? identity(cluster, endpoint) : "";
        const list = rule.recent === "none" ? "" : name("KUBE-SEP", recentEndpoint);
        const recent = rule.recent === "check" ? `${list} ${recentSeconds}` : list;
        rules.push(JSON.stringify([rest, to, dnat, recent]));
      },
    };
    if (table === "nat") program.natRules(sink);
    else program.filterRules(sink);
  }
  // Ensured to exist, like the hooks' chains, where it has no rule.
  if (chains.get("filter KUBE-FIREWALL")?.length === 0) chains.delete("filter KUBE-FIREWALL");
  return chains;
}

describe("iptables", () => {
  it("writes every chain that differs, and of the others only those that exist once or belong to the service", () => {
    fc.assert(
      fc.property(changed, ({ before, change, after }) => {
        const [old, now] = [chainTexts(before), chainTexts(after)];
        const texts = (chains: typeof now) => new Map([...chains].map(([key, rules]) => [key, rules.join()]));
        const { written, deleted } = difference(texts(old), texts(now));

        const service = after.service[change.servicePort]!;
        const own = new Set<string>();
        for (let p = after.portStart[service]!; p < after.portStart[service + 1]!; p++) {
          for (const kind of OF_A_PORT) own.add(`nat ${kind}-${servicePortHash(after, p)}`);
          for (let e = after.endpointStart[p]!; e < after.endpointStart[p + 1]!; e++) {
            own.add(`nat KUBE-SEP-${endpointHash(after, p, e)}`);
          }
        }
        const rewritten = [...now].filter(([key]) => own.has(key) || !/-(SVC|SVL|EXT|FW|SEP)-/.test(key));
        for (const key of written) expect(rewritten.map(([name]) => name)).toContain(key);

        const partial = new IptablesProgram(before).update(change);
        expect(partial.rules).toBe(rewritten.reduce((sum, [, rules]) => sum + rules.length, 0));
        expect(partial.chains).toBe(rewritten.length + deleted.length);
        const program = new IptablesProgram(after);
        const sizes = sizesOf(after.network);
        const filter = measureTable((sink) => program.filterRules(sink), 1000, sizes);
        expect(partial.bytes).toBe(program.bytes() + filter.bytes);

        const full = new IptablesProgram(before).update(change, "full");
        expect(full.rules).toBe([...now.values()].reduce((sum, rules) => sum + rules.length, 0));
        expect(full.chains).toBe(now.size + deleted.length);
      }),
    );
  });
});

describe("IPVS", () => {
  it("sends a command for each new destination, two for each of TCP that goes, and one for each ipset element", () => {
    const destinations = (cluster: Cluster): Map<string, string> => {
      const order = Uint32Array.from({ length: cluster.servicePorts }, (_, p) => p);
      const virtual = listVirtualServices(cluster, order);
      const { count, address, port, servicePort } = virtual;
      const list = new Map<string, string>();
      for (let v = 0; v < count; v++) {
        const p = servicePort[v]!;
        for (let e = cluster.endpointStart[p]!; e < cluster.endpointStart[p + 1]!; e++) {
          if (!isServer(virtual, v, cluster, e)) continue;
          list.set(`${address[v]}:${port[v]}/${cluster.protocol[p]} ${identity(cluster, e)}`, "");
        }
      }
      return list;
    };
    const elements = (cluster: Cluster): Map<string, string> => {
      const list = new Map<string, string>();
      const { hash, bitmap } = listSetEntries(cluster);
      for (const name of HASH_SET_NAMES) addRows(list, name, hash[name], HASH_SETS[name], HASH_SETS[name]);
      for (const [name, ports] of Object.entries(bitmap)) addRows(list, name, ports, 1, 1);
      return list;
    };
    fc.assert(
      fc.property(changed, ({ before, change, after }) => {
        const servers = difference(destinations(before), destinations(after));
        const sets = difference(elements(before), elements(after));
        const { mapWrites, bytes } = planeById("ipvs").compile(before).update(change);
        const leaving = before.protocol[change.servicePort] === TCP ? 2 : 1;
        expect(mapWrites).toBe(
          servers.written.length +
            leaving * servers.deleted.length +
            sets.written.length +
            sets.deleted.length,
        );
        const element = familyOf(before.network) === 4 ? 12 : 36;
        expect(bytes).toBe(464 * servers.written.length + element * sets.written.length);
      }),
    );
  });
});

describe("nftables", () => {
  const elements = (cluster: Cluster): Map<string, string> => {
    const list = new Map<string, string>();
    const maps = listMaps(cluster, nftLayout(DEFAULT_SETTINGS));
    addRows(list, "service-ips", maps.serviceIps, 3, 5);
    addRows(list, "service-nodeports", maps.nodePorts, 2, 3);
    addRows(list, "firewall-ips", maps.firewallIps, 3, 4);
    addRows(list, "no-endpoint-services", maps.noEndpointServices, 3, 5);
    addRows(list, "no-endpoint-nodeports", maps.noEndpointNodePorts, 2, 4);
    for (let at = 0; at < maps.hairpins.length; at += 4) {
      list.set(
        `hairpin-connections ${maps.hairpins
          .view()
          .subarray(at, at + 3)
          .join()}`,
        "",
      );
    }
    return list;
  };

  it("writes the elements of named maps that differ, and the anonymous maps of the service", () => {
    fc.assert(
      fc.property(changed, ({ before, change, after }) => {
        const old = elements(before);
        const { written, deleted } = difference(old, elements(after));
        // Another verdict for the same key is a deletion and an addition.
        const replaced = written.filter((key) => old.has(key));
        const service = after.service[change.servicePort]!;
        let anonymous = 0;
        for (let p = after.portStart[service]!; p < after.portStart[service + 1]!; p++) {
          const { count, localCount, usesService, usesLocal, usesFirewall } = chainsOf(after, p);
          const isSticky = after.affinitySeconds[service]! > 0;
          for (const size of [usesService ? count : 0, usesLocal ? localCount : 0]) {
            // A single endpoint is in the rule, unless affinity wants a chain of it.
            if (size > 1 || isSticky) anonymous += size;
          }
          // The firewall chain's set of ranges: a single one is compared with.
          const ranges = firewallSources(after, service).length;
          if (usesFirewall && ranges > 1) anonymous += ranges;
        }
        const { mapWrites } = planeById("nftables").compile(before).update(change);
        expect(mapWrites).toBe(anonymous + written.length + replaced.length + deleted.length);
      }),
    );
  });
});

describe("Cilium", () => {
  type Dump = Record<string, { key: string[]; value: string[] }[]>;
  const mapsOf = (cluster: Cluster): Dump =>
    JSON.parse([...ciliumMapsJson(new EbpfProgram(cluster, {}, "random"))].join(""));
  const layoutOf = (maps: Dump) => mapLayout(maps.cilium_lb6_services_v2 === undefined ? 4 : 6);
  /** Little-endian, as the machine has it. */
  const number = (bytes: readonly string[]) =>
    bytes.reduceRight((value, byte) => value * 256 + Number(byte), 0);

  /** Entries of a map by their bytes, with backends by address and port: a control plane does not renumber them. */
  const entriesOf = (maps: Dump, name: string, backendAt: "value" | "key"): Map<string, string> => {
    const { addressBytes: wide, backends: ofBackends } = layoutOf(maps);
    const backends = new Map(
      maps[ofBackends]!.map(({ key, value }) => [number(key), value.slice(0, wide + 2).join()]),
    );
    return new Map(
      maps[name]!.map(({ key, value }) => {
        const bytes = { key: [...key], value: [...value] };
        const isMaster = backendAt === "value" && number(key.slice(wide + 2, wide + 4)) === 0;
        if (!isMaster) bytes[backendAt].splice(0, 4, backends.get(number(bytes[backendAt].slice(0, 4)))!);
        return [bytes.key.join(" "), bytes.value.join(" ")];
      }),
    );
  };

  /** Frontends, and the backends in their slots that count. */
  const membersOf = (maps: Dump): Map<string, string> => {
    const { addressBytes: wide, services } = layoutOf(maps);
    const slots = entriesOf(maps, services, "value");
    const members = new Map<string, string>();
    for (const { key, value } of maps[services]!) {
      const slotKey = (slot: number) =>
        key.with(wide + 2, `0x${slot.toString(16).padStart(2, "0")}`).join(" ");
      if (number(key.slice(wide + 2, wide + 4)) > 0 || value.slice(6, 8).join() === "0x00,0x00") continue;
      // Only what clients outside are sent to has a table.
      if ((Number(value[8]) & FLAGS.routable) === 0) continue;
      const count = number(value.slice(4, 6));
      const values = Array.from({ length: count }, (_, i) => slots.get(slotKey(i + 1))!.split(" ")[0]);
      members.set(key.join(" "), values.join());
    }
    return members;
  };

  it("writes the entries of its maps that differ, and a Maglev table for each frontend among them that is reached from outside", () => {
    fc.assert(
      fc.property(changed, ({ before, change, after }) => {
        const [was, is] = [mapsOf(before), mapsOf(after)];
        const differing = (name: string, backendAt: "value" | "key") =>
          difference(entriesOf(was, name, backendAt), entriesOf(is, name, backendAt));
        const layout = layoutOf(was);
        const slots = differing(layout.services, "value");
        const matches = differing("cilium_lb_affinity_match", "key");
        const addresses = (maps: Dump) =>
          new Map(
            maps[layout.backends]!.map(
              ({ value }) =>
                [value.slice(0, layout.addressBytes + 3).join(), value[layout.addressBytes + 3]!] as const,
            ),
          );
        const backends = difference(addresses(was), addresses(is));
        const count = [slots, matches, backends].reduce(
          (sum, { written, deleted }) => sum + written.length + deleted.length,
          0,
        );
        const { mapWrites, bytes } = planeById("ebpf").compile(before).update(change);
        expect(mapWrites).toBe(count);
        expect(bytes).toBe(
          (layout.family === 4 ? 80 : 88) * slots.written.length +
            64 * matches.written.length +
            (layout.family === 4 ? 72 : 80) * backends.written.length,
        );

        const tables = difference(membersOf(was), membersOf(is));
        const frontends = tables.written.length;
        const maglev = planeById("ebpf-maglev").compile(before, { maglevTableSize: 251 }).update(change);
        expect(maglev.mapWrites).toBe(count + frontends);
        expect(maglev.bytes).toBe(bytes + frontends * (4 * 251 + 64));
      }),
    );
  });
});

/** Adds a vector's rows to a list: the first words are the key, the rest the value. */
function addRows(
  list: Map<string, string>,
  name: string,
  rows: Int32Vector,
  keyWords: number,
  words: number,
): void {
  const view = rows.view();
  for (let at = 0; at < view.length; at += words) {
    list.set(
      `${name} ${view.subarray(at, at + keyWords).join()}`,
      view.subarray(at + keyWords, at + words).join(),
    );
  }
}
