/** The kernel lane in IPv6: needs Linux, root and scripts/install-kernel-tools.sh. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect } from "vitest";
import { readResults } from "../../src/results/files.js";
import { LONGEST_MS, UNHURRIED } from "../support/patience.js";
import { withTools } from "./tools.js";

const TOOLS = ["ip6tables-legacy-restore", "ip6tables-nft-restore", "nft", "conntrack", "cc", "clang"];
const MAPS = ["ebpf", "ebpf-tc", "ebpf-maglev", "calico-ebpf", "calico-ebpf-socket"];
const PLANES = [...MAPS, "nftables", "iptables-nft", "iptables"];

const folder = mkdtempSync(join(os.tmpdir(), "lbscale-kernel-ipv6-"));
afterAll(() => rmSync(folder, { recursive: true }));

function lbscale(...args: string[]) {
  return spawnSync(process.execPath, ["dist/src/cli/main.js", ...args], {
    encoding: "utf8",
    timeout: LONGEST_MS,
  });
}

/** As EKS makes them: a pod has an address of its node's own /80, and a load balancer lets in a range that holds them all. */
const FAR = ["web", "api"].flatMap((name, i) => [
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name },
    spec: {
      type: "LoadBalancer",
      clusterIP: `fd1c:6a20:be6::${i + 1}f3d`,
      ipFamilies: ["IPv6"],
      loadBalancerSourceRanges: ["2600:1f13::/32", "2001:db8:1::/48"],
      ports: [{ port: 80, nodePort: 31_234 + i }],
    },
    status: { loadBalancer: { ingress: [{ ip: `2001:db8:99::${i + 1}` }] } },
  },
  {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${name}-a`, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv6",
    ports: [{ port: 8080 + i }],
    endpoints: [1, 2, 3].map((node) => ({
      addresses: [`2600:1f13:aaa:bb0${node}:${node}c::a${i}`],
      nodeName: `node-${node}`,
    })),
  },
]);

describe("the kernel lane in IPv6", () => {
  withTools("decides as the contract says for flows of every kind", TOOLS, () => {
    const { status, stdout } = lbscale(
      ...["verify", "--lane", "kernel", "--family", "6", "--planes", PLANES.join()],
      ...["--services", "60", "--flows", "3000", "--json"],
    );
    const results = JSON.parse(stdout) as { plane: string; flows: number; disagreements: number }[];
    expect(results.map(({ plane, disagreements }) => [plane, disagreements])).toEqual(
      PLANES.map((plane) => [plane, 0]),
    );
    for (const { flows } of results) expect(flows).toBeGreaterThan(1000);
    expect(status).toBe(0);
  });

  withTools("is checked in both families of a node by one command", TOOLS, () => {
    const { status, stdout } = lbscale(
      ...["verify", "--lane", "kernel", "--family", "dual", "--planes", "nftables,ebpf"],
      ...["--services", "20", "--flows", "800", "--json"],
    );
    const results = JSON.parse(stdout) as Record<
      string,
      { plane: string; flows: number; disagreements: number }[]
    >;
    expect([status, Object.keys(results)]).toEqual([0, ["ipv4", "ipv6"]]);
    for (const family of Object.values(results)) {
      expect(family.map(({ plane, disagreements }) => [plane, disagreements])).toEqual([
        ["ebpf", 0],
        ["nftables", 0],
      ]);
      for (const { flows } of family) expect(flows).toBeGreaterThan(300);
    }
  });

  withTools(
    "decides so for a cluster whose addresses lie far apart, in others of the same ranges",
    TOOLS,
    () => {
      const path = join(folder, "far.json");
      writeFileSync(path, JSON.stringify(FAR));
      const { status, stdout, stderr } = lbscale(
        ...["verify", path, "--lane", "kernel", "--planes", "iptables,nftables,ebpf,calico-ebpf"],
        ...["--flows", "1000", "--json"],
      );
      expect(stderr).toContain("others of the same ranges stand for them");
      const results = JSON.parse(stdout) as { flows: number; disagreements: number }[];
      expect(results.map(({ flows, disagreements }) => [flows > 500, disagreements])).toEqual(
        Array.from({ length: 4 }, () => [true, 0]),
      );
      expect(status).toBe(0);
    },
  );

  withTools("decides in a guest's IPVS as the contract says", [...TOOLS, "linux.uml", "ipvsadm"], () => {
    const { status, stdout } = lbscale(
      ...["verify", "--lane", "guest", "--family", "6", "--planes", "ipvs"],
      ...["--services", "30", "--flows", "800", "--json"],
    );
    const [{ plane, flows, disagreements }] = JSON.parse(stdout);
    expect([status, plane, disagreements]).toEqual([0, "ipvs", 0]);
    expect(flows).toBeGreaterThan(600);
  });

  withTools("measures connections, and tables and maps take the bytes of the model", TOOLS, () => {
    const out = join(folder, "run");
    const planes = ["direct", "ebpf", "ebpf-tc", "calico-ebpf", "nftables", "iptables"];
    const { status, stderr } = lbscale(
      ...["run", "--lane", "kernel", "--family", "6", "--planes", planes.join()],
      ...["--scenarios", "connect,established,lookup,memory,update", "--services", "1,1000"],
      ...["--connections", "50", ...UNHURRIED, "--replicates", "1", "--formats", "none", "--out", out],
    );
    expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
    const { run, cells } = readResults(out);
    expect(run.settings.family).toBe(6);
    for (const { plane, scenario, replicates, lane } of cells)
      if (lane === "kernel" && scenario !== "memory")
        expect([plane, scenario, replicates.length]).toEqual([plane, scenario, 1]);
    const looked = cells.filter((cell) => cell.lane === "kernel" && cell.scenario === "lookup");
    expect(new Set(looked.map(({ plane }) => plane))).toEqual(new Set(["ebpf", "calico-ebpf"]));
    const memory = cells.filter(({ scenario }) => scenario === "memory");
    for (const { plane, counts, programBytes } of memory) {
      if (plane === "iptables") expect(counts!["table nat bytes"]).toBe(programBytes);
      if (MAPS.includes(plane)) expect([plane, counts!.bytes]).toEqual([plane, counts!["modelled bytes"]]);
    }
  });

  withTools("refuses by name what has one family, where a node has both", TOOLS, () => {
    const refusal = (...words: string[]) =>
      lbscale("run", "--lane", "kernel", "--family", "dual", ...words).stderr;
    expect(refusal("--planes", "nftables")).toMatch(/planes: nftables is measured in one family/);
    expect(refusal("--scenarios", "connect")).toMatch(/scenarios: connect is measured in one family/);
  });
});
