import { describe, expect, it } from "vitest";
import { parseCidr6, parseIpv6 } from "../../cluster/ipv6.js";
import { planAddresses, usualPlan } from "../../cluster/plan-addresses.js";
import { ipv6Arguments } from "../../kernel/testbed/ipv6.js";
import { parseRunSpec } from "../spec.js";
import { kernelFamily, scenariosOfFamily } from "./kernel-family.js";

describe("the family of a run in the kernel", () => {
  const of = (given: object) => kernelFamily(parseRunSpec({ lane: "kernel", ...given }));

  it("is either for everything, in the guest too", () => {
    for (const lane of ["kernel", "guest"] as const)
      for (const family of [4, 6] as const) expect(of({ lane, family, planes: ["ipvs"] })).toBe(family);
    expect(of({})).toBe(4);
    expect(scenariosOfFamily(["programming", "connect", "lookup"], 6)).toHaveLength(3);
  });

  it("is both for programs that write both, and else refused by name with the reason", () => {
    const planes = ["kube-proxy/nftables@1.37", "cilium@1.20"];
    expect(of({ family: "dual", planes, scenarios: ["programming", "sync"] })).toBe("dual");
    expect(scenariosOfFamily(["programming", "connect", "sync", "lookup"], "dual")).toEqual([
      "programming",
      "sync",
    ]);
    expect(() => of({ family: "dual", planes: [...planes, "ebpf"] })).toThrow(
      /^planes: ebpf is measured in one family, through which connections go: /,
    );
    expect(() => of({ family: "dual", scenarios: ["sync", "connect"] })).toThrow(
      "scenarios: connect is measured in one family: with both, choose from programming, sync, memory, proxy-memory",
    );
    expect(() => of({ family: "dual", lane: "guest" })).toThrow(/^family: lane guest measures one family/);
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
