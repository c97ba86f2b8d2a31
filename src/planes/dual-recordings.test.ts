import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseRawCidr } from "../cluster/raw-addresses.js";
import { importKubernetes } from "../kubernetes/import.js";
import { IptablesProgram } from "./iptables/program.js";
import { iptablesRestore } from "./iptables/ruleset.js";
import { IpvsProgram } from "./ipvs/program.js";
import { ipsetRestore, ipvsadmRestore, ipvsIptablesRestore } from "./ipvs/ruleset.js";
import { KUBE_PROXY_RELEASES } from "./kube-proxy-versions.js";
import { NftablesProgram } from "./nftables/program.js";
import { nftTransactions } from "./nftables/ruleset.js";
import { KUBE_PROXY_VERSIONS } from "./plane.js";
import {
  ipsetLines,
  iptablesLines,
  ipvsadmLines,
  nftLines,
  ruleDifferences,
} from "./shared/rules-as-sets.js";

const FOLDER = new URL("../../test/data/kube-proxy/", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, FOLDER), "utf8");
const { cluster: ipv4, ipv6 } = importKubernetes(read("clusters/dual.json"), {
  node: "me",
  podRange: ["10.244.0.0/16", "fd00:10:244::/56"].map((text) => parseRawCidr(text)!),
});
const FAMILIES = [
  ["IPv4", ipv4, "iptables.save", "ip kube-proxy"],
  ["IPv6", ipv6!.cluster, "ip6tables.save", "ip6 kube-proxy"],
] as const;

describe.each(FAMILIES)("the %s part of a dual-stack cluster", (_family, cluster, save, table) => {
  it.each(KUBE_PROXY_VERSIONS)("has the rules of kube-proxy %s in iptables mode", (kubeProxy) => {
    const recorded = read(`${KUBE_PROXY_RELEASES[kubeProxy]}/dual/${save}`);
    const exported = [...iptablesRestore(new IptablesProgram(cluster, { kubeProxy }))].join("");
    expect(ruleDifferences(iptablesLines(recorded), iptablesLines(exported))).toEqual([]);
  });

  it.each(KUBE_PROXY_VERSIONS)("has the rules of kube-proxy %s in nftables mode", (kubeProxy) => {
    const recorded = read(`${KUBE_PROXY_RELEASES[kubeProxy]}/dual/nftables.nft`);
    const exported = [...nftTransactions(new NftablesProgram(cluster, { kubeProxy }))].join("");
    expect(ruleDifferences(nftLines(recorded, table), nftLines(exported, table))).toEqual([]);
    expect(nftLines(recorded, table).size).toBeGreaterThan(50);
  });

  it.each(KUBE_PROXY_VERSIONS)("has the rules of kube-proxy %s next to IPVS", (kubeProxy) => {
    const recorded = read(`${KUBE_PROXY_RELEASES[kubeProxy]}/dual/ipvs.${save}`);
    const exported = ipvsIptablesRestore(new IpvsProgram(cluster, { kubeProxy }));
    expect(ruleDifferences(iptablesLines(recorded), iptablesLines(exported))).toEqual([]);
  });
});

describe("both families of a dual-stack cluster", () => {
  it.each(KUBE_PROXY_VERSIONS)(
    "have the virtual services and sets of kube-proxy %s in IPVS mode",
    (kubeProxy) => {
      const folder = `${KUBE_PROXY_RELEASES[kubeProxy]}/dual`;
      const programs = FAMILIES.map(([, cluster]) => new IpvsProgram(cluster, { kubeProxy }));
      const servers = programs.map((program) => [...ipvsadmRestore(program)].join("")).join("");
      const sets = [...ipsetRestore(...programs)].join("");
      expect(ruleDifferences(ipvsadmLines(read(`${folder}/ipvs.ipvsadm`)), ipvsadmLines(servers))).toEqual(
        [],
      );
      expect(ruleDifferences(ipsetLines(read(`${folder}/ipvs.ipset`)), ipsetLines(sets))).toEqual([]);
    },
  );
});
