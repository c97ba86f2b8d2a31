import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseCidr } from "../cluster/cluster.js";
import { importKubernetes } from "../kubernetes/import.js";
import { IptablesProgram } from "./iptables/program.js";
import { iptablesRestore } from "./iptables/ruleset.js";
import { IpvsProgram } from "./ipvs/program.js";
import { ipsetRestore, ipvsadmRestore, ipvsIptablesRestore } from "./ipvs/ruleset.js";
import { NftablesProgram } from "./nftables/program.js";
import { nftTransactions } from "./nftables/ruleset.js";
import { KUBE_PROXY_VERSIONS } from "./plane.js";
import { KUBE_PROXY_RELEASES } from "./shared/kube-proxy.js";
import {
  ipsetLines,
  iptablesLines,
  ipvsadmLines,
  nftLines,
  ruleDifferences,
} from "./shared/rules-as-sets.js";

const FOLDER = new URL("../../test/data/kube-proxy/shared-cluster/", import.meta.url);
const read = (name: string) => readFileSync(fileURLToPath(new URL(name, FOLDER)), "utf8");

const { cluster } = importKubernetes(read("objects.list.json"), {
  node: "me",
  podRange: parseCidr("10.244.0.0/16"),
});
const text = (chunks: Iterable<string>) => [...chunks].join("");

describe("what is exported of a cluster with Services of all kinds", () => {
  it.each(KUBE_PROXY_VERSIONS)("is what kube-proxy %s wrote with iptables", (kubeProxy) => {
    const recorded = read(`${KUBE_PROXY_RELEASES[kubeProxy]}/iptables.save`);
    const exported = text(iptablesRestore(new IptablesProgram(cluster, { kubeProxy })));
    expect(ruleDifferences(iptablesLines(recorded), iptablesLines(exported))).toEqual([]);
  });

  it.each(KUBE_PROXY_VERSIONS)("is what kube-proxy %s wrote with nft", (kubeProxy) => {
    const recorded = read(`${KUBE_PROXY_RELEASES[kubeProxy]}/nftables.nft`);
    const exported = text(nftTransactions(new NftablesProgram(cluster, { kubeProxy })));
    expect(ruleDifferences(nftLines(recorded), nftLines(exported))).toEqual([]);
  });

  it("is what kube-proxy 1.36 wrote of virtual services", () => {
    const exported = text(ipvsadmRestore(new IpvsProgram(cluster, { kubeProxy: "1.36" })));
    expect(ruleDifferences(ipvsadmLines(read("1.36.3/ipvs.ipvsadm")), ipvsadmLines(exported))).toEqual([]);
  });

  it("is what kube-proxy 1.36 wrote of ipsets", () => {
    const exported = text(ipsetRestore(new IpvsProgram(cluster, { kubeProxy: "1.36" })));
    expect(ruleDifferences(ipsetLines(read("1.36.3/ipvs.ipset")), ipsetLines(exported))).toEqual([]);
  });

  it("is what kube-proxy 1.36 wrote with iptables next to IPVS", () => {
    const exported = ipvsIptablesRestore(new IpvsProgram(cluster, { kubeProxy: "1.36" }));
    expect(ruleDifferences(iptablesLines(read("1.36.3/ipvs.save")), iptablesLines(exported))).toEqual([]);
  });
});
