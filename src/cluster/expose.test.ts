import { describe, expect, it } from "vitest";
import { INGRESS_IP, inCidr, LOAD_BALANCER } from "./cluster.js";
import { exposeServices } from "./expose.js";
import { flowAt, generateTrace } from "./flows.js";
import { generateCluster, MIXED } from "./generate.js";
import { DEFAULT_NETWORK, LOAD_BALANCER_CIDR } from "./network.js";

describe("exposed services", () => {
  const plain = generateCluster({ services: 300, seed: 5, ...MIXED });
  const exposed = exposeServices(plain);

  it("have a load-balancer address each, and what had one keeps it", () => {
    const addresses = new Set<number>();
    for (let s = 0; s < exposed.services; s++) {
      const [first, end] = [exposed.externalStart[s]!, exposed.externalStart[s + 1]!];
      expect([...exposed.externalKind.subarray(first, end)]).toContain(INGRESS_IP);
      for (const address of exposed.externalAddress.subarray(first, end)) addresses.add(address);
    }
    expect(addresses.size).toBe(exposed.externalAddress.length);
    for (const address of plain.externalAddress) expect(addresses).toContain(address);
    expect([...exposed.externalAddress].every((address) => inCidr(LOAD_BALANCER_CIDR, address))).toBe(true);
    expect([...exposed.serviceType].every((type) => type === LOAD_BALANCER)).toBe(true);
  });

  it("keep cluster IPs, ports and endpoints", () => {
    const { serviceType: _, externalStart: _s, externalAddress: _a, externalKind: _k, ...rest } = exposed;
    expect(plain).toMatchObject(rest);
  });

  it("are entered at these addresses, by clients that are no pods", () => {
    const { words, length } = generateTrace(exposed, { flows: 500, seed: 1, entry: "loadBalancer" });
    for (let at = 0; at < length; at++) {
      const { src, dst } = flowAt(words, at);
      expect(inCidr(DEFAULT_NETWORK.podCidr, src >>> 0)).toBe(false);
      expect(exposed.externalAddress).toContain(dst >>> 0);
    }
  });
});
