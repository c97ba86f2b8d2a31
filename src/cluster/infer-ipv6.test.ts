import { describe, expect, it } from "vitest";
import { inferIpv6 } from "./infer-ipv6.js";
import { parseIpv6 } from "./ipv6.js";

const addresses = (...texts: string[]) => texts.map((text) => parseIpv6(text)!);
const PODS = addresses("2600:1f14:3d:5a01:4e0c::1", "2600:1f14:3d:5a02:a1b2::1a");
const servicesOf = (clusterIps: bigint[], pods: readonly bigint[] = PODS) => {
  const { plan, serviceCidr } = inferIpv6({ clusterIps, pods, sourceRanges: [] });
  return plan.formatCidr(serviceCidr);
};

describe("the service range around cluster IPs of IPv6", () => {
  it.each([
    ["a /108 where one holds them", ["fd71:9a3e:52c8::1", "fd71:9a3e:52c8::f:3b"], "fd71:9a3e:52c8::/108"],
    [
      "wider where a ServiceCIDR must be",
      ["fd71:9a3e:52c8::1", "fd71:9a3e:52c8::a", "fd71:9a3e:52c8::d0:1"],
      "fd71:9a3e:52c8::/104",
    ],
    ["as wide as a /64", ["fd71::1", "fd71::2", "fd71::8000:0:0:1"], "fd71::/64"],
    ["not as wide as to hold what lies elsewhere", ["fd71::1", "fd71::2", "fd72::5"], "fd71::/108"],
  ])("is %s", (_, texts, range) => {
    expect(servicesOf(addresses(...texts))).toBe(range);
  });

  it("holds no pod", () => {
    expect(servicesOf(addresses("fd71::1", "fd71::2", "fd71::5:0:0:1"), addresses("fd71::4:0:0:9"))).toBe(
      "fd71::/108",
    );
  });
});
