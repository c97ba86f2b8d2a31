import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import fc from "../../test/support/properties.js";
import type { Cluster } from "../cluster/cluster.js";
import { clusterDigest } from "../cluster/digest.js";
import { addressText, type DualStack, endpointText, rangeText } from "../cluster/family.js";
import { generateCluster, MIXED } from "../cluster/generate.js";
import { parseClusterFile, writeCluster } from "../cluster/json.js";
import { parseRawCidr } from "../cluster/raw-addresses.js";
import { type Imported, importCluster } from "../formats/detect.js";
import { kubernetesList } from "./export.js";

const OBJECTS = readFileSync(
  new URL("../../test/data/kube-proxy/clusters/dual.json", import.meta.url),
  "utf8",
);
const POD_RANGES = ["10.244.0.0/16", "fd00:10:244::/56"].map((text) => parseRawCidr(text)!);
const imported = importCluster(OBJECTS, { node: "me", podRange: POD_RANGES });

const names = (cluster: Cluster) =>
  Array.from({ length: cluster.services }, (_, s) => cluster.serviceName(s));
const endpointsOf = (cluster: Cluster, name: string) => {
  const s = names(cluster).indexOf(name);
  const [p, end] = [cluster.portStart[s]!, cluster.portStart[s + 1]!];
  return Array.from({ length: cluster.endpointStart[end]! - cluster.endpointStart[p]! }, (_, i) =>
    endpointText(cluster, cluster.endpointStart[p]! + i),
  );
};

/** All that the columns say, with addresses as text. */
function told(cluster: Cluster) {
  const { network } = cluster;
  const text = (column: Uint32Array) => Array.from(column, (one) => addressText(network, one));
  const endpoints = Array.from({ length: cluster.endpoints }, (_, e) => endpointText(cluster, e));
  return {
    names: names(cluster),
    clusterIp: text(cluster.clusterIp),
    externals: text(cluster.externalAddress),
    endpoints,
    ranges: Array.from(cluster.rangeBase, (base, r) =>
      rangeText(network, { base, prefixLength: cluster.rangePrefixLength[r]! }),
    ),
    nodePort: [...cluster.nodePort],
    local: [...cluster.endpointLocal],
    policies: [[...cluster.internalLocal], [...cluster.externalLocal], [...cluster.affinitySeconds]],
  };
}

const both = ({ cluster, ipv6 }: Imported): DualStack => ({ ipv4: cluster, ipv6: ipv6! });

describe("Kubernetes objects of both families", () => {
  it("are two parts, each with the Services of its family", () => {
    const { cluster, ipv6 } = imported;
    expect(names(cluster)).not.toContain("dual/six");
    expect(names(ipv6!)).not.toContain("dual/four");
    expect(names(ipv6!)).toEqual(expect.arrayContaining(["dual/both", "dual/six", "dual/six-first"]));
    expect(names(cluster)).toEqual(expect.arrayContaining(["dual/both", "dual/four", "dual/six-first"]));
  });

  it("keep addresses, ranges and the node's addresses of IPv6", () => {
    const { network, clusterIp } = imported.ipv6!;
    const s = names(imported.ipv6!).indexOf("dual/both");
    expect(addressText(network, clusterIp[s]!)).toBe("fd00:10:96::101");
    expect(endpointsOf(imported.ipv6!, "dual/both")).toEqual([
      "[fd00:10:244::1]:8080",
      "[fd00:10:244:1::1]:8080",
    ]);
    expect(rangeText(network, network.podCidr)).toBe("fd00:10:244::/56");
    expect(network.nodeAddresses.map((one) => addressText(network, one))).toEqual(["2001:db8::10"]);
    expect(told(imported.ipv6!).ranges).toEqual(["2001:db8:1::/48"]);
    expect(told(imported.ipv6!).externals.toSorted()).toEqual(["2001:db8:ffff::108", "2001:db8:ffff::9"]);
  });

  it("are one file, which reads back the same", () => {
    const text = [...writeCluster(both(imported))].join("");
    const back = parseClusterFile(text) as DualStack;
    expect(told(back.ipv4)).toEqual(told(imported.cluster));
    expect(told(back.ipv6)).toEqual(told(imported.ipv6!));
    expect(clusterDigest(back.ipv6)).toBe(clusterDigest(imported.ipv6!));
    expect(clusterDigest(back.ipv4)).toBe(clusterDigest(imported.cluster));
  });

  it("are exported as one object per Service, and imported again as they were", () => {
    const text = [...kubernetesList(both(imported))].join("");
    const items: readonly { kind: string; metadata: { name: string }; spec: { ipFamilies: string[] } }[] =
      JSON.parse(text).items;
    const services = items.filter(({ kind }) => kind === "Service");
    expect(services.find(({ metadata }) => metadata.name === "both")!.spec.ipFamilies).toEqual([
      "IPv4",
      "IPv6",
    ]);
    expect(new Set(services.map(({ metadata }) => metadata.name)).size).toBe(services.length);
    const back = importCluster(text, { podRange: POD_RANGES });
    expect(told(back.cluster)).toEqual(told(imported.cluster));
    const inOrder = (cluster: Cluster) => {
      const { names, clusterIp } = told(cluster);
      return names.map((name, s) => `${name} ${clusterIp[s]} ${endpointsOf(cluster, name)}`).sort();
    };
    expect(inOrder(back.ipv6!)).toEqual(inOrder(imported.ipv6!));
  });

  it("give one family where one is asked for", () => {
    const { cluster, ipv6 } = importCluster(OBJECTS, { node: "me", family: 6 });
    expect(ipv6).toBeUndefined();
    expect(names(cluster)).toContain("dual/six");
    const text = [...writeCluster(imported.cluster)].join("");
    expect(() => importCluster(text, { family: 6 })).toThrow(/holds no Service of IPv6/);
  });
});

describe("a generated cluster of IPv6", () => {
  it("has the choices of the one of IPv4, in other addresses", () => {
    const [ipv4, ipv6] = [4, 6].map((family) =>
      generateCluster({ ...MIXED, services: 50, seed: 3, family: family as 4 | 6 }),
    ) as [Cluster, Cluster];
    expect(ipv6.clusterIp).toEqual(ipv4.clusterIp);
    expect(addressText(ipv6.network, ipv6.clusterIp[0]!)).toMatch(/^fd00:10:96::/);
    expect(clusterDigest(ipv6)).not.toBe(clusterDigest(ipv4));
  });

  it("goes to a file or to objects, and comes back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), (services, seed) => {
        const cluster = generateCluster({ ...MIXED, services, seed, family: 6 });
        const back = parseClusterFile([...writeCluster(cluster)].join("")) as Cluster;
        expect(told(back)).toEqual(told(cluster));
        expect(clusterDigest(back)).toBe(clusterDigest(cluster));
        const { cluster: objects } = importCluster([...kubernetesList(cluster)].join(""));
        expect(told(objects)).toEqual(told(cluster));
      }),
      { numRuns: 20 },
    );
  });
});
