import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findKubeProxy, installedKubeProxies, KUBE_PROXY_BUILDS, kubeProxyPath } from "./binaries.js";

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "lbscale-test-"));
});
afterEach(() => rmSync(cache, { recursive: true }));

function install(patch: string, mode = 0o755): string {
  const path = kubeProxyPath(patch, { XDG_CACHE_HOME: cache });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
  chmodSync(path, mode);
  return path;
}

test.each(KUBE_PROXY_BUILDS)("kube-proxy $minor is built from the module of $patch", ({ minor, patch }) => {
  const goMod = readFileSync(`scripts/kube-proxy/${minor}/go.mod`, "utf8");
  expect(goMod).toContain(`\tk8s.io/kubernetes v${patch} `);
});

test("the cache folder is XDG_CACHE_HOME, or .cache in the home", () => {
  expect(kubeProxyPath("1.36.3", { XDG_CACHE_HOME: "/c", HOME: "/h" })).toBe("/c/lbscale/kube-proxy-v1.36.3");
  expect(kubeProxyPath("1.36.3", { HOME: "/h" })).toBe("/h/.cache/lbscale/kube-proxy-v1.36.3");
});

test("a minor version is found where it was built", () => {
  const path = install("1.36.3");
  expect(findKubeProxy("1.36", { XDG_CACHE_HOME: cache })).toBe(path);
});

test("a version that was not built names the command that builds it", () => {
  expect(() => findKubeProxy("1.36", { XDG_CACHE_HOME: cache })).toThrow(
    "kube-proxy 1.36.3 is not installed: run scripts/install-kube-proxy.sh 1.36",
  );
});

test("a path is any program", () => {
  const path = install("1.99.0");
  expect(findKubeProxy(path)).toBe(path);
  const text = install("1.99.1", 0o644);
  expect(() => findKubeProxy(text)).toThrow("is no program that you may run");
  expect(() => findKubeProxy(cache)).toThrow("is no program that you may run");
});

test("an unknown version names those that can be built", () => {
  expect(() => findKubeProxy("1.33")).toThrow("give one of 1.34, 1.35, 1.36, 1.37");
});

test("installed versions are those with a program", () => {
  const path = install("1.37.2");
  const found = installedKubeProxies({ XDG_CACHE_HOME: cache });
  expect(found.map((each) => [each.minor, each.path])).toEqual([
    ["1.34", undefined],
    ["1.35", undefined],
    ["1.36", undefined],
    ["1.37", path],
  ]);
});
