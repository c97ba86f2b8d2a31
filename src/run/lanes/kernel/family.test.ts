import { describe, expect, it } from "vitest";
import { generateCluster } from "../../../cluster/generate.js";
import { parseCidr6, parseIpv6 } from "../../../cluster/ipv6.js";
import { parseCluster, writeCluster } from "../../../cluster/json.js";
import { planAddresses, usualPlan } from "../../../cluster/plan-addresses.js";
import { atOwnPlaces, ipv6Arguments } from "../../../kernel/testbed/ipv6.js";
import { importKubernetes } from "../../../kubernetes/import.js";
import { checkRunSpec } from "../../spec.js";
import { LANES } from "../index.js";
import { kernelFamily, scenariosOfFamily } from "./family.js";

describe("the family of a run in the kernel", () => {
  const of = (given: object) => kernelFamily(checkRunSpec({ lane: "kernel", ...given }, LANES));

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

  it("tells programs which addresses numbers stand for, and refuses those that regions do not say", () => {
    expect(ipv6Arguments({})).toEqual([]);
    const [flag, regions] = ipv6Arguments({ ipv6: usualPlan() });
    expect(flag).toBe("--ipv6");
    // 10.96.0.0 and the 20 bits of its range.
    expect(regions!.split(",")).toContain(`${0x0a600000}/20=fd00:10:96::`);
    const far = planAddresses([parseCidr6("fd00:1::/64")!]);
    far.number(parseIpv6("fd00:1::1:2:3:4")!);
    expect(() => ipv6Arguments({ ipv6: far })).toThrow(/too far apart; use the model lane/);
    const of = (...texts: string[]) => planAddresses(texts.map((text) => parseCidr6(text)!));
    expect(() => ipv6Arguments({ ipv6: of("fd00:1::/64", "fd00:1::/96") })).toThrow(/where wider ones begin/);
    const many = of(...Array.from({ length: 40 }, (_, i) => `fd00:${i + 1}::/96`));
    expect(() => ipv6Arguments({ ipv6: many })).toThrow(/has 48 ranges, more than 32/);
  });

  it("tells programs of a range before the wider one that it lies in, because they take the first that fits", () => {
    const ipv6 = planAddresses([parseCidr6("fd00:1::/64")!, parseCidr6("fd00:1::ff:0:0:0/112")!]);
    const bases = ipv6Arguments({ ipv6 })[1]!
      .split(",")
      .map((region) => region.replace(/.*=/, ""));
    expect(bases.indexOf("fd00:1:0:0:ff::")).toBeLessThan(bases.indexOf("fd00:1::"));
  });

  it("gives clusters whose addresses lie far apart others of the same ranges, and leaves the rest alone", () => {
    const regular = generateCluster({ services: 20, seed: 1, family: 6 });
    expect(atOwnPlaces(regular)).toBe(regular);
    const pod = (i: number) => `2600:1f13:aaa:bb0${i}:${i}c::${i}f`;
    const { cluster } = importKubernetes(
      JSON.stringify([
        {
          apiVersion: "v1",
          kind: "Service",
          metadata: { name: "web" },
          spec: { clusterIP: "fd1c:6a20:be6::6f3d", ipFamilies: ["IPv6"], ports: [{ port: 80 }] },
        },
        {
          apiVersion: "discovery.k8s.io/v1",
          kind: "EndpointSlice",
          metadata: { name: "web-a", labels: { "kubernetes.io/service-name": "web" } },
          addressType: "IPv6",
          ports: [{ port: 8080 }],
          endpoints: [1, 2, 3].map((i) => ({ addresses: [pod(i)] })),
        },
      ]),
    );
    expect(() => ipv6Arguments(cluster.network)).toThrow(/too far apart/);
    const built = atOwnPlaces(cluster);
    expect(ipv6Arguments(built.network)).toHaveLength(2);
    const { podCidr } = built.network;
    expect(built.network.ipv6!.formatCidr(podCidr)).toBe(cluster.network.ipv6!.formatCidr(podCidr));
    expect(built.endpointAddress).toEqual(cluster.endpointAddress);
    const texts = Array.from(built.endpointAddress, (number) => built.network.ipv6!.format(number));
    expect([new Set(texts).size, built.network.ipv6!.isRegular]).toEqual([3, true]);
    // As its file, which the sandbox reads.
    expect(ipv6Arguments(parseCluster([...writeCluster(built)].join("")).network)).toEqual(
      ipv6Arguments(built.network),
    );
  });
});
