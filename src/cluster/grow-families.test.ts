import { describe, expect, it } from "vitest";
import { generateCluster } from "./generate.js";
import { growFamilies, growFamily, servicesOf } from "./grow-families.js";

const ipv4 = generateCluster({ services: 20, seed: 1 });
const ipv6 = generateCluster({ services: 5, seed: 1, family: 6 });

describe("a dual-stack cluster", () => {
  it("is as large as the larger of its families, and each grows in proportion", () => {
    expect(servicesOf({ ipv4, ipv6 })).toBe(20);
    const grown = growFamilies({ ipv4, ipv6 }, 200);
    expect("ipv4" in grown && [grown.ipv4.services, grown.ipv6.services]).toEqual([200, 50]);
    const cut = growFamilies({ ipv4, ipv6 }, 2);
    expect("ipv4" in cut && [cut.ipv4.services, cut.ipv6.services]).toEqual([2, 1]);
  });

  it("gives the family that is asked for, and says where there is none", () => {
    expect(growFamily({ ipv4, ipv6 }, 20, 6)).toBe(ipv6);
    expect(growFamily({ ipv4, ipv6 }, 20)).toBe(ipv4);
    expect(growFamily(ipv6, 5)).toBe(ipv6);
    expect(() => growFamily(ipv4, 20, 6)).toThrow("the cluster has no Services of IPv6");
  });
});
