/** The real tools read what lbscale exports. Everything happens in network namespaces of its own, which end with the test. */

import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Cluster } from "../../src/cluster/cluster.js";
import { clusterDigest } from "../../src/cluster/digest.js";
import { generateCluster, MIXED } from "../../src/cluster/generate.js";
import { importCluster } from "../../src/formats/detect.js";
import { EXPORTS } from "../../src/formats/export.js";
import { NftablesProgram } from "../../src/planes/nftables/program.js";
import { nftTransactions } from "../../src/planes/nftables/ruleset.js";
import { LONGEST_MS } from "../support/patience.js";
import { inNamespace as runInNamespace, withTools } from "./tools.js";

const folder = mkdtempSync(join(os.tmpdir(), "lbscale-tools-"));
afterAll(() => rmSync(folder, { recursive: true }));

const clean = generateCluster({ services: 5000, seed: 1 });
const mixed = generateCluster({ ...MIXED, services: 5000, seed: 1, sourceRangeShare: 1, affinityShare: 0.1 });
const few = generateCluster({
  ...MIXED,
  services: 300,
  seed: 2,
  sourceRangeShare: 1,
  affinityShare: 0.3,
  internalLocalShare: 0.2,
});

const inNamespace = (line: string) => runInNamespace(folder, line);

function write(name: string, cluster: Cluster, format: string): string {
  const found = EXPORTS.find(({ id }) => id === format)!;
  const text = [...found.write(cluster)].join("");
  writeFileSync(join(folder, name), text);
  return text;
}

/** Makes the counters that rules name, as kube-proxy does over netlink. */
function counters(text: string): string {
  const names = new Set(Array.from(text.matchAll(/--nfacct-name +(\S+)/g), ([, name]) => name));
  return [...names].map((name) => `nfacct add ${name} && `).join("");
}

const accepted = { status: 0, output: "" };

describe("exports of 5,000 services", () => {
  for (const flavour of ["legacy", "nft"]) {
    withTools(`iptables-${flavour}-restore --test accepts them`, [`iptables-${flavour}-restore`], () => {
      write("iptables", mixed, "iptables");
      expect(inNamespace(`iptables-${flavour}-restore --test < iptables`)).toEqual(accepted);
    });
  }

  withTools(
    "iptables-save prints back what was loaded, rule by rule",
    ["iptables-legacy-restore", "iptables-legacy-save", "nfacct"],
    () => {
      const rules = (text: string) =>
        text
          .split("\n")
          .filter((line) => line.startsWith("-A"))
          .sort();
      const text = write("iptables", mixed, "iptables");
      const { status, output } = inNamespace(
        `${counters(text)} iptables-legacy-restore < iptables && iptables-legacy-save`,
      );
      expect(status).toBe(0);
      expect(rules(output)).toEqual(rules(text));
      const digest = (saved: string) => clusterDigest(importCluster(saved).cluster);
      // iptables-save puts chains in another order; services keep theirs, that of KUBE-SERVICES.
      expect(digest(output)).toBe(digest(text));
    },
  );

  for (const flavour of ["legacy", "nft"]) {
    withTools(
      `iptables-${flavour}-restore loads them with the counters that their comment names, or without any by --no-nfacct`,
      [`iptables-${flavour}-restore`, "nfacct"],
      () => {
        const text = write("with-nfacct", few, "iptables");
        const commands = Array.from(text.matchAll(/^# {3}(nfacct add \S+)$/gm), ([, command]) => command);
        expect(commands).toHaveLength(2);
        const restore = `iptables-${flavour}-restore <`;
        expect(inNamespace(`${commands.join(" && ")} && ${restore} with-nfacct`)).toEqual(accepted);
        // A new network namespace has no counters, as a kernel without nfacct has none.
        expect(inNamespace(`${restore} with-nfacct`).status).not.toBe(0);
        expect(inNamespace(`${commands[0]} && ${restore} with-nfacct`).status).not.toBe(0);
        const iptables = EXPORTS.find(({ id }) => id === "iptables")!;
        writeFileSync(join(folder, "without-nfacct"), [...iptables.write(few, { nfacct: false })].join(""));
        expect(inNamespace(`${restore} without-nfacct`)).toEqual(accepted);
      },
    );
  }

  withTools("nft -c -f accepts them in one file", ["nft"], () => {
    write("nft", clean, "nft");
    expect(inNamespace("nft -c -f nft")).toEqual(accepted);
  });

  withTools("nft loads them in transactions of 250 services", ["nft"], () => {
    const parts = [...nftTransactions(new NftablesProgram(mixed))];
    for (const [i, part] of parts.entries())
      writeFileSync(join(folder, `nft-${String(i).padStart(3, "0")}`), part);
    expect(parts.length).toBe(21);
    expect(inNamespace("for part in nft-*; do nft -f $part || exit 1; done")).toEqual(accepted);
  });

  withTools(
    "ipset and iptables load the sets and rules of IPVS mode",
    ["ipset", "iptables-legacy-restore"],
    () => {
      write("ipset", mixed, "ipset");
      const text = write("ipvs-iptables", mixed, "ipvs-iptables");
      // A kernel without IPVS has no match for it either; the guest's test loads those rules.
      const here = "grep -v -e '-m ipvs' ipvs-iptables | iptables-legacy-restore";
      expect(inNamespace(`ipset restore < ipset && ${counters(text)} ${here}`)).toEqual(accepted);
    },
  );

  withTools(
    "ipvsadm -R takes them and -Sn prints them back, in a guest whose kernel has IPVS",
    ["linux.uml", "ipvsadm"],
    () => {
      const text = write("ipvsadm", clean, "ipvsadm");
      const rules = (lines: string) =>
        lines
          .split(/\r?\n/)
          .filter((line) => /^-[Aa] /.test(line))
          .sort();
      expect(rules(inGuest())).toEqual(rules(text));
    },
  );
});

/** Boots user-mode Linux on the host's own files, read-only and as nobody, and returns what it prints. */
function inGuest(): string {
  const init = join(folder, "init");
  writeFileSync(
    init,
    [
      "#!/bin/sh",
      "mount -t tmpfs none /run",
      "mount -t proc none /proc",
      "mkdir -p /run/lib && ln -s /usr/lib/uml/modules /run/lib/modules",
      "modprobe -d /run ip_vs && modprobe -d /run ip_vs_rr",
      // The kernel takes a server only where a route leads to it.
      "ip link set lo up && ip route add default dev lo",
      `ipvsadm -R < ${folder}/ipvsadm && ipvsadm -Sn`,
      "echo o > /proc/sysrq-trigger",
      "sleep 60",
      "",
    ].join("\n"),
  );
  chmodSync(folder, 0o755);
  chmodSync(init, 0o755);
  const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "env", "TMPDIR=/tmp", "HOME=/tmp"];
  const guest = [
    "linux.uml",
    "mem=1G",
    "rootfstype=hostfs",
    "rootflags=/",
    "ro",
    `init=${init}`,
    "con=null",
    "con0=fd:0,fd:1",
    "quiet",
  ];
  const { stdout } = spawnSync("setpriv", [...nobody, ...guest], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    timeout: LONGEST_MS,
    killSignal: "SIGKILL",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return stdout;
}

describe("what nft prints of an export", () => {
  for (const json of ["", "-j "]) {
    withTools(`is imported as the export is (nft ${json}list ruleset)`, ["nft"], () => {
      const text = write("nft", few, "nft");
      const { status, output } = inNamespace(`nft -f nft && nft ${json}list ruleset`);
      expect(status).toBe(0);
      const summary = (input: string) => {
        const { cluster, report } = importCluster(input);
        return [
          report,
          cluster.services,
          cluster.endpoints,
          [...cluster.affinitySeconds].sort(),
          [...cluster.nodePort].sort(),
        ];
      };
      expect(summary(output)).toEqual(summary(text));
    });
  }
});

it("has the tools' script name every tool that is used here", () => {
  const script = readFileSync(new URL("../../scripts/install-kernel-tools.sh", import.meta.url), "utf8");
  for (const name of ["iptables", "nftables", "ipvsadm", "ipset", "iproute2", "kmod", "user-mode-linux"])
    expect(script).toContain(name);
});
