import { describe, expect, it } from "vitest";
import { buildCluster } from "./build.js";
import { type Cluster, formatAddress, parseAddress, parseCidr, TCP } from "./cluster.js";
import { generateCoverageFlows } from "./coverage-flows.js";
import { clusterDigest } from "./digest.js";
import { rangeText } from "./family.js";
import { generateCluster } from "./generate.js";
import { growCluster } from "./grow.js";
import { inferIpv6 } from "./infer-ipv6.js";
import { inferNetwork } from "./infer-network.js";
import { parseCidr6, parseIpv6 } from "./ipv6.js";
import { parseCluster, writeCluster } from "./json.js";
import { DEFAULT_NETWORK } from "./network.js";
import { withNodeFacts } from "./node-facts.js";
import { parseRawCidr } from "./raw-addresses.js";
import {
  countServiceAddresses,
  freeServiceAddress,
  inServiceRanges,
  serviceCidrsOf,
  serviceRangesText,
} from "./service-ranges.js";

const range = (text: string) => parseCidr(text)!;
const address = (text: string) => parseAddress(text)!;

/** A cluster whose Services have these addresses. */
function cluster(ranges: readonly string[], clusterIps: readonly string[] = ["10.96.0.1"]): Cluster {
  const [serviceCidr, ...moreServiceCidrs] = ranges.map(range);
  const ports = [{ protocol: TCP, port: 80, endpoints: [] }];
  return buildCluster(
    clusterIps.map((ip, s) => ({ name: `shop/svc-${s}`, clusterIp: address(ip), ports })),
    {
      ...DEFAULT_NETWORK,
      serviceCidr: serviceCidr!,
      ...(moreServiceCidrs.length > 0 && { moreServiceCidrs }),
    },
    { kind: "imported", format: "kubernetes", parameters: {} },
  );
}

/** Services of IPv6 in these ranges. */
function ipv6(...ranges: string[]): Cluster {
  const clusterIps = ranges.map((text) => parseCidr6(text)!.base + 5n);
  const pods = [parseIpv6("fd00:10:244::1")!];
  const [serviceCidr, ...moreServiceCidrs] = ranges.map((text) => parseCidr6(text)!);
  const found = inferIpv6({ clusterIps, pods, sourceRanges: [], serviceCidr, moreServiceCidrs });
  const records = clusterIps.map((ip, s) => ({
    name: `shop/svc-${s}`,
    clusterIp: found.plan.number(ip),
    ports: [{ protocol: TCP, port: 80, endpoints: [{ address: found.plan.number(pods[0]!), port: 80 }] }],
  }));
  const network = inferNetwork(records, { ...found, ipv6: found });
  return buildCluster(records, network, { kind: "imported", format: "kubernetes", parameters: {} });
}

const write = (one: Cluster) => [...writeCluster(one)].join("");
const IPV6_RANGES = ["fd00:10:96::/108", "fd00:10:97::/112", "fd00:ab::/64"];

describe("several service ranges", () => {
  it("hold an address that one of them holds", () => {
    const { network } = cluster(["10.96.0.0/12", "10.200.0.0/24"]);
    const isInside = (text: string) => inServiceRanges(network, address(text));
    expect(["10.96.0.9", "10.200.0.9", "10.200.1.9"].map(isInside)).toEqual([true, true, false]);
    expect(inServiceRanges(DEFAULT_NETWORK, address("10.200.0.9"))).toBe(false);
  });

  it("have as many addresses as all of them, those of two once", () => {
    const count = (...ranges: string[]) => countServiceAddresses(cluster(ranges).network);
    expect(count("10.96.0.0/24")).toBe(256);
    expect(count("10.96.0.0/24", "10.200.0.0/24")).toBe(512);
    expect(count("10.96.0.0/24", "10.96.0.0/20", "10.96.0.0/24")).toBe(4096);
    expect(countServiceAddresses(ipv6("fd00:10:97::/112", "fd00:10:98::/120").network)).toBe(65_792);
  });

  it("have a free address while one of them has", () => {
    const free = (ranges: string[], taken: string[]) => {
      const found = freeServiceAddress(cluster(ranges, taken));
      return found === undefined ? undefined : formatAddress(found);
    };
    const full = ["10.96.0.1", "10.96.0.2"];
    expect(free(["10.96.0.0/30"], ["10.96.0.1"])).toBe("10.96.0.2");
    expect(free(["10.96.0.0/30"], full)).toBeUndefined();
    expect(free(["10.96.0.0/30", "10.200.0.0/30"], full)).toBe("10.200.0.1");
  });

  it("stand in a cluster file next to the first, which an older lbscale reads alone", () => {
    const one = cluster(["10.96.0.0/12"]);
    expect(write(one)).not.toContain("more");
    const two = cluster(["10.96.0.0/12", "10.200.0.0/24"]);
    expect(write(two)).toContain('"serviceCidr":"10.96.0.0/12","moreServiceCidrs":["10.200.0.0/24"],');
    const back = parseCluster(write(two));
    expect(back.network).toEqual(two.network);
    expect(clusterDigest(back)).toBe(clusterDigest(two));
    expect(clusterDigest(two)).not.toBe(clusterDigest(one));
  });

  it("of IPv6 are written and read, and moved with another pod range", () => {
    const one = ipv6(...IPV6_RANGES);
    const text = (of: Cluster) => serviceCidrsOf(of.network).map((each) => rangeText(of.network, each));
    expect(text(one)).toEqual(IPV6_RANGES);
    const back = parseCluster(write(one));
    expect(text(back)).toEqual(IPV6_RANGES);
    expect(clusterDigest(back)).toBe(clusterDigest(one));
    expect(clusterDigest(ipv6(...IPV6_RANGES.slice(0, 2)))).not.toBe(clusterDigest(one));
    const moved = withNodeFacts(one, { podRanges: [parseRawCidr("fd77::/56")!] });
    expect(text(moved)).toEqual(IPV6_RANGES);
    expect([...moved.clusterIp].every((ip) => inServiceRanges(moved.network, ip))).toBe(true);
    expect(serviceRangesText(moved.network)).toBe(IPV6_RANGES.join(", "));
  });

  it("of the other family are refused, with their place", () => {
    const text = write(cluster(["10.96.0.0/12", "10.200.0.0/24"]));
    expect(() => parseCluster(text.replace("10.200.0.0/24", "fd00::/108"))).toThrow(
      /^cluster file: network\.moreServiceCidrs\[0\]: expected an IPv4 address/,
    );
  });

  it("are filled one after the other where a cluster grows, and named where all are full", () => {
    const small = cluster(["10.96.0.0/30", "10.200.0.0/29", "10.200.0.0/28"]);
    const grown = growCluster(small, 14);
    const last = [...grown.clusterIp].map((ip) => formatAddress(ip).split(".").slice(1).join("."));
    expect(last.slice(0, 3)).toEqual(["96.0.1", "96.0.2", "200.0.1"]);
    expect(last.slice(8)).toEqual(["200.0.8", "200.0.9", "200.0.10", "200.0.11", "200.0.12", "200.0.13"]);
    expect(new Set(last).size).toBe(14);
    expect(() => growCluster(small, 16)).toThrow(
      "10.96.0.0/30, 10.200.0.0/29, 10.200.0.0/28 has no room for more Services: ask for fewer",
    );
  });

  it("are all asked for addresses that no Service has, and one range as before", () => {
    const two = cluster(["10.96.0.0/12", "10.200.0.0/24", "10.201.0.7/32"]);
    const { words, length } = generateCoverageFlows(two, 4_000, 1);
    const asked = Array.from({ length }, (_, i) => formatAddress(words[4 * i + 1]! >>> 0));
    for (const part of [/^10\.(9[6-9]|10\d|11[01])\./, /^10\.200\.0\./, /^10\.201\.0\.7$/])
      expect(asked.filter((ip) => part.test(ip)).length).toBeGreaterThan(10);
    const plain = generateCluster({ services: 5, seed: 1 });
    const flows = (of: Cluster) => generateCoverageFlows(of, 500, 1).words;
    expect(flows({ ...plain, network: { ...plain.network, moreServiceCidrs: [] } })).toEqual(flows(plain));
  });
});
