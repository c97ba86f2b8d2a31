/**
 * A real cluster of one node for the tests of the cluster lane. It takes Linux, root, and what
 * `scripts/test-cluster.sh tools` and `scripts/build-cluster-probe.sh` make.
 */

import { execFile, spawn, spawnSync } from "node:child_process";
import { createPrivateKey, sign } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { parse } from "yaml";
import { LONGEST_MS } from "../support/patience.js";

const CLI = "dist/src/cli/main.js";
const CLUSTER = "scripts/test-cluster.sh";
const STATE = "/opt/lbscale-cluster";
const KUBECONFIG = join(STATE, "admin.kubeconfig");
const PROGRAMS = join(
  process.env.XDG_CACHE_HOME ?? join(os.homedir(), ".cache"),
  "lbscale/kubernetes-v1.36.3",
);
const ENVIRONMENT = { ...process.env, KUBECONFIG, PATH: `${PROGRAMS}:${process.env.PATH}` };

const lacking = reasonToSkip();
function reasonToSkip(): string | null {
  if (os.platform() !== "linux") return "not Linux";
  if (process.getuid?.() !== 0) return "not root";
  if (!existsSync(join(PROGRAMS, "kubectl"))) return "no Kubernetes programs (scripts/test-cluster.sh tools)";
  if (!existsSync("dist/native/cluster-probe-amd64")) return "no probe (scripts/build-cluster-probe.sh)";
  const absent = ["etcd", "containerd", "runc"].filter((tool) => spawnSync("which", [tool]).status !== 0);
  return absent.length === 0 ? null : `not installed: ${absent.join(", ")} (scripts/test-cluster.sh tools)`;
}
if (lacking !== null) console.warn(`no cluster to test: ${lacking}`);

/** Whether tests of a real cluster are left out. In CI they never are: there they fail where it can't be started. */
export const leftOut = lacking !== null && process.env.CI === undefined;

/** Of this test file alone. */
export const folder = mkdtempSync(join(os.tmpdir(), "lbscale-cluster-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let outs = 0;
/** A folder for a run's results that no other run has, nor one that a test repeats. */
export const newOut = (): string => join(folder, `run ${++outs}`);

/** Starts a cluster before the tests of a `describe`, and takes it down after them. */
export function withTestCluster(...options: string[]): void {
  let toleratedUs: number | null = null;
  beforeAll(() => {
    expect(lacking).toBeNull();
    run(CLUSTER, "down");
    toleratedUs = toleratedWakeUpUs();
    const { status, stdout, stderr } = run(CLUSTER, "up", ...options);
    expect(stderr).toBe("");
    expect(stdout).toBe(`KUBECONFIG=${KUBECONFIG}\n`);
    expect(status).toBe(0);
  });
  afterAll(() => {
    expect(run(CLUSTER, "down").status).toBe(0);
    expect(leftOnMachine()).toEqual([]);
    expect(toleratedWakeUpUs()).toBe(toleratedUs);
  });
}

const PM_QOS = "/dev/cpu_dma_latency";
/** How long an idle CPU may take to wake; null: the machine does not choose between states of idle CPUs, or not for us. */
export function toleratedWakeUpUs(): number | null {
  try {
    return readFileSync(PM_QOS).readInt32LE();
  } catch {
    return null;
  }
}

/** What a cluster that was taken down left outside its namespaces. */
function leftOnMachine(): string[] {
  const groups = run("find", "/sys/fs/cgroup", "-maxdepth", "2", "-name", "lbscale-cluster*").stdout;
  const processes = run("pgrep", "-f", "-a", STATE).stdout;
  return [STATE, "/sys/class/net/lbscale0"]
    .filter((path) => existsSync(path))
    .concat(groups.split("\n"), processes.split("\n"))
    .filter((line) => line !== "");
}

/** Runs a program to its end, with the cluster's kubectl and its administrator. */
export function run(program: string, ...args: string[]) {
  return spawnSync(program, args, {
    encoding: "utf8",
    env: ENVIRONMENT,
    timeout: LONGEST_MS,
    maxBuffer: 2 ** 28,
  });
}
export const lbscale = (...args: string[]) => run(process.execPath, CLI, ...args);
export const measure = (...args: string[]) => lbscale("run", "--lane", "cluster", "--yes", ...args);

/** As `run`, while tests go on that are of the same group. */
function runAsync(program: string, ...args: string[]) {
  return new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) => {
    const options = { env: ENVIRONMENT, timeout: LONGEST_MS, maxBuffer: 2 ** 28 };
    const child = execFile(program, args, options, (_, stdout, stderr) =>
      resolve({ status: child.exitCode, stdout, stderr }),
    );
  });
}
export const lbscaleAsync = (...args: string[]) => runAsync(process.execPath, CLI, ...args);
export const measureAsync = (...args: string[]) => lbscaleAsync("run", "--lane", "cluster", "--yes", ...args);

/** What kubectl prints; it must not fail. */
export function kubectl(...args: string[]): string {
  const { stdout, stderr, status } = run("kubectl", ...args);
  expect([withoutWarnings(stderr), status]).toEqual(["", 0]);
  return stdout;
}

const withoutWarnings = (words: string): string => words.replace(/^Warning:.*\n/gm, "");

/** Gives kubectl manifests to apply. */
function apply(name: string, text: string): void {
  const file = join(folder, name);
  writeFileSync(file, text);
  kubectl("apply", "-f", file);
}

const MANAGED_SELECTOR = ["-l", "app.kubernetes.io/managed-by=lbscale", "-o", "name"];
const KINDS = "services,endpointslices,configmaps,deployments,jobs,pods";

/** Everything in the cluster that runs made, pods and namespaces included. */
export function leftovers(): string[] {
  return linesOf(kubectl("get", `namespaces,${KINDS}`, "-A", ...MANAGED_SELECTOR));
}

/** The namespace that a run said it began in: everything that it made is in it. */
export function namespaceIn(words: string): string {
  const namespace = /starting target pods in namespace ([a-z0-9-]+)/.exec(words)?.[1];
  expect(namespace).toBeDefined();
  return namespace ?? "";
}

/** What is left of a run while others go on: its namespace, or in one that was given what runs made. */
export async function leftOf(words: string, given?: string): Promise<string[]> {
  const what =
    given === undefined
      ? ["namespace", namespaceIn(words), "--ignore-not-found", "-o", "name"]
      : [KINDS, `--namespace=${given}`, ...MANAGED_SELECTOR];
  const { stdout, stderr, status } = await runAsync("kubectl", "get", ...what);
  expect([withoutWarnings(stderr), status]).toEqual(["", 0]);
  return linesOf(stdout);
}

/** Processes of kubectl that runs started. */
export const connections = (): string =>
  run("pgrep", "-f", "kubectl (proxy --unix-socket|attach --stdin)").stdout;

const linesOf = (text: string): string[] => text.split("\n").filter((line) => line !== "");

/** Starts a run (of 100 Services unless told), does something once it writes `text`, and waits for its end. */
export function whenItSays(
  text: string,
  act: (kill: (signal: NodeJS.Signals) => void) => void,
  ...args: string[]
): Promise<{ code: number | null; signal: NodeJS.Signals | null; words: string }> {
  const services = args.includes("--services") ? [] : ["--services", "100"];
  const wanted = [...services, "--duration", "2s", "--yes", ...args];
  const child = spawn(process.execPath, [CLI, "run", "--lane", "cluster", ...wanted], {
    env: ENVIRONMENT,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let words = "";
  let isDone = false;
  child.stderr.on("data", (chunk: Buffer) => {
    words += chunk.toString();
    // Once: a second Ctrl-C does not wait for the cleaning.
    if (isDone || !words.includes(text)) return;
    isDone = true;
    act((signal) => child.kill(signal));
  });
  return new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal, words })));
}

/** Ends the API server at once; the cluster starts it again. */
export function killApiServer(): void {
  const [pid] = run("pgrep", "-f", `^${PROGRAMS}/kube-apiserver`).stdout.split("\n");
  expect(Number(pid)).toBeGreaterThan(1);
  process.kill(Number(pid), "SIGKILL");
}

/** A ServiceAccount's token. */
export function tokenOf(account: string): string {
  return kubectl("create", "token", account, "--duration", "10m").trim();
}

/** The token as the cluster would have signed it a day ago. */
export function expired(token: string): string {
  const [head = "", body = ""] = token.split(".");
  const claims: Record<string, unknown> = JSON.parse(Buffer.from(body, "base64url").toString());
  const now = Math.floor(Date.now() / 1000);
  const past = { ...claims, iat: now - 86_400, nbf: now - 86_400, exp: now - 3600 };
  const signed = `${head}.${Buffer.from(JSON.stringify(past)).toString("base64url")}`;
  const key = createPrivateKey(readFileSync(join(STATE, "pki/service-account.key")));
  const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

/** A policy against a run's objects of a kind, once the API server follows it; returns what takes it away. */
export function forbid(resources: "namespaces" | "pods", message: string): () => void {
  const name = `forbid-${resources}`;
  const group = "apiVersion: admissionregistration.k8s.io/v1";
  const rule = `{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [${resources}]}`;
  apply(
    "policy.yaml",
    `${group}
kind: ValidatingAdmissionPolicy
metadata: {name: ${name}}
spec:
  failurePolicy: Fail
  matchConstraints: {resourceRules: [${rule}]}
  validations: [{expression: "false", message: ${message}}]
---
${group}
kind: ValidatingAdmissionPolicyBinding
metadata: {name: ${name}}
spec: {policyName: ${name}, validationActions: [Deny]}
`,
  );
  const trial =
    resources === "pods"
      ? ["run", "trial", "--image=none", "--dry-run=server"]
      : ["create", "namespace", "trial", "--dry-run=server"];
  // A policy that is not read to its end refuses as well, in other words.
  waitUntil(() => run("kubectl", ...trial).stderr.includes(message));
  return () => {
    kubectl("delete", "validatingadmissionpolicies,validatingadmissionpolicybindings", name);
    waitUntil(() => run("kubectl", ...trial).status === 0);
  };
}

/** Asks once a second, a minute long. */
export function waitUntil(isSo: () => boolean): void {
  for (let asked = 0; asked < 60; asked++) {
    if (isSo()) return;
    spawnSync("sleep", ["1"]);
  }
  throw new Error("the cluster does not get there within a minute");
}

let measurers = 0;
/** A kubeconfig of a ServiceAccount that has the rights that --dry-run prints for a run, optional ones too, and no others. */
export function kubeconfigOfMeasurer(...options: string[]): string {
  const { stdout, status } = lbscale("run", "--lane", "cluster", ...options, "--dry-run");
  expect(status).toBe(0);
  const roles = stdout.split("---\n").filter((text) => /^kind: (Cluster)?Role$/m.test(text));
  apply("roles.yaml", roles.join("---\n"));
  const account = `measurer-${++measurers}`;
  kubectl("create", "serviceaccount", account);
  for (const text of roles) {
    const { kind, metadata }: RoleObject = parse(text);
    const binding = [`${account}-${metadata.name}`, `--serviceaccount=default:${account}`];
    if (kind === "ClusterRole") {
      kubectl("create", "clusterrolebinding", ...binding, `--clusterrole=${metadata.name}`);
    } else {
      const where = `--namespace=${metadata.namespace}`;
      kubectl("create", "rolebinding", ...binding, `--role=${metadata.name}`, where);
    }
  }
  return kubeconfigWith(tokenOf(account));
}

/** What a binding needs to know of a role. */
interface RoleObject {
  readonly kind: "ClusterRole" | "Role";
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** A kubeconfig whose user has a token. */
export function kubeconfigWith(token: string): string {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.kubeconfig`);
  writeFileSync(file, readFileSync(KUBECONFIG));
  kubectl("config", "--kubeconfig", file, "set-credentials", "other", `--token=${token}`);
  kubectl("config", "--kubeconfig", file, "set-context", "--current", "--user=other");
  return file;
}
