import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Cluster } from "../cluster/cluster.js";
import { addressText, type DualStack, endpointText, rangeText, socketText } from "../cluster/family.js";
import { generateCluster, MIXED } from "../cluster/generate.js";
import { formatIpv6, parseIpv6 } from "../cluster/ipv6.js";
import { parseClusterFile, writeCluster } from "../cluster/json.js";
import { parseRawCidr } from "../cluster/raw-addresses.js";
import { serviceRangesText } from "../cluster/service-ranges.js";
import { FLAGS } from "../planes/ebpf/cilium-flags.js";
import { importedOptions } from "../planes/imported-options.js";
import { KUBE_PROXY_RELEASES } from "../planes/kube-proxy-versions.js";
import { KUBE_PROXY_VERSIONS } from "../planes/plane.js";
import {
  ipsetLines,
  iptablesLines,
  ipvsadmLines,
  nftLines,
  ruleDifferences,
} from "../planes/shared/rules-as-sets.js";
import { type Imported, importCluster } from "./detect.js";
import { EXPORTS } from "./export.js";

const FOLDER = new URL("../../test/data/kube-proxy/", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, FOLDER), "utf8");
const exported = (cluster: Cluster, format: string) =>
  [...EXPORTS.find(({ id }) => id === format)!.write(cluster, importedOptions(cluster))].join("");

describe("rules of both families, imported", () => {
  it.each(KUBE_PROXY_VERSIONS)(
    "are written again as kube-proxy %s wrote them in iptables mode",
    (version) => {
      const folder = `${KUBE_PROXY_RELEASES[version]}/dual`;
      const [save, six] = [read(`${folder}/iptables.save`), read(`${folder}/ip6tables.save`)];
      const { cluster, ipv6, report } = importCluster([save, six]);
      const file = [...writeCluster({ ipv4: cluster, ipv6: ipv6! })].join("");
      const back = parseClusterFile(file) as DualStack;
      expect({
        ipv4: ruleDifferences(iptablesLines(save), iptablesLines(exported(back.ipv4, "iptables"))),
        ipv6: ruleDifferences(iptablesLines(six), iptablesLines(exported(back.ipv6, "iptables"))),
      }).toEqual({ ipv4: [], ipv6: [] });
      expect(rangeText(ipv6!.network, ipv6!.network.podCidr)).toBe("fd00:10:244::/56");
      expect(importedOptions(ipv6!)).toEqual({});
      expect(report.join("\n")).not.toMatch(/not understood|cut or filtered|left out/);
    },
  );

  it("are one cluster where both families' exports for iptables-restore are one file, in either order", () => {
    const of = { services: 12, seed: 1, ...MIXED };
    const parts = [generateCluster(of), generateCluster({ ...of, family: 6 })];
    const [four, six] = parts.map((part) => exported(part, "iptables")) as [string, string];
    for (const text of [four + six, six + four]) {
      const { cluster, ipv6, report } = importCluster(text);
      expect([cluster, ipv6!].map((one) => exported(one, "iptables").length)).toEqual([
        four.length,
        six.length,
      ]);
      // What is counted is said of both, also where the counts are the same.
      const said = report.find((line) => line.includes(" Services with "))!;
      expect(report).toContain(`IPv6: ${said}`);
    }
  });

  it.each(KUBE_PROXY_VERSIONS)(
    "are written again as kube-proxy %s wrote them in nftables mode",
    (version) => {
      const dump = read(`${KUBE_PROXY_RELEASES[version]}/dual/nftables.nft`);
      const { cluster, ipv6, report } = importCluster(dump);
      const both = EXPORTS.find(({ id }) => id === "nft")!.writeBoth!(
        { ipv4: cluster, ipv6: ipv6! },
        { ...importedOptions(cluster), kubeProxy: version },
      );
      const written = [...both].join("");
      for (const table of ["ip kube-proxy", "ip6 kube-proxy"]) {
        expect(ruleDifferences(nftLines(dump, table), nftLines(written, table))).toEqual([]);
        expect(nftLines(dump, table).size).toBeGreaterThan(50);
      }
      expect(rangeText(ipv6!.network, ipv6!.network.podCidr)).toBe("fd00:10:244::/56");
      expect(rangeText(ipv6!.network, ipv6!.network.serviceCidr)).toBe("fd00:10:96::/108");
      expect(ipv6!.network.nodeAddresses.map((one) => addressText(ipv6!.network, one))).toEqual([
        "2001:db8::10",
      ]);
      expect(report.join("\n")).not.toMatch(/not understood|left out/);
    },
  );

  it.each(KUBE_PROXY_VERSIONS)("keep all service ranges, as kube-proxy %s wrote them", (version) => {
    const dump = read(`${KUBE_PROXY_RELEASES[version]}/dual-ranges/nftables.nft`);
    const { cluster, ipv6, report } = importCluster(dump);
    const file = [...writeCluster({ ipv4: cluster, ipv6: ipv6! })].join("");
    const back = parseClusterFile(file) as DualStack;
    const options = { ...importedOptions(cluster), kubeProxy: version };
    for (const [table, part] of [
      ["ip kube-proxy", back.ipv4],
      ["ip6 kube-proxy", back.ipv6],
    ] as const) {
      const written = [...EXPORTS.find(({ id }) => id === "nft")!.write(part, options)].join("");
      expect(ruleDifferences(nftLines(dump, table), nftLines(written, table))).toEqual([]);
    }
    expect(serviceRangesText(back.ipv4.network)).toBe("10.96.0.0/12, 10.200.0.0/24");
    expect(serviceRangesText(back.ipv6.network)).toBe("fd00:10:96::/108, fd00:10:97::/112, fd00:10:98::/112");
    expect(report.join("\n")).not.toMatch(/not understood|left out/);
  });

  it.each([["ip6 table alone", (dump: string) => dump.slice(dump.indexOf("table ip6 kube-proxy"))]])(
    "are those of IPv6 where the %s is given, with what the user says of its network",
    (_name, part) => {
      const { cluster, ipv6 } = importCluster(part(read("1.36.3/dual/nftables.nft")), {
        podRange: parseRawCidr("fd00:10:244::/48")!,
        nodeAddresses: [parseIpv6("2001:db8::77")!],
      });
      expect(ipv6).toBeUndefined();
      expect(cluster.services).toBe(9);
      expect(rangeText(cluster.network, cluster.network.podCidr)).toBe("fd00:10:244::/48");
      expect(addressText(cluster.network, cluster.network.nodeAddresses[0]!)).toBe("2001:db8::77");
    },
  );

  it.each(KUBE_PROXY_VERSIONS)("are written again as kube-proxy %s wrote them in IPVS mode", (version) => {
    const folder = `${KUBE_PROXY_RELEASES[version]}/dual`;
    const files = ["ipvsadm", "ipset", "iptables.save", "ip6tables.save"].map((file) =>
      read(`${folder}/ipvs.${file}`),
    );
    const [servers = "", sets = "", save = "", six = ""] = files;
    const { cluster, ipv6, report } = importCluster(files);
    const both = (id: string) =>
      [
        ...EXPORTS.find((one) => one.id === id)!.writeBoth!(
          { ipv4: cluster, ipv6: ipv6! },
          importedOptions(cluster),
        ),
      ].join("");
    expect({
      servers: ruleDifferences(ipvsadmLines(servers), ipvsadmLines(both("ipvsadm"))),
      sets: ruleDifferences(ipsetLines(sets), ipsetLines(both("ipset"))),
      ipv4: ruleDifferences(iptablesLines(save), iptablesLines(exported(cluster, "ipvs-iptables"))),
      ipv6: ruleDifferences(iptablesLines(six), iptablesLines(exported(ipv6!, "ipvs-iptables"))),
    }).toEqual({ servers: [], sets: [], ipv4: [], ipv6: [] });
    expect(report.join("\n")).not.toMatch(/not understood|left out: \d+ virtual/);
  });

  it("are those of IPv6 alone where only these are given", () => {
    const { cluster, ipv6, nodeList } = importCluster(read("1.37.2/dual/ip6tables.save"));
    expect([ipv6, nodeList !== undefined]).toEqual([undefined, true]);
    expect(addressText(cluster.network, cluster.clusterIp[0]!)).toMatch(/^fd00:10:96::/);
    expect(cluster.services).toBe(9);
  });
});

describe("Cilium's maps of both families, imported", () => {
  const DUMP = gunzipSync(
    readFileSync(new URL("../../test/data/cilium/dual.json.gz", import.meta.url)),
  ).toString();
  /** Service-ports by cluster IP, with their endpoints. */
  const served = ({ cluster, ipv6 }: Imported) =>
    [cluster, ipv6!].flatMap((one) =>
      Array.from({ length: one.servicePorts }, (_, p) => {
        const rows = Array.from(
          { length: one.endpointStart[p + 1]! - one.endpointStart[p]! },
          (_unused, i) => one.endpointStart[p]! + i,
        );
        const at = socketText(one.network, one.clusterIp[one.service[p]!]!, one.port[p]!);
        return `${at} ${rows
          .map((row) => endpointText(one, row))
          .sort()
          .join(" ")}`.trim();
      }).sort(),
    );

  it("are one cluster, as Cilium 1.20.2 wrote them", () => {
    const maps = importCluster(DUMP);
    expect(served(maps)).toContain("[fd00:10:96::101]:80 [fd00:10:244:1::1]:8080 [fd00:10:244::1]:8080");
    expect([maps.cluster.services, maps.ipv6!.services]).toEqual([7, 9]);
    const { network, rangeBase, rangePrefixLength } = maps.ipv6!;
    expect(network.nodeAddresses.map((one) => addressText(network, one))).toEqual(["2001:db8::10"]);
    const ranges = Array.from(rangeBase, (base, i) => ({ base, prefixLength: rangePrefixLength[i]! }));
    expect(ranges.map((range) => rangeText(network, range))).toEqual(["2001:db8:1::/48"]);
  });

  it("hold the same Services as cilium bpf lb list prints of them, and as we write them", () => {
    const maps = importCluster(DUMP);
    expect(served(importCluster(lbListOf(DUMP)))).toEqual(served(maps));
    const both = EXPORTS.find(({ id }) => id === "cilium")!.writeBoth!({
      ipv4: maps.cluster,
      ipv6: maps.ipv6!,
    });
    expect(served(importCluster([...both].join("")))).toEqual(served(maps));
  });
});

/** As cilium-dbg/cmd/bpf_lb_list.go (dumpSVC) prints the maps of both families. */
function lbListOf(dump: string): string {
  const maps = JSON.parse(dump) as Record<string, { key: string[]; value: string[] }[]>;
  const bytes = (hex: string[]) => Buffer.from(hex.map(Number));
  const lines = ["SERVICE ADDRESS   BACKEND ADDRESS (REVNAT_ID) (SLOT)"];
  for (const [family, wide] of [
    [4, 4],
    [6, 16],
  ] as const) {
    const socket = (at: Buffer, protocol: number) => {
      const host =
        family === 4
          ? [...at.subarray(0, 4)].join(".")
          : `[${formatIpv6((at.readBigUInt64BE(0) << 64n) | at.readBigUInt64BE(8))}]`;
      const name = { 0: "ANY", 6: "TCP", 17: "UDP" }[protocol];
      return `${host}:${at.readUInt16BE(wide)}/${name}`;
    };
    const backends = new Map(
      maps[`cilium_lb${family}_backends_v3`]!.map(({ key, value }) => {
        const to = bytes(value);
        return [bytes(key).readUInt32LE(0), socket(to, to[wide + 2]!)] as const;
      }),
    );
    for (const entry of maps[`cilium_lb${family}_services_v2`]!) {
      const [key, value] = [bytes(entry.key), bytes(entry.value)];
      const slot = key.readUInt16LE(wide + 2);
      const at = `${socket(key, key[wide + 4]!)}${key[wide + 5] === 1 ? "/i" : ""} (${slot})`;
      const kinds = Object.entries({
        NodePort: FLAGS.nodePort,
        LoadBalancer: FLAGS.loadBalancer,
        ExternalIPs: FLAGS.externalIp,
      });
      const kind = kinds.find(([, bit]) => (value[8]! & bit) !== 0)?.[0] ?? "ClusterIP";
      const of = `(${value.readUInt16BE(6)}) (${slot})`;
      const to = slot === 0 ? (family === 4 ? "0.0.0.0:0" : "[::]:0") : backends.get(value.readUInt32LE(0));
      lines.push(`${at}   ${to} ${of}${slot === 0 ? ` [${kind}]` : ""}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
