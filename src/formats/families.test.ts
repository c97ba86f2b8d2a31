import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Cluster } from "../cluster/cluster.js";
import { addressText, type DualStack, rangeText } from "../cluster/family.js";
import { parseClusterFile, writeCluster } from "../cluster/json.js";
import { importedOptions } from "../planes/imported-options.js";
import { KUBE_PROXY_RELEASES } from "../planes/kube-proxy-versions.js";
import { KUBE_PROXY_VERSIONS } from "../planes/plane.js";
import { iptablesLines, ruleDifferences } from "../planes/shared/rules-as-sets.js";
import { importCluster } from "./detect.js";
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

  it("are those of IPv6 alone where only these are given", () => {
    const { cluster, ipv6, nodeList } = importCluster(read("1.37.2/dual/ip6tables.save"));
    expect([ipv6, nodeList !== undefined]).toEqual([undefined, true]);
    expect(addressText(cluster.network, cluster.clusterIp[0]!)).toMatch(/^fd00:10:96::/);
    expect(cluster.services).toBe(9);
  });
});
