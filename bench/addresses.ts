/** `addresses`: lookups by how frontends' addresses lie in the range, which decides how deep a trie is. */

import { NODE_PORT_COUNT } from "../src/cluster/network.js";
import { measureLatency } from "../src/measure/replicate/replicate.js";
import type { Job, Scenario } from "../src/measure/scenario.js";
import { withinLimit } from "../src/measure/sizes.js";
import { prepareLookup } from "./lookup.js";

const TRIE_SERVICES = [1, 10, 100, 1000, NODE_PORT_COUNT, 10_000, 30_000];
/** Other structures hash or compare whole addresses: two points show that the kind of address is no axis of theirs. */
const OTHER_SERVICES = [100, 10_000];

const NODE_PORTS = "NodePorts";

/** Variant → its cluster IPs, and where flows enter. */
const ADDRESSES: Readonly<Record<string, Pick<Job, "entry" | "vips">>> = {
  "random addresses": { entry: "clusterIp", vips: "random" },
  "sequential addresses": { entry: "clusterIp", vips: "sequential" },
  // One address, so that a trie tells Services apart by port alone, of which Calico's keys hold the low byte first.
  [NODE_PORTS]: { entry: "nodePort" },
};

export const addresses: Scenario = {
  id: "addresses",
  label: "Lookups by the kind of address: random or sequential cluster IPs, or NodePorts",
  question: "Does it matter which addresses Services have?",
  report: {
    unit: "ns",
    axis: "services",
    positionMatters: true,
    captions: { model: "Median lookup time of a new flow, by the kind of address" },
  },
  sizes: (asked, { report, can }) =>
    Object.keys(ADDRESSES)
      // Clients outside the cluster reach no cluster IP.
      .filter((variant) => !can.outsideOnly || variant === NODE_PORTS)
      .flatMap((variant) => {
        const own = asked ?? (report.structure === "trie" ? TRIE_SERVICES : OTHER_SERVICES);
        const built = withinLimit(own, asked === null ? can.limits?.built : undefined);
        const services = variant === NODE_PORTS ? withinLimit(built, NODE_PORT_COUNT) : built;
        return services.map((n) => ({ services: n, endpoints: null, variant }));
      }),
  clusterOf: (variant) => ADDRESSES[variant] ?? {},
  generatedOnly: true,
  measure: (job, cluster, plane) => measureLatency(prepareLookup, job, cluster, plane),
};
