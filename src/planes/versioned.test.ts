import { describe, expect, it } from "vitest";
import { generateCluster } from "../cluster/generate.js";
import { KUBE_PROXY_VERSIONS } from "./kube-proxy-versions.js";
import { planeById } from "./registry.js";
import { choosePlanes, findPlane, PLANE_ENTRIES } from "./registry-loader.js";
import { nftVersionOf, releaseOf } from "./versioned.js";

const cluster = generateCluster({ services: 5, seed: 1 });

describe("a plane of one version of kube-proxy", () => {
  it("compiles that version's rules, whatever version the options name", () => {
    const rules = (id: string) =>
      planeById(id).compile(cluster, { kubeProxy: "1.37" }).update({ kind: "join", servicePort: 0 }).rules;
    expect(["nftables", "nftables@1.36", "nftables@1.35", "nftables@1.34"].map(rules)).toEqual([
      1, 1, 12, 12,
    ]);
  });

  it("has a label, a place, a colour and a marker of its own", () => {
    for (const { descriptor } of PLANE_ENTRIES.filter((entry) => entry.descriptor.can.versions.length > 0)) {
      const all = [descriptor.id, ...KUBE_PROXY_VERSIONS.map((version) => `${descriptor.id}@${version}`)].map(
        (id) => planeById(id).descriptor.report,
      );
      for (const look of [
        all.map(({ label }) => label),
        all.map(({ columnLabel }) => columnLabel),
        all.map(({ order }) => order),
        all.map(({ marker }) => marker),
        all.map(({ colours }) => colours.light),
        all.map(({ colours }) => colours.dark),
      ]) {
        expect(new Set<unknown>(look).size, look.join()).toBe(5);
      }
    }
    expect(planeById("nftables@1.35").descriptor.report.label).toBe("nftables, layout of 1.35");
    expect(planeById("ipvs@1.35").descriptor.report.columnLabel).toBe("IPVS, layout of 1.35");
  });

  it("is loaded by the nft of its kube-proxy's image, unless another one is given, where nft loads it at all", () => {
    const nft = (id: string, nftVersion?: string) =>
      nftVersionOf(planeById(id).descriptor, {
        ...(nftVersion !== undefined && { nftVersion }),
        kubeProxy: "1.36",
      });
    expect(["nftables", "nftables@1.34", "iptables", "ebpf"].map((id) => nft(id))).toEqual([
      "1.0.6",
      "1.0.6",
      undefined,
      undefined,
    ]);
    expect(["nftables@1.34", "iptables"].map((id) => nft(id, "1.1.3"))).toEqual(["1.1.3", undefined]);
  });

  it("names the release that was recorded", () => {
    const release = (id: string) => releaseOf(planeById(id).descriptor, "1.36");
    expect([release("iptables"), release("iptables@1.35"), release("ebpf")]).toEqual([
      "1.36.3",
      "1.35.4",
      undefined,
    ]);
  });

  it("is there for kube-proxy's planes and modelled versions only", () => {
    expect(["nftables@1.33", "ebpf@1.37", "nftables@", "direct@1.37"].map((id) => findPlane(id))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(() => planeById("nftables@1.33")).toThrow(/nftables@1\.34/);
  });

  it("is listed behind its plane, by version", () => {
    expect(
      choosePlanes(["ebpf", "nftables@1.37", "iptables", "nftables@1.35", "nftables", "ebpf@1.37"]),
    ).toEqual({
      known: ["iptables", "nftables", "nftables@1.35", "nftables@1.37", "ebpf"],
      unknown: "ebpf@1.37",
    });
  });
});
