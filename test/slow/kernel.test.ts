/** The kernel lane against the real kernel: needs Linux, root and scripts/install-kernel-tools.sh. */

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { generateCluster, MIXED } from "../../src/cluster/generate.js";
import { writeCluster } from "../../src/cluster/json.js";
import { GUEST_PLANE_IDS, KERNEL_PLANE_IDS, PROXY_PLANES } from "../../src/kernel/plane.js";
import { PREFIX } from "../../src/kernel/testbed/clean.js";
import { NOBODY } from "../../src/kernel/testbed/guest.js";
import { readResults } from "../../src/results/files.js";
import { LONGEST_MS, UNHURRIED } from "../support/patience.js";

const CLI = "dist/src/cli/main.js";

function lbscale(...args: string[]) {
  return spawnSync(process.execPath, [CLI, ...args], { encoding: "utf8", timeout: LONGEST_MS });
}

/** What standard error holds but for what is said before each testbed is built. */
function complaints(stderr: string): string {
  return stderr.replace(/^building the .* follows\n/gm, "");
}

/** Why these tests can't run here; where CI is set that is a failure. */
const lacking = reasonToSkip();
function reasonToSkip(): string | null {
  if (os.platform() !== "linux") return "not Linux";
  if (process.getuid?.() !== 0) return "not root";
  const { kernel } = JSON.parse(lbscale("doctor", "--json", "--probe-guest").stdout) as {
    kernel: string | { name: string; lacks: string | null }[];
  };
  if (typeof kernel === "string") return kernel;
  return kernel.find(({ lacks }) => lacks !== null)?.lacks ?? null;
}
if (lacking !== null && process.env.CI !== "true") {
  console.warn(`kernel lane not tested: ${lacking}; as root, after scripts/install-kernel-tools.sh, it is`);
}

it.runIf(process.env.CI === "true")("finds everything that the kernel lane needs, where CI is set", () => {
  expect(lacking).toBeNull();
});

describe.skipIf(lacking !== null)("the kernel lane", () => {
  it("decides as the contract says in every plane, for flows of every kind", () => {
    const { status, stdout, stderr } = lbscale(
      ...["verify", "--lane", "kernel", "--services", "60", "--flows", "3000", "--json"],
    );
    expect(complaints(stderr)).toBe("");
    const results = JSON.parse(stdout) as {
      plane: string;
      flows: number;
      left: Record<string, number>;
      disagreements: number;
    }[];
    expect(results.map(({ plane }) => plane)).toEqual(PROXY_PLANES);
    for (const { plane, flows, left, disagreements } of results) {
      expect(disagreements).toBe(0);
      expect(flows).toBeGreaterThan(2000);
      const asked = Object.values(left).reduce((sum, count) => sum + count, flows);
      // At the socket each UDP flow is sent twice: by connect4, and by sendmsg4 and recvmsg4.
      if (["ebpf", "calico-ebpf-socket"].includes(plane)) expect(asked).toBeGreaterThan(3100);
      else expect(asked).toBe(3000);
    }
    expect(status).toBe(0);
  });

  it("measures every plane and the baselines, and checks each connection", () => {
    const out = mkdtempSync(join(os.tmpdir(), "lbscale-test-"));
    try {
      const { status, stderr } = lbscale(
        ...["run", "--lane", "kernel", "--services", "1,20", "--replicates", "2", "--connections", "50"],
        ...[...UNHURRIED, "--planes", KERNEL_PLANE_IDS.join(","), "--out", join(out, "run")],
      );
      expect(stderr).not.toContain("internal error");
      expect(status).toBe(0);
      const { cells, equivalence, run } = readResults(join(out, "run"));
      expect(run.complete).toBe(true);
      const here = cells.some(({ lane }) => lane === "guest")
        ? KERNEL_PLANE_IDS.filter((id) => id !== "ipvs")
        : KERNEL_PLANE_IDS;
      const inGuest = here === KERNEL_PLANE_IDS ? [] : GUEST_PLANE_IDS;
      expect(equivalence.flows).toBe((here.length + inGuest.length) * 2 * 2 * 50);
      for (const scenario of ["connect", "established"]) {
        const of = cells.filter((cell) => cell.scenario === scenario);
        const planesOf = (lane: string) => of.filter((cell) => cell.lane === lane).map(({ plane }) => plane);
        expect(planesOf("kernel")).toEqual(here.flatMap((id) => [id, id]));
        expect(planesOf("guest")).toEqual(inGuest.flatMap((id) => [id, id]));
        for (const { replicates } of of) {
          expect(replicates.map(({ checkedBatches }) => checkedBatches)).toEqual([50, 50]);
          for (const { median } of replicates) expect(median).toBeGreaterThan(0);
        }
      }
      for (const cell of cells.filter(({ scenario }) => scenario === "update")) {
        // An endpoint joined and left twice, and each time connections found what they should.
        expect({ cell: [cell.lane, cell.plane, cell.variant], warnings: cell.warnings }).toEqual({
          cell: [cell.lane, cell.plane, cell.variant],
          warnings: expect.not.arrayContaining([expect.stringMatching(/failed/)]),
        });
        expect(cell.replicates.map(({ samples }) => samples.length)).toEqual([2, 2]);
        for (const { floorNs } of cell.replicates) expect(floorNs).toBeGreaterThan(0);
      }
      const held = cells.filter(
        ({ scenario, counts }) => scenario === "memory" && counts?.bytes !== undefined,
      );
      for (const { plane, services, counts, programBytes } of held) {
        if (plane === "iptables")
          expect({ services, bytes: counts!["table nat bytes"] }).toEqual({ services, bytes: programBytes });
        if (["ebpf", "ebpf-tc"].includes(plane))
          expect({ services, bytes: counts!.bytes }).toEqual({ services, bytes: counts!["modelled bytes"] });
      }
      const sizes = (id: string) =>
        held.filter(({ plane, lane }) => plane === id && lane === "kernel").length;
      expect(["iptables", "ebpf", "ebpf-tc", "ebpf-maglev"].map(sizes)).toEqual([2, 2, 2, 2]);
      for (const chart of ["kernel-columns", "kernel-update", "kernel-memory"])
        expect(existsSync(join(out, "run", "charts", `${chart}-light.png`))).toBe(true);
    } finally {
      rmSync(out, { recursive: true });
    }
  });

  it("holds IPVS and iptables to the contract in a user-mode Linux guest, whoever starts it", () => {
    const args = ["verify", "--lane", "guest", "--services", "30", "--flows", "1000", "--json"];
    for (const uid of [0, NOBODY]) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
        encoding: "utf8",
        timeout: LONGEST_MS,
        uid,
      });
      expect({ uid, said: complaints(stderr), status }).toEqual({ uid, said: "", status: 0 });
      const results = JSON.parse(stdout) as { plane: string; disagreements: number; flows: number }[];
      expect(results.map(({ plane }) => plane)).toEqual(["iptables", "ipvs"]);
      for (const { flows, disagreements } of results) {
        expect(disagreements).toBe(0);
        expect(flows).toBeGreaterThan(700);
      }
    }
  });

  it("says what became of a guest that is cut off", async () => {
    const ours = guestsFromNow();
    const child = spawn(process.execPath, [CLI, "verify", "--lane", "guest", "--services", "30"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    await expect.poll(ours, { interval: 50, timeout: LONGEST_MS }).not.toEqual([]);
    for (const pid of ours()) process.kill(pid, "SIGKILL");
    expect(await ended).toBe(1);
    expect(complaints(stderr)).toMatch(/^lbscale: the user-mode Linux guest: it ended early: /);
    expect(complaints(stderr).trim().split("\n")).toHaveLength(1);
  });

  it("leaves no guest behind when it is killed", async () => {
    const ours = guestsFromNow();
    const child = spawn(process.execPath, [CLI, "verify", "--lane", "guest", "--services", "30"], {
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    await expect.poll(ours, { interval: 50, timeout: LONGEST_MS }).not.toEqual([]);
    child.kill("SIGKILL");
    await ended;
    await expect.poll(ours, { interval: 50, timeout: LONGEST_MS }).toEqual([]);
    expect(lbscale("doctor", "--clean").status).toBe(0);
  });

  it("leaves the host as it was, when it ends and when it is killed", async () => {
    const before = hostState();
    expect(lbscale("verify", "--lane", "kernel", "--services", "5", "--flows", "100").status).toBe(0);
    await expect.poll(hostState, FREED).toEqual(before);

    const out = mkdtempSync(join(os.tmpdir(), "lbscale-test-"));
    try {
      await killWhileMeasuring(join(out, "run"));
      expect(hostState().filter((line) => line.includes(PREFIX))).not.toEqual([]);
      expect(lbscale("doctor", "--clean").status).toBe(0);
      await expect.poll(hostState, FREED).toEqual(before);
    } finally {
      rmSync(out, { recursive: true });
    }
  });

  it("refuses names that would be rules, before anything is loaded", () => {
    const folder = mkdtempSync(join(os.tmpdir(), "lbscale-test-"));
    const hostile = [
      "a\n-A INPUT -j ACCEPT",
      'a"b',
      "a -j ACCEPT",
      "a'b",
      "x".repeat(300),
      "$(reboot)",
      "a;b",
      "a{b",
    ];
    try {
      const file = join(folder, "cluster.json");
      const before = hostState();
      for (const name of hostile) {
        const cluster = JSON.parse([...writeCluster(generateCluster({ services: 1, seed: 1 }))].join("")) as {
          services: { name: string }[];
        };
        cluster.services[0]!.name = `default/${name}`;
        writeFileSync(file, JSON.stringify(cluster));
        const { status, stderr } = lbscale("verify", "--lane", "kernel", "--flows", "10", file);
        expect({ name, status }).toEqual({ name, status: 2 });
        expect(stderr.trim().split("\n")).toHaveLength(1);
      }
      expect(hostState()).toEqual(before);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("loads the longest names that Kubernetes allows with the real tools", () => {
    const folder = mkdtempSync(join(os.tmpdir(), "lbscale-test-"));
    try {
      const file = join(folder, "cluster.json");
      const cluster = JSON.parse(
        [...writeCluster(generateCluster({ services: 2, seed: 1, ...MIXED }))].join(""),
      ) as {
        services: { name: string }[];
      };
      cluster.services[0]!.name = `${"n".repeat(63)}/${"s".repeat(253)}`;
      writeFileSync(file, JSON.stringify(cluster));
      const planes = "iptables,iptables-nft,nftables";
      const { status, stderr } = lbscale(
        "verify",
        "--lane",
        "kernel",
        "--flows",
        "100",
        "--planes",
        planes,
        file,
      );
      expect(complaints(stderr)).toBe("");
      expect(status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** Asks which guests that run now did not run before: a machine may have others. */
function guestsFromNow(): () => number[] {
  const others = new Set(guests());
  return () => guests().filter((pid) => !others.has(pid));
}

/** Processes of guests that have not ended. */
function guests(): number[] {
  const { stdout } = spawnSync("pgrep", ["-x", "--runstates", "D,R,S,T", "linux.uml"], { encoding: "utf8" });
  return stdout.split("\n").filter(Boolean).map(Number);
}

/**
 * How long the host may take to be as it was: the kernel frees a BPF program's maps after its last process is gone, on a
 * work queue (kernel/bpf/syscall.c, bpf_map_put), and a namespace likewise (cleanup_net).
 */
const FREED = { interval: 200, timeout: LONGEST_MS };

/** Rules, links, mounts, namespaces, cgroups, BPF objects and folders of the host; without comments and counters. */
function hostState(): string[] {
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { encoding: "utf8" }).split("\n");
  const rules = ["iptables-legacy-save", "iptables-nft-save"].flatMap((tool) =>
    run(tool).map((line) => line.replace(/\[\d+:\d+\]/, "")),
  );
  const cgroups = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith(PREFIX)) : [],
  );
  const bpf = run("bpftool", "prog", "show").filter((line) =>
    /at_connect|at_sendmsg|balance|restore|lookup_/.test(line),
  );
  const maps = run("bpftool", "map", "show").filter((line) => /lb4_|reverse_sk|ct4/.test(line));
  return [
    ...rules.filter((line) => !line.startsWith("#")),
    ...run("nft", "list", "ruleset"),
    // Not that of a test cluster (scripts/test-cluster/settings.sh), which other tests start and stop.
    ...run("ip", "-br", "link").filter((line) => !line.startsWith("lbscale0")),
    ...run("ip", "netns", "list"),
    ...readFileSync("/proc/self/mounts", "utf8").split("\n"),
    ...cgroups,
    ...[...bpf, ...maps].map((line) => line.replace(/^\d+/, "")),
    ...readdirSync(os.tmpdir()).filter((name) => name.startsWith(PREFIX)),
  ].sort();
}

/** Starts a run and kills it with SIGKILL as soon as it measures; waits until its processes are gone. */
async function killWhileMeasuring(out: string): Promise<void> {
  const args = [
    "run",
    "--lane",
    "kernel",
    "--planes",
    "ebpf,iptables",
    "--services",
    "20",
    "--replicates",
    "500",
    ...UNHURRIED,
  ];
  const child = spawn(process.execPath, [CLI, ...args, "--out", out], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  await new Promise<void>((resolve) => {
    child.stderr.on("data", (text: Buffer) => {
      if (/left/.test(text.toString())) resolve();
    });
  });
  child.kill("SIGKILL");
  await new Promise((resolve) => child.once("close", resolve));
}
