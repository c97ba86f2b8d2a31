import { describe, expect, it } from "vitest";
import { buildCluster } from "../../cluster/build.js";
import { LOAD_BALANCER, parseAddress, parseCidr, TCP } from "../../cluster/cluster.js";
import { generateCluster } from "../../cluster/generate.js";
import { kubeProxySettings } from "../shared/kube-proxy.js";
import { nftables } from "./index.js";
import { chainBytes } from "./memory.js";
import { NftablesProgram } from "./program.js";
import { nftTransactions } from "./ruleset.js";
import { mapBucketBits } from "./structures/anonymous-maps.js";
import { rhashBuckets } from "./structures/rhashtable.js";
import { nftLayout } from "./version.js";

const constant = (services: number, count: number, extra = {}) =>
  generateCluster({ services, seed: 3, endpoints: { kind: "constant", count }, ...extra });

describe("the nftables program", () => {
  it("holds a chain without the masquerade test in fewer bytes", () => {
    const old = nftLayout(kubeProxySettings({ kubeProxy: "1.35" }));
    const exposed = constant(1, 2, { types: "nodePort", externalLocalShare: 1, localShare: 0 });
    const local = { ...exposed, endpointLocal: Uint8Array.of(1, 0) };
    // The local chain: 128 bytes, its blob of 26 words in 128, its map of one in 512, an element of 64.
    expect(chainBytes(local, old) - chainBytes(exposed, old)).toBe(128 + 128 + 512 + 64);
  });

  it("sizes its tables as the kernel does: 75 % load, and 4/3 for constant maps", () => {
    expect([0, 3, 4, 12, 13, 10_000].map(rhashBuckets)).toEqual([4, 4, 8, 16, 32, 16_384]);
    expect([1, 2, 3, 4, 100].map((size) => 2 ** mapBucketBits(size))).toEqual([1, 2, 4, 8, 256]);
  });
});

/** The rule of the firewall chain of a load balancer with these ranges. */
function firewallRule(...ranges: string[]): string | undefined {
  const { network, source } = generateCluster({
    services: 1,
    seed: 1,
    endpoints: { kind: "constant", count: 1 },
  });
  const cluster = buildCluster(
    [
      {
        name: "ns1/lb",
        clusterIp: parseAddress("172.30.0.41")!,
        type: LOAD_BALANCER,
        ingressIps: [parseAddress("198.18.0.1")!],
        sourceRanges: ranges.map((range) => parseCidr(range)!),
        ports: [
          { protocol: TCP, port: 80, endpoints: [{ address: parseAddress("10.244.0.5")!, port: 8080 }] },
        ],
      },
    ],
    network,
    source,
  );
  const program = nftables.compile(cluster, {});
  if (!(program instanceof NftablesProgram)) throw new TypeError("not nftables");
  return /ip saddr != .* drop$/m.exec([...nftTransactions(program)].join(""))?.[0];
}

it("nftables' firewall joins neighbouring ranges, as nft lists them", () => {
  // .0/25 and .128/25; three addresses in a row; a range alone.
  expect(firewallRule("203.0.113.0/25", "203.0.113.128/25", "198.51.100.1/32", "198.51.100.2/31")).toBe(
    "ip saddr != { 198.51.100.1-198.51.100.3, 203.0.113.0/24 } drop",
  );
  expect(firewallRule("203.0.113.2/32", "203.0.113.3/32")).toBe(
    "ip saddr != { 203.0.113.2/31, 203.0.113.2/31 } drop",
  );
});

it.each([
  [["10.96.0.0/12"], "10.96.0.0/12"],
  [["10.200.0.0/24", "10.96.0.0/12"], "{ 10.96.0.0/12, 10.200.0.0/24 }"],
  [["10.96.0.0/12", "10.200.1.0/24", "10.200.0.0/24"], "{ 10.96.0.0/12, 10.200.0.0/23 }"],
  [["10.96.0.0/16", "10.97.0.0/16", "10.98.0.0/16"], "{ 10.96.0.0-10.98.255.255, 10.96.0.0-10.98.255.255 }"],
  [["10.96.0.0/16", "10.96.0.0/12"], "{ 10.96.0.0/12, 10.96.0.0/12 }"],
] as const)("nftables drops what is for %j with a rule about %s", (ranges, words) => {
  const { network, ...cluster } = constant(1, 1);
  const [serviceCidr, ...moreServiceCidrs] = ranges.map((text) => parseCidr(text)!);
  const several = { serviceCidr: serviceCidr!, ...(moreServiceCidrs.length > 0 && { moreServiceCidrs }) };
  const program = new NftablesProgram({ ...cluster, network: { ...network, ...several } });
  expect([...nftTransactions(program)].join("")).toContain(
    `\t\tip daddr ${words} drop comment "Drop traffic to unallocated ClusterIPs"\n`,
  );
});

it("nftables cuts the comment that names whose a refusal is at 128 characters, as kube-proxy 1.37 does", () => {
  const { network, source } = constant(1, 1);
  const name = `${"n".repeat(63)}/${"s".repeat(63)}`;
  const ports = [{ name: "http", protocol: TCP, port: 80, endpoints: [] }];
  const cluster = buildCluster([{ name, clusterIp: parseAddress("172.30.0.41")!, ports }], network, source);
  const text = [...nftTransactions(new NftablesProgram(cluster))].join("");
  expect(text).toContain(`172.30.0.41 . tcp . 80 comment "${name}:" : goto reject-chain`);
});

it("nftables' firewall compares with a range that is alone, and looks one up that was given twice", () => {
  expect(firewallRule("203.0.113.0/24")).toBe("ip saddr != 203.0.113.0/24 drop");
  // nft keeps the set, as it does when kube-proxy names the range twice.
  expect(firewallRule("203.0.113.0/24", "203.0.113.0/24")).toBe(
    "ip saddr != { 203.0.113.0/24, 203.0.113.0/24 } drop",
  );
});
