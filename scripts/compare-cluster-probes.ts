/**
 * The cluster lane's times next to those of other tools, of the same Services in the same cluster:
 * `npm run evidence:cluster`, as root, with `scripts/test-cluster.sh up` before it. Prints a table in Markdown.
 *
 * - `nc`: a process for each connection, timed by the shell that starts it; next to it the same with `true`, which does nothing.
 * - `curl`: one process for many connections, timed by itself (`time_connect`).
 * - `fortio`: a request of one byte and its answer over an open connection, timed by itself.
 * - `nc` again, every 50 ms, until a new Service answers.
 *
 * They run in the network of a pod of their own, on the node of the probe.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readResults } from "../src/results/files.js";
import type { Cell } from "../src/results/schema.js";
import { selectCells } from "../src/results/select.js";
import {
  microsecondsOf,
  type Row,
  type Times,
  tableOf,
  timesOf,
  timesOfCurl,
  timesOfFortio,
  timesOfShell,
} from "./cluster-probes/times.js";

const MAIN = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));
const STATE = "/opt/lbscale-cluster";
const NODE = "lbscale-node";
const SERVICES = 100;
const CONNECTIONS = 2000;
const NEW_SERVICES = 20;
/** What goes before a change that is timed: kube-proxy syncs once a second. */
const QUIET_MS = 2500;
const POD = "other-tools";
const MANAGED_SELECTOR = "app.kubernetes.io/managed-by=lbscale";

const missing = ["nc", "curl", "nsenter"].filter((tool) => spawnSync("which", [tool]).status !== 0);
if (missing.length > 0) {
  process.stderr.write(`not installed: ${missing.join(", ")} (Debian: netcat-openbsd, curl, util-linux)\n`);
  process.exit(2);
}
if (!existsSync(STATE)) {
  process.stderr.write("no test cluster is up: scripts/test-cluster.sh up\n");
  process.exit(2);
}

const fortio = programFrom("scripts/install-fortio.sh");
const environment = {
  ...process.env,
  LC_ALL: "C",
  KUBECONFIG: join(STATE, "admin.kubeconfig"),
  PATH: `${programFrom("scripts/install-kubernetes.sh")}:${process.env.PATH}`,
};
/** What a script that builds a program prints: where it is. */
function programFrom(script: string): string {
  return spawnOf("bash", [script], process.env, "").trim();
}

function run(program: string, args: readonly string[], input = ""): string {
  return spawnOf(program, args, environment, input);
}

function spawnOf(program: string, args: readonly string[], env: NodeJS.ProcessEnv, input: string): string {
  const options = { input, env, encoding: "utf8" as const, maxBuffer: 2 ** 28 };
  const { status, stdout, stderr, error } = spawnSync(program, args, options);
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

function kubectl(...args: string[]): string {
  return run("kubectl", args);
}

/** The lane's own run; what it made stays for the others. */
function measureByLane(): readonly Cell[] {
  const out = join(folder, "run");
  const what = ["--services", String(SERVICES), "--scenarios", "connect,established,programming"];
  run(process.execPath, [MAIN, "run", "--lane", "cluster", ...what, "--keep", "--yes", "--out", out]);
  return readResults(out).cells;
}

function ofLane(cells: readonly Cell[], scenario: string, variant: string): Times {
  const cell = selectCells(cells, { scenario, variant }).find(({ plane }) => plane !== "direct");
  const all = (cell?.replicates ?? []).flatMap(({ singles }) => singles?.ns ?? []);
  return timesOf(all.map((ns) => ({ ns, isReached: true })));
}

/** A pod that does nothing, and how to run a program in its network: it is no endpoint of any Service. */
async function startPod(namespace: string): Promise<readonly string[]> {
  const image = kubectl(
    "get",
    "pods",
    `--namespace=${namespace}`,
    "-o",
    "jsonpath={.items[0].spec.containers[0].image}",
  );
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: POD, namespace },
    spec: {
      nodeName: NODE,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
      containers: [{ name: POD, image, securityContext }],
    },
  };
  run("kubectl", ["create", "-f", "-"], JSON.stringify(pod));
  kubectl("wait", "--for=condition=Ready", `pod/${POD}`, `--namespace=${namespace}`, "--timeout=60s");
  // In the node's namespaces processes have other numbers.
  const node = [
    "nsenter",
    "--target",
    readFileSync(join(STATE, "pid-1"), "utf8").trim(),
    "--mount",
    "--pid",
    "--net",
  ];
  const ctr = (...args: string[]) => run(node[0] ?? "", [...node.slice(1), "ctr", "-n", "k8s.io", ...args]);
  const [id = "none"] = ctr("containers", "ls", "-q", `labels."io.kubernetes.pod.name"==${POD}`).split("\n");
  const pid = ctr("task", "ls")
    .split("\n")
    .find((line) => line.startsWith(id))
    ?.split(/\s+/)[1];
  if (pid === undefined) throw new Error(`the pod ${POD} has no process`);
  return [...node, "nsenter", "--target", pid, "--net"];
}

function runWithin(within: readonly string[], command: readonly string[], input = ""): string {
  const [program = "", ...args] = [...within, ...command];
  return run(program, args, input);
}

/** One process for each connection, one after the other, timed by the shell. */
function byProcesses(within: readonly string[], services: readonly string[], command: string): Times {
  const loop = `while read -r address; do
    from=$EPOCHREALTIME
    if ${command} "$address" 80 </dev/null >/dev/null 2>&1; then status=0; else status=1; fi
    echo "$from $EPOCHREALTIME $status"
  done`;
  return timesOfShell(runWithin(within, ["bash", "-c", loop], `${someOf(services).join("\n")}\n`));
}

/** One process for all connections; each ends at once, because what answers does not speak HTTP. */
function byCurl(within: readonly string[], services: readonly string[]): Times {
  const urls = someOf(services).map((address) => `url = "http://${address}/"\noutput = "/dev/null"`);
  const config = `silent\nno-keepalive\nwrite-out = "%{time_connect}\\n"\n${urls.join("\n")}\n`;
  const [program = "", ...args] = [...within, "curl", "--config", "-"];
  // It fails, for it was promised HTTP.
  const { stdout } = spawnSync(program, args, { input: config, env: environment, encoding: "utf8" });
  return timesOfCurl(stdout);
}

/** One request after the other over an open connection, as long as an answer: one byte, as the lane's own. */
function byFortio(within: readonly string[], service: string): Times {
  const options = [
    "-c",
    "1",
    "-qps",
    "0",
    "-n",
    String(CONNECTIONS),
    "-payload",
    "e",
    "-p",
    "50,90,99",
    "-r",
    "1e-6",
  ];
  const text = runWithin(within, [fortio, "load", "-quiet", ...options, "-json", "-", `tcp://${service}:80`]);
  return timesOfFortio(text, CONNECTIONS);
}

/** New Services, each called every 50 ms from the end of the kubectl that makes it. */
async function ofNewServices(within: readonly string[], namespace: string, target: string): Promise<Times> {
  const times: { ns: number; isReached: boolean }[] = [];
  for (let index = 0; index < NEW_SERVICES; index++) {
    const name = `late-${index}`;
    const metadata = { name, namespace, labels: { "kubernetes.io/service-name": name } };
    const slice = {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata,
      addressType: "IPv4",
      ports: [{ name: "tcp", port: 8080, protocol: "TCP" }],
      endpoints: [{ addresses: [target], conditions: { ready: true } }],
    };
    const service = {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { ports: [{ name: "tcp", port: 80, targetPort: 8080, protocol: "TCP" }] },
    };
    run("kubectl", ["create", "-f", "-"], JSON.stringify(slice));
    await sleep(QUIET_MS + 1000 * Math.random());
    const address = run(
      "kubectl",
      ["create", "-f", "-", "-o", "jsonpath={.spec.clusterIP}"],
      JSON.stringify(service),
    );
    const madeMs = Date.now();
    const loop = `until nc -z -w 1 ${address} 80; do sleep 0.05; done; echo "$EPOCHREALTIME"`;
    const reachedUs = microsecondsOf(runWithin(within, ["timeout", "60", "bash", "-c", loop]).trim());
    times.push({ ns: Math.max(0, 1000 * reachedUs - 1e6 * madeMs), isReached: true });
    await sleep(QUIET_MS);
  }
  return timesOf(times);
}

/** As many Services as connections, in random order. */
function someOf(services: readonly string[]): string[] {
  return Array.from(
    { length: CONNECTIONS },
    () => services[Math.floor(Math.random() * services.length)] ?? "",
  );
}

const folder = mkdtempSync(join(os.tmpdir(), "lbscale-compare-"));
try {
  const lane = measureByLane();
  const namespace = kubectl("get", "namespaces", "-l", MANAGED_SELECTOR, "-o", "name")
    .trim()
    .replace("namespace/", "");
  const list = (kind: string, path: string, label = MANAGED_SELECTOR) =>
    kubectl("get", kind, `--namespace=${namespace}`, "-l", label, "-o", `jsonpath={.items[*]${path}}`).split(
      " ",
    );
  const services = list("services", ".spec.clusterIP");
  const targets = list("pods", ".status.podIP", "lbscale/role=target");
  const within = await startPod(namespace);
  const connection = "a connection to a Service";
  const change = "until a new Service connects";
  const rows: Row[] = [
    { what: "nothing", by: "a process of `true` each", ...byProcesses(within, services, "/usr/bin/true") },
    { what: connection, by: "a process of `nc` each", ...byProcesses(within, services, "nc -z -w 1") },
    { what: connection, by: "`curl`, in one process", ...byCurl(within, services) },
    { what: connection, by: "this lane", ...ofLane(lane, "connect", "") },
    { what: "a request on an open connection", by: "`fortio`", ...byFortio(within, services[0] ?? "") },
    { what: "a request on an open connection", by: "this lane", ...ofLane(lane, "established", "") },
    { what: change, by: "`nc`, every 50 ms", ...(await ofNewServices(within, namespace, targets[0] ?? "")) },
    { what: change, by: "this lane", ...ofLane(lane, "programming", "new") },
  ];
  process.stdout.write(`${tableOf(rows)}\n`);
} finally {
  run(process.execPath, [MAIN, "clean"]);
  rmSync(folder, { recursive: true, force: true });
}
