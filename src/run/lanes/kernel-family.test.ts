import { describe, expect, it } from "vitest";
import { parseCidr6, parseIpv6 } from "../../cluster/ipv6.js";
import { planAddresses, usualPlan } from "../../cluster/plan-addresses.js";
import { ipv6Arguments } from "../../kernel/testbed/ipv6.js";
import { parseRunSpec } from "../spec.js";
import { kernelFamily } from "./kernel-family.js";

describe("IPv6 in the kernel", () => {
  it("is measured one family at a time, in the guest too", () => {
    for (const lane of ["kernel", "guest"] as const) {
      expect(kernelFamily(parseRunSpec({ lane, family: 6 }))).toBe(6);
      expect(kernelFamily(parseRunSpec({ lane }))).toBe(4);
      expect(() => kernelFamily(parseRunSpec({ lane, family: "dual" }))).toThrow(
        `family: lane ${lane} measures one family at a time: give 4 or 6`,
      );
    }
  });

  it("tells programs which addresses numbers stand for, and refuses those without a place of their own", () => {
    expect(ipv6Arguments({})).toEqual([]);
    const [flag, regions] = ipv6Arguments({ ipv6: usualPlan() });
    expect(flag).toBe("--ipv6");
    // 10.96.0.0 and the 20 bits of its range.
    expect(regions!.split(",")).toContain(`${0x0a600000}/20=fd00:10:96::`);
    const far = planAddresses([parseCidr6("fd00:1::/64")!]);
    far.number(parseIpv6("fd00:1::1:2:3:4")!);
    expect(() => ipv6Arguments({ ipv6: far })).toThrow(/generated clusters/);
  });
});
