/**
 * The decision contract: what every plane must answer. The base is kube-proxy's iptables mode; where another plane
 * differs by design the difference has a name, an entry here, and is counted whenever it is seen.
 */

import { CALICO, calicoDifferences } from "./calico-ebpf/differences.js";
import { CILIUM, ciliumDifferences } from "./ebpf/differences.js";
import type { Expectation, Masquerade } from "./expectation.js";
import {
  KUBE_PROXY_VERSIONS,
  type KubeProxyVersion,
  NEWEST_KUBE_PROXY,
  splitPlaneId,
} from "./kube-proxy-versions.js";
import { optionDifferences } from "./option-differences.js";
import { DROP, PASS, type PlaneId, type PlaneOptions, REJECT } from "./plane.js";
import type { Situation } from "./situation.js";

/** The plane whose answers are the base, which has only the differences of options. */
export const BASE_PLANE: PlaneId = "iptables";

const expectation: Expectation = { verdict: PASS, localOnly: false, masquerade: "hairpin" };

function answer(
  verdict: Expectation["verdict"],
  masquerade: Masquerade = "hairpin",
  localOnly = false,
): void {
  expectation.verdict = verdict;
  expectation.masquerade = masquerade;
  expectation.localOnly = localOnly;
}

/** kube-proxy iptables. */
function base(s: Readonly<Situation>): void {
  switch (s.destination) {
    case "cluster-ip": {
      const masquerade = s.source === "pod" ? "hairpin" : "always";
      if (s.count === 0) answer(REJECT);
      else if (!s.internalLocal) answer("dnat", masquerade);
      else if (s.localCount === 0) answer(DROP);
      else answer("dnat", masquerade, true);
      return;
    }
    case "external":
    case "node-port":
    case "loopback-node-port":
      // Before any refusal KUBE-FIREWALL drops what others send to 127/8, unless nat has translated it.
      if (s.destination === "loopback-node-port" && isForeignToLoopback(s)) {
        const dropped = s.count === 0 || (s.externalLocal && s.localCount === 0 && s.source === "outside");
        if (dropped) {
          answer(DROP);
          return;
        }
      }
      if (s.count === 0) answer(REJECT);
      // An external IP that is a load balancer's too: its first rule knows no source ranges.
      else if (s.outOfRange && !s.isExternalIp) answer(DROP);
      else if (!s.externalLocal) answer("dnat", "always");
      else if (s.source === "pod") answer("dnat");
      else if (s.source === "node") answer("dnat", "always");
      else if (s.localCount === 0) answer(DROP);
      else answer("dnat", "hairpin", true);
      return;
    case "loopback":
      answer(isForeignToLoopback(s) ? DROP : PASS);
      return;
    default:
      answer(PASS);
  }
}

function isForeignToLoopback(s: Readonly<Situation>): boolean {
  return s.sourceAddress >>> 24 !== 127;
}

export interface Difference {
  readonly name: string;
  readonly planes: readonly PlaneId[];
  /** Version of kube-proxy from which on the plane differs; absent: in all that are modelled. */
  readonly since?: KubeProxyVersion;
  /** Why the plane differs, in a sentence. */
  readonly because: string;
  readonly when: (s: Readonly<Situation>) => boolean;
  readonly instead: (s: Readonly<Situation>) => void;
}

const external = (s: Readonly<Situation>) => s.destination === "external" || s.destination === "node-port";

/** Every documented difference from iptables, in the order they apply. */
export const DIFFERENCES: readonly Difference[] = [
  {
    name: "loopback-node-port-passes",
    planes: ["ipvs", "nftables", ...CILIUM, ...CALICO],
    because:
      "in netfilter only iptables serves NodePorts at 127.0.0.0/8, and guards that range for it (KUBE-FIREWALL); what Cilium does at the host's sockets is not modelled",
    when: (s) => s.destination === "loopback-node-port" || s.destination === "loopback",
    instead: () => answer(PASS),
  },
  {
    name: "ipvs-wrong-port-rejects",
    planes: ["ipvs"],
    because: "KUBE-IPVS-IPS rejects what no virtual service answers at a Service address",
    when: (s) => s.destination === "cluster-ip-wrong-port" || s.destination === "external-wrong-port",
    instead: () => answer(REJECT),
  },
  {
    name: "nftables-wrong-port-rejects",
    planes: ["nftables"],
    because: "the cluster-ips set rejects unanswered ports of a cluster IP",
    when: (s) => s.destination === "cluster-ip-wrong-port",
    instead: () => answer(REJECT),
  },
  {
    name: "nftables-unallocated-drops",
    planes: ["nftables"],
    because: "addresses of the Service range that no Service has are dropped",
    when: (s) => s.destination === "unallocated",
    instead: () => answer(DROP),
  },
  {
    name: "source-ranges-before-endpoints",
    planes: ["ipvs", "nftables", ...CILIUM, ...CALICO],
    because: "source ranges are checked even where the Service has no endpoint",
    when: (s) => s.outOfRange && s.count === 0,
    instead: () => answer(DROP),
  },
  {
    name: "source-ranges-before-external-ips",
    planes: ["ipvs", "nftables"],
    because:
      "an address that is both an external IP and a load balancer's is checked against source ranges before it leads anywhere; iptables meets the external IP's rule first",
    when: (s) => s.outOfRange && s.isExternalIp,
    instead: () => answer(DROP),
  },
  {
    name: "ipvs-source-ranges-not-for-the-node",
    planes: ["ipvs"],
    because:
      "KUBE-PROXY-FIREWALL hangs in INPUT and FORWARD, and what the node itself sends is balanced on LOCAL_OUT before (net/netfilter/ipvs/ip_vs_core.c)",
    when: (s) => s.outOfRange && s.source === "node",
    instead: (s) => {
      if (s.count === 0) answer(REJECT);
      else if (s.externalLocal) answer("dnat", "hairpin", s.localCount > 0);
      else answer("dnat", "always");
    },
  },
  {
    name: "nftables-node-port-at-one-address",
    planes: ["nftables"],
    because: "the set nodeport-ips holds the node's first address only (--nodeport-addresses primary)",
    when: (s) => s.destination === "node-port" && !s.isPrimaryAddress,
    instead: () => answer(PASS),
  },
  {
    name: "ipvs-internal-policy-falls-back",
    planes: ["ipvs"],
    because:
      "policy Local without a local endpoint falls back to all endpoints of a Service that answers at other addresses too; of any other none are listed",
    when: (s) => s.destination === "cluster-ip" && s.internalLocal && s.localCount === 0 && s.count > 0,
    instead: (s) =>
      s.isExposed ? answer("dnat", s.source === "pod" ? "hairpin" : "always") : answer(REJECT),
  },
  {
    name: "ipvs-external-policy-for-every-source",
    planes: ["ipvs"],
    because: "a virtual service has one set of servers: local ones for every source, all when none is local",
    when: (s) => external(s) && s.externalLocal && s.count > 0 && !s.outOfRange,
    instead: (s) => answer("dnat", "hairpin", s.localCount > 0),
  },
  {
    name: "ipvs-hairpin-only-of-local-endpoints",
    planes: ["ipvs"],
    because: "KUBE-LOOP-BACK holds local endpoints only",
    when: () => expectation.verdict === "dnat" && expectation.masquerade === "hairpin",
    instead: () => {
      expectation.masquerade = "hairpin-if-local";
    },
  },
  {
    name: "nftables-hairpin-only-of-local-endpoints",
    planes: ["nftables"],
    since: "1.36",
    because: "the set hairpin-connections holds local endpoints only",
    when: () => expectation.verdict === "dnat" && expectation.masquerade === "hairpin",
    instead: () => {
      expectation.masquerade = "hairpin-if-local";
    },
  },
  ...ciliumDifferences(expectation, answer),
  ...calicoDifferences(expectation, answer),
];

/**
 * The differences that concern a plane, as a version of kube-proxy writes it: the one that its id names, or else the one given;
 * those of other options are among them. None for a plane that is not of ours.
 */
export function differencesOf(id: string, options: PlaneOptions = {}): readonly Difference[] {
  const { plane, version = options.kubeProxy ?? NEWEST_KUBE_PROXY } = splitPlaneId(id);
  const age = (of: KubeProxyVersion) => KUBE_PROXY_VERSIONS.indexOf(of);
  const isOfHairpins = ({ name }: Difference) => name.endsWith("-hairpin-only-of-local-endpoints");
  // What options change of masquerading is no other than by default where hairpins are recognized.
  const all: readonly Difference[] = [
    ...DIFFERENCES.filter((each) => !isOfHairpins(each)),
    ...optionDifferences(options, expectation, answer),
    ...DIFFERENCES.filter(isOfHairpins),
  ];
  return all.filter(
    ({ name, planes, since }) =>
      (planes as readonly string[]).includes(plane) &&
      (since === undefined || age(since) <= age(version)) &&
      (name !== "nftables-node-port-at-one-address" || options.nodePortAddresses === undefined),
  );
}

/**
 * What a plane may answer in a situation. Calls `onDifference` for each documented difference that changes the answer
 * from iptables'. Returns one reused object.
 */
export function expectationOf(
  differences: readonly Difference[],
  s: Readonly<Situation>,
  onDifference?: (name: string) => void,
): Readonly<Expectation> {
  base(s);
  for (const difference of differences) {
    if (!difference.when(s)) continue;
    const { verdict, localOnly, masquerade } = expectation;
    difference.instead(s);
    if (
      verdict !== expectation.verdict ||
      localOnly !== expectation.localOnly ||
      masquerade !== expectation.masquerade
    ) {
      onDifference?.(difference.name);
    }
  }
  return expectation;
}
