/**
 * A real cluster: needs Linux, root, and what `scripts/test-cluster.sh tools` installs and builds. `.ci/run` does not do that
 * yet, so that these tests are skipped there, and say so.
 */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readResults } from "../../src/results/files.js";
import { LONGEST_MS } from "../support/patience.js";

const CLI = "dist/src/cli/main.js";
const CLUSTER = "scripts/test-cluster.sh";
const PROGRAMS = join(
  process.env.XDG_CACHE_HOME ?? join(os.homedir(), ".cache"),
  "lbscale/kubernetes-v1.36.3",
);
const KUBECONFIG = "/opt/lbscale-cluster/admin.kubeconfig";
const ENVIRONMENT = { ...process.env, KUBECONFIG, PATH: `${PROGRAMS}:${process.env.PATH}` };
const OURS = "app.kubernetes.io/managed-by=lbscale";

const lacking = reasonToSkip();
function reasonToSkip(): string | null {
  if (os.platform() !== "linux") return "not Linux";
  if (process.getuid?.() !== 0) return "not root";
  if (!existsSync(join(PROGRAMS, "kubectl"))) return "no Kubernetes programs (scripts/test-cluster.sh tools)";
  if (!existsSync("dist/native/cluster-probe-amd64")) return "no probe (scripts/build-cluster-probe.sh)";
  const absent = ["etcd", "containerd", "runc"].filter((tool) => spawnSync("which", [tool]).status !== 0);
  return absent.length === 0 ? null : `not installed: ${absent.join(", ")} (scripts/test-cluster.sh tools)`;
}
if (lacking !== null) console.warn(`no cluster is tested: ${lacking}`);

function run(program: string, ...args: string[]) {
  return spawnSync(program, args, {
    encoding: "utf8",
    env: ENVIRONMENT,
    timeout: LONGEST_MS,
    maxBuffer: 2 ** 28,
  });
}
const lbscale = (...args: string[]) => run(process.execPath, CLI, ...args);
const kubectl = (...args: string[]) => run("kubectl", ...args);

/** Everything in the cluster that a run made, pods and namespaces included. */
function leftovers(): string[] {
  const kinds = "namespaces,services,endpointslices,configmaps,deployments,jobs,pods";
  const { stdout, status } = kubectl("get", kinds, "-A", "-l", OURS, "-o", "name");
  expect(status).toBe(0);
  return stdout.split("\n").filter((line) => line !== "");
}

/** Starts a run, waits until it writes `text`, and ends it with a signal. */
function interrupted(out: string, text: string, signal: NodeJS.Signals): Promise<number | null> {
  const args = [
    CLI,
    "run",
    "--lane",
    "cluster",
    "--services",
    "300",
    "--duration",
    "10s",
    "--yes",
    "--out",
    out,
  ];
  const child = spawn(process.execPath, args, { env: ENVIRONMENT, stdio: ["ignore", "ignore", "pipe"] });
  let words = "";
  let isSent = false;
  child.stderr.on("data", (chunk: Buffer) => {
    words += chunk.toString();
    // Once: a second Ctrl-C does not wait for the cleaning.
    if (!isSent && words.includes(text)) isSent = child.kill(signal);
  });
  return new Promise((resolve) => child.on("exit", resolve));
}

const folder = mkdtempSync(join(os.tmpdir(), "lbscale-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(lacking !== null).each(["nftables", "iptables"])(
  "a cluster with kube-proxy in mode %s",
  (mode) => {
    beforeAll(() => {
      run(CLUSTER, "down");
      const { status, stdout, stderr } = run(CLUSTER, "up", "--mode", mode);
      expect(stderr).toBe("");
      expect(stdout).toBe(`KUBECONFIG=${KUBECONFIG}\n`);
      expect(status).toBe(0);
    });
    afterAll(() => {
      expect(run(CLUSTER, "down").status).toBe(0);
    });

    it("is measured at 1, 100 and 1,000 Services, every connection at an endpoint of its Service", () => {
      const out = join(folder, mode);
      const { status, stderr } = lbscale(
        ...[
          "run",
          "--lane",
          "cluster",
          "--services",
          "1,100,1000",
          "--duration",
          "6s",
          "--yes",
          "--out",
          out,
        ],
      );
      expect(stderr).toContain(`kube-proxy v1.36.3, ${mode}`);
      expect(status).toBe(0);
      const { cells, equivalence, environment, cluster } = readResults(out);
      expect(cells).toHaveLength(12);
      for (const { estimate, percentiles, replicates } of cells) {
        expect(replicates).toHaveLength(10);
        expect(estimate?.median).toBeGreaterThan(0);
        expect(percentiles?.p99.value).toBeGreaterThan(percentiles?.p50.value ?? Number.POSITIVE_INFINITY);
      }
      expect(new Set(cells.map(({ plane }) => plane))).toEqual(new Set([mode, "direct"]));
      expect(equivalence).toMatchObject({ disagreements: 0, services: 1000 });
      expect(equivalence.flows).toBeGreaterThan(3000);
      const text = JSON.stringify({ cells, environment, cluster });
      for (const secret of ["lbscale-node", "10.213.0", "10.244.", "10.96."])
        expect(text).not.toContain(secret);
      expect(leftovers()).toEqual([]);
    });

    it.each(["starting target pods", "making Service"])(
      "keeps nothing of a run that SIGINT ends while it is %s",
      async (phase) => {
        expect(await interrupted(join(folder, `${mode} ${phase}`), phase, "SIGINT")).toBe(130);
        expect(leftovers()).toEqual([]);
      },
    );

    it("keeps nothing of a killed run after `lbscale clean`, and no process of it", async () => {
      await interrupted(join(folder, `${mode} killed`), "making Service", "SIGKILL");
      expect(leftovers()).not.toEqual([]);
      expect(lbscale("clean").stdout).toMatch(/^removed namespace lbscale-/);
      expect(leftovers()).toEqual([]);
      expect(run("pgrep", "-f", "kubectl proxy --unix-socket").stdout).toBe("");
      expect(lbscale("clean").stdout).toBe("nothing was left behind\n");
    });

    it("has no context that is not there, says one line", () => {
      const { status, stderr } = lbscale("run", "--lane", "cluster", "--yes", "--context", "nowhere");
      expect(stderr).toBe('lbscale: kubectl: context "nowhere" does not exist\n');
      expect(status).toBe(2);
      expect(leftovers()).toEqual([]);
    });
  },
);
