import { describe, expect, it } from "vitest";
import { parseCidr6, parseIpv6 } from "../../cluster/ipv6.js";
import { planAddresses, usualPlan } from "../../cluster/plan-addresses.js";
import { ipv6Arguments } from "../../kernel/testbed/ipv6.js";
import { parseRunSpec } from "../spec.js";
import { isOfFamily, kernelFamily, requirePlanesOfFamily, scenariosOfFamily } from "./kernel-family.js";

const SCENARIOS = ["programming", "connect", "lookup", "sync", "update"] as const;
const KUBE_PROXIES = ["nftables", "iptables", "iptables-nft", "iptables-legacy"].map(
  (mode) => `kube-proxy/${mode}@1.37`,
);
const spec = (scenarios?: "all" | string[]) =>
  parseRunSpec({ lane: "kernel", family: 6, ...(scenarios && { scenarios }) });

describe("IPv6 in the kernel", () => {
  it("is measured of the scenarios that have it, and what is asked for by name is refused by name", () => {
    for (const given of [spec(), spec("all"), spec(["connect"])])
      expect(scenariosOfFamily(SCENARIOS, 6, given)).toEqual(["programming", "connect", "sync", "update"]);
    expect(scenariosOfFamily(SCENARIOS, 4, spec())).toEqual(SCENARIOS);
    expect(() => scenariosOfFamily(SCENARIOS, 6, spec(["connect", "lookup"]))).toThrow(
      "scenarios: lookup is measured with IPv4 in lane kernel: leave it out, or measure IPv4",
    );
  });

  it("is measured of planes that are loaded for it, one family at a time", () => {
    expect(() => requirePlanesOfFamily(["direct", "iptables", ...KUBE_PROXIES], 6)).not.toThrow();
    expect(isOfFamily("cilium@1.20", 4)).toBe(true);
    expect(() => requirePlanesOfFamily(["ebpf"], 4)).not.toThrow();
    for (const plane of ["ebpf", "cilium@1.20", "kube-proxy/ipvs@1.37"])
      expect(() => requirePlanesOfFamily([plane], 6)).toThrow(`planes: ${plane} is measured with IPv4`);
    expect(kernelFamily(spec())).toBe(6);
    expect(() => kernelFamily(parseRunSpec({ lane: "kernel", family: "dual" }))).toThrow(
      "family: lane kernel measures one family at a time: give 4 or 6",
    );
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
