/** The kernel lane in IPv6: needs Linux, root and scripts/install-kernel-tools.sh. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect } from "vitest";
import { readResults } from "../../src/results/files.js";
import { LONGEST_MS, UNHURRIED } from "../support/patience.js";
import { withTools } from "./tools.js";

const TOOLS = ["ip6tables-legacy-restore", "ip6tables-nft-restore", "nft", "conntrack", "cc"];
const PLANES = ["nftables", "iptables-nft", "iptables"];

const folder = mkdtempSync(join(os.tmpdir(), "lbscale-kernel-ipv6-"));
afterAll(() => rmSync(folder, { recursive: true }));

function lbscale(...args: string[]) {
  return spawnSync(process.execPath, ["dist/src/cli/main.js", ...args], {
    encoding: "utf8",
    timeout: LONGEST_MS,
  });
}

describe("the kernel lane in IPv6", () => {
  withTools("decides as the contract says for flows of every kind", TOOLS, () => {
    const { status, stdout } = lbscale(
      ...["verify", "--lane", "kernel", "--family", "6", "--services", "60", "--flows", "3000", "--json"],
    );
    const results = JSON.parse(stdout) as { plane: string; flows: number; disagreements: number }[];
    expect(results.map(({ plane, disagreements }) => [plane, disagreements])).toEqual(
      PLANES.map((plane) => [plane, 0]),
    );
    for (const { flows } of results) expect(flows).toBeGreaterThan(1000);
    expect(status).toBe(0);
  });

  withTools("measures connections, and its table takes the bytes of the model", TOOLS, () => {
    const out = join(folder, "run");
    const { status, stderr } = lbscale(
      ...["run", "--lane", "kernel", "--family", "6", "--planes", "direct,nftables,iptables"],
      ...["--scenarios", "connect,established,memory", "--services", "1,1000", "--connections", "50"],
      ...[...UNHURRIED, "--replicates", "1", "--formats", "none", "--out", out],
    );
    expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
    const { run, cells } = readResults(out);
    expect(run.settings.family).toBe(6);
    for (const { plane, scenario, replicates, lane } of cells)
      if (lane === "kernel" && scenario !== "memory")
        expect([plane, scenario, replicates.length]).toEqual([plane, scenario, 1]);
    const table = cells.find((cell) => cell.plane === "iptables" && cell.scenario === "memory")!;
    expect(table.counts!["table nat bytes"]).toBe(table.programBytes);
  });

  withTools("refuses by name what it measures with IPv4 alone", TOOLS, () => {
    const refusal = (...args: string[]) => lbscale("run", "--lane", "kernel", ...args).stderr;
    expect(refusal("--family", "6", "--planes", "ebpf")).toMatch(/ebpf is measured with IPv4 in the kernel/);
    expect(refusal("--family", "6", "--scenarios", "lookup")).toMatch(/lookup is measured with IPv4/);
    expect(refusal("--family", "6", "--planes", "cilium@1.20")).toMatch(/cilium@1.20 is measured with IPv4/);
    expect(refusal("--family", "dual")).toMatch(/one family at a time: give 4 or 6/);
  });
});
