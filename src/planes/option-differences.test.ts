import { describe, expect, it } from "vitest";
import { trials } from "../../test/support/trials.js";
import { parseAddress, parseCidr } from "../cluster/cluster.js";
import { generateCoverageFlows } from "../cluster/coverage-flows.js";
import { FAMILIES, FAMILY_NAMES, familyOf } from "../cluster/family.js";
import { generateCluster, MIXED } from "../cluster/generate.js";
import { withNodeFacts } from "../cluster/node-facts.js";
import { KUBE_PROXY_VERSIONS, type Model, type PlaneOptions } from "./plane.js";
import { planeById } from "./registry.js";
import { verifyPlanes } from "./verify.js";

const clusters = FAMILIES.map((family) =>
  withNodeFacts(
    generateCluster({
      ...MIXED,
      services: trials(20, 60),
      seed: 3,
      types: "mixed",
      externalLocalShare: 0.5,
      emptyShare: 0.2,
      ...(family === 6 && { family }),
    }),
    { nodeAddresses: [parseAddress("172.16.0.1")!, parseAddress("192.0.2.10")!] },
  ),
);

const OPTIONS: readonly (readonly [name: string, options: PlaneOptions])[] = [
  ["--masquerade-all", { masqueradeAll: true }],
  ["--pod-range none", { podDetector: false }],
  ["--pod-range none --masquerade-all", { podDetector: false, masqueradeAll: true }],
  ["--nodeport-addresses primary", { nodePortAddresses: "primary" }],
  ["--nodeport-addresses 192.0.2.0/24", { nodePortAddresses: [parseCidr("192.0.2.0/24")!] }],
  ["--nodeport-addresses 0.0.0.0/0", { nodePortAddresses: [parseCidr("0.0.0.0/0")!] }],
  ["--no-iptables-localhost-nodeports", { localhostNodePorts: false }],
  ["--no-nfacct", { nfacct: false }],
];

describe("planes of kube-proxy keep the contract", () => {
  it.each(
    clusters.flatMap((cluster) =>
      OPTIONS.map(([name, options]) => ({
        name,
        options,
        cluster,
        of: FAMILY_NAMES[familyOf(cluster.network)],
      })),
    ),
  )("with $name in $of, and explain what they decide", ({ options, cluster }) => {
    const flows = generateCoverageFlows(cluster, trials(300, 20_000), 1);
    for (const plane of ["iptables", "nftables", "ipvs"]) {
      for (const kubeProxy of KUBE_PROXY_VERSIONS) {
        const all = { ...options, kubeProxy };
        const program = planeById(plane).compile(cluster, { ...all, seed: 1 });
        const explaining = program.model(1);
        const models: readonly Model[] = [
          program.model(1),
          {
            lookup: (src, sport, dst, dport, protocol, nowSec) =>
              explaining.explain({ src, sport, dst, dport, protocol }, nowSec).decision,
            explain: (flow, nowSec) => explaining.explain(flow, nowSec),
            reset: (seed) => explaining.reset(seed),
          },
        ];
        for (const model of models) {
          const { examples } = verifyPlanes(cluster, new Map([[plane, model]]), flows, all);
          expect({ kubeProxy, examples }).toEqual({ kubeProxy, examples: [] });
        }
      }
    }
  });
});
