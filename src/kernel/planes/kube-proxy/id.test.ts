import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { PLANE_ENTRIES } from "../../../planes/registry-loader.js";
import { KERNEL_REPORTS } from "../descriptors.js";
import { isKubeProxyPlane, kernelLacks, parseKubeProxyPlane, resolveKubeProxy } from "./id.js";
import { kubeProxyReport } from "./report.js";

const root = mkdtempSync(join(os.tmpdir(), "lbscale-test-"));
afterAll(() => rmSync(root, { recursive: true }));

/** A user's cache folder that holds programs of these versions. */
function cacheWith(...versions: string[]): NodeJS.ProcessEnv {
  const folder = mkdtempSync(join(root, "case-"));
  mkdirSync(join(folder, "lbscale"));
  for (const version of versions) program(join(folder, "lbscale", `kube-proxy-v${version}`));
  return { XDG_CACHE_HOME: folder };
}

function program(path: string): string {
  writeFileSync(path, "#!/bin/sh\n");
  chmodSync(path, 0o755);
  return path;
}

describe("ids of kube-proxies", () => {
  it("are recognized by their prefix", () => {
    expect(["kube-proxy/nftables@1.37", "nftables"].map(isKubeProxyPlane)).toEqual([true, false]);
  });

  it("name a mode, and a version or none", () => {
    expect(parseKubeProxyPlane("kube-proxy/iptables-nft@1.36")).toEqual({
      mode: "iptables-nft",
      version: "1.36",
    });
    expect(parseKubeProxyPlane("kube-proxy/ipvs")).toEqual({ mode: "ipvs", version: null });
  });

  it.each(["kube-proxy/nft@1.37", "kube-proxy/", "kube-proxy/nftables\n@1.37"])(
    "are refused with the modes that there are: %j",
    (id) => {
      expect(() => parseKubeProxyPlane(id)).toThrow(
        /is unknown: give kube-proxy\/MODE@VERSION.*iptables-legacy, iptables-nft, iptables, nftables, ipvs/,
      );
    },
  );

  it("are refused with an empty version", () => {
    expect(() => parseKubeProxyPlane("kube-proxy/nftables@")).toThrow(/leave out the @/);
  });

  it("mean the newest installed version where they name none", () => {
    const { id, mode, backend } = resolveKubeProxy("kube-proxy/nftables", cacheWith("1.34.4", "1.36.3"));
    expect({ id, mode, backend }).toEqual({
      id: "kube-proxy/nftables@1.36",
      mode: "nftables",
      backend: "nft",
    });
    expect(() => resolveKubeProxy("kube-proxy/nftables", cacheWith())).toThrow(
      /no kube-proxy is installed: run/,
    );
  });

  it("say how to install a version that is missing", () => {
    expect(() => resolveKubeProxy("kube-proxy/nftables@1.37", cacheWith("1.36.3"))).toThrow(
      /kube-proxy 1\.37\.2 is not installed: run scripts\/install-kube-proxy\.sh 1\.37/,
    );
  });

  it("of a user's own build show the program's name without its folder", () => {
    const path = program(join(mkdtempSync(join(root, "case-")), "patched"));
    expect(resolveKubeProxy(`kube-proxy/iptables-legacy@${path}`, {})).toMatchObject({
      id: "kube-proxy/iptables-legacy@patched",
      binary: path,
      backend: "legacy",
      isOwnBuild: true,
    });
  });

  it("of mode ipvs are found on kernels without IPVS too, which is what these lack", () => {
    const proxy = resolveKubeProxy("kube-proxy/ipvs", cacheWith("1.36.3"));
    expect(kernelLacks(proxy, root)).toBeNull();
    expect(kernelLacks(proxy, join(root, "nowhere"))).toMatch(/^this kernel has no IPVS/);
    expect(kernelLacks({ mode: "nftables" }, join(root, "nowhere"))).toBeNull();
  });

  it("are shown by mode and version, each in a look of its own", () => {
    const looks = ["nftables@1.37", "nftables@1.36", "nftables@1.35", "nftables@1.34", "iptables-legacy@1.37"]
      .map((id) => kubeProxyReport(`kube-proxy/${id}`))
      .map(({ label, colours, marker }) => ({ label, look: `${colours.light} ${marker}` }));
    expect(looks[0]?.label).toBe("kube-proxy 1.37 nftables");
    expect(new Set(looks.map(({ look }) => look)).size).toBe(looks.length);
  });

  it("have no colour of a plane that lbscale programs itself: one chart has both", () => {
    const own = [
      ...PLANE_ENTRIES.map(({ descriptor }) => descriptor.report),
      ...Object.values(KERNEL_REPORTS),
    ].map(({ colours }) => colours);
    const modes = [
      "nftables@1.37",
      "nftables@1.36",
      "nftables@1.35",
      "nftables@1.34",
      "iptables-legacy@1.37",
    ];
    for (const id of [...modes, "iptables-nft@1.37", "ipvs@1.36"]) {
      const { colours } = kubeProxyReport(`kube-proxy/${id}`);
      for (const theme of ["light", "dark"] as const)
        expect([id, own.filter((each) => each[theme] === colours[theme])]).toEqual([id, []]);
    }
  });
});
