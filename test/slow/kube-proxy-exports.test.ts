/**
 * What is exported against what kube-proxy wrote, without a line of ours in between: both are loaded by the same tools into
 * a network namespace and listed by them. Needs Linux, root and scripts/install-kernel-tools.sh.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lbscale } from "../support/cli.js";
import { ROOT } from "../support/readme.js";
import { OBJECTS } from "./kube-proxy-tools.js";

const works = os.platform() === "linux" && process.getuid?.() === 0;
const RECORDED = join(ROOT, "test", "data", "kube-proxy");
const VERSIONS = ["1.34.4", "1.35.4", "1.36.3", "1.37.2"];
const folder = mkdtempSync(join(os.tmpdir(), "lbscale-exports-"));
afterAll(() => rmSync(folder, { recursive: true }));

test.runIf(process.env.CI === "true")("exports can be loaded where CI is set", () => {
  expect(works).toBe(true);
});

describe.skipIf(!works)("exports, loaded and listed by the node's tools", () => {
  const cluster = join(folder, "cluster.json");
  beforeAll(() => {
    const imported = lbscale([
      ...["import", join(ROOT, OBJECTS), "--node", "me", "--pod-range", "10.244.0.0/16"],
    ]);
    expect(imported.status).toBe(0);
    writeFileSync(cluster, imported.stdout);
  });

  /** The file of an export. */
  const exported = (format: string, version: string): string => {
    const path = join(folder, `${format}-${version}`);
    const minor = version.replace(/\.\d+$/, "");
    const { status, stdout } = lbscale(["export", cluster, "--format", format, "--kube-proxy", minor]);
    expect(status).toBe(0);
    writeFileSync(path, stdout);
    return path;
  };

  test.each(
    VERSIONS.flatMap((version) => [
      ["nft", version, "iptables.save"] as const,
      ["legacy", version, "iptables-legacy.save"] as const,
    ]).filter(([, version, file]) => existsSync(recorded(version, file))),
  )("iptables-%s lists the same rules as of kube-proxy %s", (backend, version, file) => {
    const list = (path: string) =>
      rulesOf(
        inNamespace(
          `for counter in $(grep -o -- '--nfacct-name *[^ ]*' "$1" | awk '{print $2}' | sort -u); do nfacct add $counter; done
           iptables-${backend}-restore < "$1" && iptables-${backend}-save`,
          path,
        ),
      );
    expectSame(list(exported("iptables", version)), list(recorded(version, file)), 150);
  });

  test.each(VERSIONS)("nft lists the same table as of kube-proxy %s", (version) => {
    const list = (path: string) => tableOf(inNamespace('nft -f "$1" && nft list table ip kube-proxy', path));
    expectSame(list(exported("nft", version)), list(recorded(version, "nftables.nft")), 180);
  });

  test.each(VERSIONS)("ipset and iptables list the same in IPVS mode as of kube-proxy %s", (version) => {
    const sets = (path: string) =>
      // Each list's hash has a seed of its own.
      linesOf(inNamespace('ipset restore < "$1" && ipset save', path).replaceAll(/ initval \S+/g, ""));
    const ourSets = exported("ipset", version);
    const theirSets = recorded(version, "ipvs.ipset");
    expectSame(sets(ourSets), sets(theirSets), 60);
    const list = (path: string, ipset: string) =>
      rulesOf(
        inNamespace('ipset restore < "$2" && iptables-nft-restore < "$1" && iptables-nft-save', path, ipset),
      );
    expectSame(
      list(exported("ipvs-iptables", version), ourSets),
      list(recorded(version, "ipvs.iptables.save"), theirSets),
      30,
    );
    // This kernel may have no ip_vs: the servers as ipvsadm -Sn printed them.
    expectSame(
      linesOf(readBack(exported("ipvsadm", version))),
      linesOf(readBack(recorded(version, "ipvs.ipvsadm"))),
      40,
    );
  });
});

function recorded(version: string, file: string): string {
  return join(RECORDED, version, "kinds", file);
}

/** Runs a script in a network namespace of its own, which ends with it. */
function inNamespace(script: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(
    "unshare",
    ["--net", "bash", "-euc", script, "bash", ...args],
    { encoding: "utf8" },
  );
  expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
  return stdout;
}

function readBack(path: string): string {
  return inNamespace('cat "$1"', path);
}

const linesOf = (text: string): string[] => text.trim().split("\n").sort();

/** Rules and tables, without counters and comments. kube-proxy's order of Services is random. */
const rulesOf = (text: string): string[] => linesOf(text).filter((line) => /^[-*]/.test(line));

/** A line per rule, property and element, each with its chain, set or map. Elements of anonymous sets are sorted. */
function tableOf(text: string): string[] {
  let block = "";
  return text
    .replaceAll(/,\n\s+/g, ", ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && line !== "}")
    .flatMap((line) => {
      if (/^(table|chain|set|map) .* \{$/.test(line)) block = line;
      const elements = /^elements = \{ (.*) \}$/.exec(line)?.[1];
      if (elements !== undefined) return elements.split(", ").map((element) => `${block} ${element}`);
      return `${block} ${line.replace(/\{ (.*?) \}/, (_, list: string) => list.split(", ").sort().join())}`;
    })
    .sort();
}

/** The same lines, and at least so many: two empty lists say nothing. */
function expectSame(ours: readonly string[], theirs: readonly string[], least: number): void {
  expect(theirs.length).toBeGreaterThan(least);
  expect(ours).toEqual(theirs);
}
