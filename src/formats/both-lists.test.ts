import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EXTERNAL_AND_INGRESS_IP } from "../cluster/cluster.js";
import { familiesOf } from "../cluster/family.js";
import { importKubernetes } from "../kubernetes/import.js";
import {
  ipsetLines,
  iptablesLines,
  ipvsadmLines,
  nftLines,
  ruleDifferences,
} from "../planes/shared/rules-as-sets.js";
import { importCluster } from "./detect.js";
import { EXPORTS } from "./export.js";

const OBJECTS = readFileSync("test/data/kube-proxy/clusters/both-lists.json", "utf8");
const POD_RANGE = [{ base: 0x0af40000, prefixLength: 16 }];
const { cluster } = importKubernetes(OBJECTS, {
  node: "me",
  podRange: [{ base: 0x0af40000n, prefixLength: 16 }],
});

const exported = (of: typeof cluster, format: string): string =>
  [...EXPORTS.find(({ id }) => id === format)!.write(of, {})].join("");
const linesAbout = (text: string, address: string): string[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("-A") && line.includes(` ${address}/32 `))
    .map((line) =>
      line.replace(/^.*--comment "([^"]*)".* -j ([A-Z-]+?)(?:-[A-Z2-7]{16})?(?: .*)?$/, "$1 → $2"),
    );

describe("an external IP that is a load balancer's address too", () => {
  const iptables = exported(cluster, "iptables");

  it("has a rule for each in iptables, the one without source ranges first", () => {
    expect(linesAbout(iptables, "203.0.113.22")).toEqual([
      "ns1/ranged:p external IP → KUBE-EXT",
      "ns1/ranged:p loadbalancer IP → KUBE-FW",
      expect.stringMatching(/^ns1\/ranged:p traffic not accepted by KUBE-FW-\S+ → DROP$/),
    ]);
  });

  it("is refused twice in iptables where there is no endpoint", () => {
    expect(linesAbout(iptables, "203.0.113.32")).toEqual([
      "ns1/open-empty:p has no endpoints → REJECT",
      "ns1/open-empty:p has no endpoints → REJECT",
    ]);
  });

  // How many lines kube-proxy 1.34 to 1.37 were seen to write more than for an external IP alone.
  it.each([
    ["open", { iptables: 1, nft: 0 }],
    ["ranged", { iptables: 5, nft: 3 }],
  ])("adds so many lines to those of an external IP: %s, %j", (name, more) => {
    const list = JSON.parse(OBJECTS) as {
      items: { kind: string; metadata: { name: string }; status?: object }[];
    };
    const items = list.items.filter(
      ({ kind, metadata }) =>
        !/^(Service|EndpointSlice)$/.test(kind) || [name, `${name}-abcde`].includes(metadata.name),
    );
    const clusterOf = (status: object) =>
      importKubernetes(
        JSON.stringify({
          ...list,
          items: items.map((item) => (item.kind === "Service" ? { ...item, ...status } : item)),
        }),
        { node: "me", podRange: POD_RANGE },
      ).cluster;
    const [alone, both] = [clusterOf({ status: { loadBalancer: {} } }), clusterOf({})];
    const added = (format: string, linesOf: (text: string) => Set<string>) =>
      ruleDifferences(linesOf(exported(alone, format)), linesOf(exported(both, format)));
    const [iptables, nft] = [added("iptables", iptablesLines), added("nft", nftLines)];
    expect({ iptables: iptables.length, nft: nft.length }).toEqual(more);
    for (const line of [...iptables, ...nft]) expect(line).toMatch(/^\+ /);
  });

  it("is both again when the rules of iptables mode are imported", () => {
    const { cluster: read } = importCluster([iptables]);
    const both = ({ externalAddress, externalKind }: typeof cluster) =>
      new Set(externalAddress.filter((_, x) => externalKind[x] === EXTERNAL_AND_INGRESS_IP));
    expect(both(familiesOf(read)[0])).toEqual(both(cluster));
    expect(ruleDifferences(iptablesLines(iptables), iptablesLines(exported(read, "iptables")))).toEqual([]);
  });

  it("has the same rules again when those of nftables and IPVS mode are imported", () => {
    const nft = exported(cluster, "nft");
    expect(ruleDifferences(nftLines(nft), nftLines(exported(importCluster([nft]).cluster, "nft")))).toEqual(
      [],
    );
    const ipvs = (["ipvsadm", "ipset", "ipvs-iptables"] as const).map((format) => exported(cluster, format));
    const { cluster: read } = importCluster(ipvs);
    const [ipvsadm, ipset, rules] = ipvs as [string, string, string];
    expect(ruleDifferences(ipvsadmLines(ipvsadm), ipvsadmLines(exported(read, "ipvsadm")))).toEqual([]);
    expect(ruleDifferences(ipsetLines(ipset), ipsetLines(exported(read, "ipset")))).toEqual([]);
    expect(ruleDifferences(iptablesLines(rules), iptablesLines(exported(read, "ipvs-iptables")))).toEqual([]);
  });
});
