import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { PLANE_ENTRIES } from "../../../planes/registry-loader.js";
import { ciliumPath } from "../../cilium/binary.js";
import { KERNEL_REPORTS } from "../descriptors.js";
import { isCiliumPlane, parseCiliumPlane, resolveCilium } from "./id.js";
import { ciliumReport } from "./report.js";

const root = mkdtempSync(join(os.tmpdir(), "lbscale-test-"));
afterAll(() => rmSync(root, { recursive: true }));

/** A user's cache folder that holds the control plane, or nothing. */
function cache(isInstalled: boolean): NodeJS.ProcessEnv {
  const environment = { XDG_CACHE_HOME: mkdtempSync(join(root, "case-")) };
  if (isInstalled) program(ciliumPath(environment));
  return environment;
}

function program(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "#!/bin/sh\n");
  chmodSync(path, 0o755);
  return path;
}

describe("ids of Cilium's control plane", () => {
  it("are recognized by their prefix", () => {
    const ids = ["cilium", "cilium@1.20", "cilium/tc@1.20", "cilium-x", "kube-proxy/nftables@1.37"];
    expect(ids.map(isCiliumPlane)).toEqual([true, true, true, false, false]);
  });

  it("name where connections are balanced and how long changes are gathered: by default as it is installed", () => {
    const found = (id: string) => resolveCilium(id, cache(true));
    expect(found("cilium@1.20")).toMatchObject({ id: "cilium@1.20", path: "socket", waitMs: 500 });
    expect(found("cilium")).toMatchObject({ id: "cilium@1.20", isOwnBuild: false });
    expect(found("cilium/unbuffered@1.20")).toMatchObject({ path: "socket", waitMs: 1 });
    expect(found("cilium/tc")).toMatchObject({ id: "cilium/tc@1.20", path: "packet", waitMs: 500 });
  });

  it.each(["cilium/xdp@1.20", "cilium@", "cilium/tc\n@1.20"])(
    "are refused with how one is written: %j",
    (id) => {
      expect(() => parseCiliumPlane(id)).toThrow(
        /is unknown: give cilium@1\.20, cilium\/unbuffered@… or cilium\/tc@…/,
      );
    },
  );

  it("are refused with another version than the one that the script builds", () => {
    expect(() => resolveCilium("cilium@1.19", cache(true))).toThrow(
      /Cilium 1\.20 is the one that is measured/,
    );
  });

  it("say how to build it where it is not installed", () => {
    expect(() => resolveCilium("cilium@1.20", cache(false))).toThrow(
      /not installed: run .*install-cilium-lb\.sh/,
    );
  });

  it("may name a program of one's own, whose folder results don't name", () => {
    const path = program(join(mkdtempSync(join(root, "case-")), "my-cilium"));
    const found = resolveCilium(`cilium/tc@${path}`, cache(false));
    expect(found).toMatchObject({ id: "cilium/tc@my-cilium", binary: path, isOwnBuild: true });
  });
});

it("Cilium's control plane is shown in colours that no other plane has", () => {
  const reports = ["cilium@1.20", "cilium/unbuffered@1.20", "cilium/tc@1.20"].map(ciliumReport);
  expect(reports.map(({ label }) => label)).toEqual([
    ...["Cilium 1.20", "Cilium 1.20 (1 ms)", "Cilium 1.20 per packet"],
  ]);
  const others = [
    ...PLANE_ENTRIES.map(({ descriptor }) => descriptor.report),
    ...Object.values(KERNEL_REPORTS),
  ];
  const all = [...reports, ...others];
  for (const theme of ["light", "dark"] as const) {
    const own = new Set(reports.map(({ colours }) => colours[theme]));
    expect(own.size).toBe(reports.length);
    expect(all.filter(({ colours }) => own.has(colours[theme]))).toHaveLength(reports.length);
  }
});
