import { existsSync, readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type Cluster, formatAddress, formatCidr } from "../cluster/cluster.js";
import { parseCluster, writeCluster } from "../cluster/json.js";
import { importedOptions } from "../planes/imported-options.js";
import { KUBE_PROXY_RELEASES } from "../planes/kube-proxy-versions.js";
import { KUBE_PROXY_VERSIONS, type PlaneOptions } from "../planes/plane.js";
import {
  ipsetLines,
  iptablesLines,
  ipvsadmLines,
  nftLines,
  ruleDifferences,
} from "../planes/shared/rules-as-sets.js";
import { importCluster } from "./detect.js";
import { EXPORTS } from "./export.js";

const FOLDER = new URL("../../test/data/kube-proxy/", import.meta.url);

/** A recorded file, compressed or not; undefined where there is none. */
function recorded(path: string): string | undefined {
  const [plain, compressed] = [new URL(path, FOLDER), new URL(`${path}.gz`, FOLDER)];
  if (existsSync(plain)) return readFileSync(plain, "utf8");
  return existsSync(compressed) ? gunzipSync(readFileSync(compressed)).toString() : undefined;
}

/** What an import read, as its file keeps it, exported again. */
function exported(cluster: Cluster, format: string): string {
  const kept = parseCluster([...writeCluster(cluster)].join(""));
  const { write } = EXPORTS.find(({ id }) => id === format)!;
  return [...write(kept, importedOptions(kept))].join("");
}

/** Flags that each cluster was recorded with, where they show. */
const FLAGS: Readonly<Record<string, PlaneOptions>> = {
  "no-pod-range": { podDetector: false },
  "masquerade-all": { masqueradeAll: true },
};
const EVERYWHERE = [{ base: 0, prefixLength: 0 }];
const NODE = { base: 0xc000020a, prefixLength: 32 };
const IPTABLES_FLAGS: Readonly<Record<string, PlaneOptions>> = {
  ...FLAGS,
  "nodeport-addresses-range": { nodePortAddresses: [NODE] },
  "no-localhost-nodeports": { localhostNodePorts: false },
};
const NFT_FLAGS: Readonly<Record<string, PlaneOptions>> = {
  ...FLAGS,
  "nodeport-addresses-all": { nodePortAddresses: EVERYWHERE },
};

const RECORDINGS = KUBE_PROXY_VERSIONS.flatMap((version) => {
  const release = KUBE_PROXY_RELEASES[version];
  return readdirSync(new URL(release, FOLDER)).map((name) => ({ version, name, path: `${release}/${name}` }));
});
const backends = ["iptables.save", "iptables-legacy.save"] as const;
const saves = RECORDINGS.flatMap((one) =>
  backends.filter((file) => recorded(`${one.path}/${file}`) !== undefined).map((file) => ({ ...one, file })),
);
/** Those of both families are in families.test.ts. */
const ipvs = RECORDINGS.filter(
  ({ name, path }) => name !== "dual" && recorded(`${path}/ipvs.ipvsadm`) !== undefined,
);

const podRangeOf = (name: string) => (name === "no-pod-range" ? undefined : "10.244.0.0/16");

describe("a recorded dump, imported and exported in its own format", () => {
  it("is there of every version and mode", () => {
    expect(new Set(RECORDINGS.map(({ version }) => version)).size).toBe(KUBE_PROXY_VERSIONS.length);
    expect([RECORDINGS.length, saves.length, ipvs.length]).toEqual([52, 54, 4]);
  });

  it.each(saves)("holds the same rules and facts of its node: $path, $file", ({ name, path, file }) => {
    const save = recorded(`${path}/${file}`)!;
    const ipv6 = recorded(`${path}/${file.replace("iptables", "ip6tables")}`)!;
    const { cluster, report } = importCluster([save, ipv6]);
    expect(ruleDifferences(iptablesLines(save), iptablesLines(exported(cluster, "iptables")))).toEqual([]);
    expect(importedOptions(cluster)).toEqual(IPTABLES_FLAGS[name] ?? {});
    const { podCidr, nodeAddresses } = cluster.network;
    if (podRangeOf(name) !== undefined) expect(formatCidr(podCidr)).toBe(podRangeOf(name));
    if (name === "nodeport-addresses-range") expect(nodeAddresses).toEqual([NODE.base]);
    const text = report.join("\n");
    expect(text).toMatch(/written by kube-proxy 1\.33 or newer/);
    expect(text).not.toMatch(/not understood|cut or filtered/);
  });

  it.each(RECORDINGS)("holds the same rules and facts of its node: $path, nftables.nft", (recording) => {
    const { version, name, path } = recording;
    const whole = recorded(`${path}/nftables.nft`)!;
    // Both families in one file, and in one each.
    for (const texts of [[whole], whole.split(/(?=^table ip6 )/m)]) {
      const { cluster, report } = importCluster(texts);
      expect(ruleDifferences(nftLines(whole), nftLines(exported(cluster, "nft")))).toEqual([]);
      const { kubeProxy, ...flags } = importedOptions(cluster);
      expect(flags).toEqual(NFT_FLAGS[name] ?? {});
      const { podCidr, serviceCidr, nodeAddresses } = cluster.network;
      expect(formatCidr(serviceCidr)).toBe("10.96.0.0/12");
      if (podRangeOf(name) !== undefined) expect(formatCidr(podCidr)).toBe(podRangeOf(name));
      if (name !== "nodeport-addresses-all")
        expect(nodeAddresses.map(formatAddress)).toEqual([formatAddress(NODE.base)]);
      const writer = report.find((line) => line.startsWith("written by kube-proxy"));
      expect(writer).toContain(version);
      const alike: readonly (string | undefined)[] = version < "1.36" ? ["1.35"] : [version, "1.37"];
      expect(alike).toContain(kubeProxy);
      expect(report.join("\n")).not.toContain("not understood");
    }
  });

  it.each(ipvs)("holds the same services, sets and rules: $path, IPVS", ({ path }) => {
    const [ipvsadm, ipset, save, ipv6] = ["ipvsadm", "ipset", "iptables.save", "ip6tables.save"].map(
      (file) => recorded(`${path}/ipvs.${file}`)!,
    ) as [string, string, string, string];
    const { cluster, report } = importCluster([ipvsadm, ipset, save, ipv6]);
    expect(cluster.network.nodeAddresses).toEqual([NODE.base]);
    expect(formatCidr(cluster.network.podCidr)).toBe("10.244.0.0/16");
    expect(report.join("\n")).toMatch(/written by a kube-proxy .*1\.34 to 1\.37/);
    expect({
      ipvsadm: ruleDifferences(ipvsadmLines(ipvsadm), ipvsadmLines(exported(cluster, "ipvsadm"))),
      ipset: ruleDifferences(ipsetLines(ipset), ipsetLines(exported(cluster, "ipset"))),
      iptables: ruleDifferences(iptablesLines(save), iptablesLines(exported(cluster, "ipvs-iptables"))),
    }).toEqual({ ipvsadm: [], ipset: [], iptables: [] });
  });
});
