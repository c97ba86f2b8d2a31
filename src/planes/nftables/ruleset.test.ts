import { expect, test } from "vitest";
import { buildCluster } from "../../cluster/build.js";
import { LOAD_BALANCER, parseAddress, parseCidr, TCP } from "../../cluster/cluster.js";
import { generateCluster } from "../../cluster/generate.js";
import { nftables } from "./index.js";
import { NftablesProgram } from "./program.js";
import { nftTransactions } from "./ruleset.js";

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

test("nftables' firewall compares with a range that is alone, and looks one up that was given twice", () => {
  expect(firewallRule("203.0.113.0/24")).toBe("ip saddr != 203.0.113.0/24 drop");
  // nft keeps the set, as it does when kube-proxy names the range twice.
  expect(firewallRule("203.0.113.0/24", "203.0.113.0/24")).toBe(
    "ip saddr != { 203.0.113.0/24, 203.0.113.0/24 } drop",
  );
});
