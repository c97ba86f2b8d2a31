import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseCidr } from "../cluster/cluster.js";
import { importKubernetes } from "../kubernetes/import.js";
import { IptablesProgram } from "./iptables/program.js";
import { iptablesRestore } from "./iptables/ruleset.js";
import { KUBE_PROXY_RELEASES } from "./kube-proxy-versions.js";
import { NftablesProgram } from "./nftables/program.js";
import { nftTransactions } from "./nftables/ruleset.js";
import { KUBE_PROXY_VERSIONS, type PlaneOptions } from "./plane.js";
import { iptablesLines, nftLines, ruleDifferences } from "./shared/rules-as-sets.js";

const FOLDER = new URL("../../test/data/kube-proxy/", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, FOLDER), "utf8");
const { cluster } = importKubernetes(read("clusters/kinds.json"), {
  node: "me",
  podRange: parseCidr("10.244.0.0/16"),
});

const RECORDED: readonly (readonly [name: string, options: PlaneOptions])[] = [
  ["no-pod-range", { podDetector: false }],
  ["masquerade-all", { masqueradeAll: true }],
  ["nodeport-addresses-all", { nodePortAddresses: [parseCidr("0.0.0.0/0")!] }],
  ["nodeport-addresses-range", { nodePortAddresses: [parseCidr("192.0.2.0/24")!] }],
  ["no-localhost-nodeports", { localhostNodePorts: false }],
];

describe("rules under an option of kube-proxy", () => {
  it.each(RECORDED)("are those of the recording %s, in every version", (name, options) => {
    for (const kubeProxy of KUBE_PROXY_VERSIONS) {
      const all = { ...options, kubeProxy };
      const folder = `${KUBE_PROXY_RELEASES[kubeProxy]}/${name}`;
      const nft = [...nftTransactions(new NftablesProgram(cluster, all))].join("");
      const iptables = [...iptablesRestore(new IptablesProgram(cluster, all))].join("");
      const found = {
        nftables: ruleDifferences(nftLines(read(`${folder}/nftables.nft`)), nftLines(nft)),
        iptables: ruleDifferences(iptablesLines(read(`${folder}/iptables.save`)), iptablesLines(iptables)),
      };
      expect({ kubeProxy, ...found }).toEqual({ kubeProxy, nftables: [], iptables: [] });
    }
  });
});
