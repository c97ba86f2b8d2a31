/**
 * The connection to a cluster: `kubectl proxy` on a socket that only this user can open. So all credentials work that kubectl
 * knows (certificates, tokens, plugins of clouds), and lbscale reads none of them.
 */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { UnsupportedHostError } from "../errors.js";
import { plainText } from "../text.js";
import { Api } from "./api.js";
import { ClusterUnfitError } from "./errors.js";
import { describeApiError } from "./inspect/refusals.js";
import type { ClusterLaneOptions } from "./options.js";

const START_TIMEOUT_MS = 15_000;
/** A proxy that hangs must not keep the run's end waiting. */
const STOP_TIMEOUT_MS = 5000;

/** Characters kept of what kubectl says before it serves. */
const MOST_WORDS = 4000;

/**
 * The proxy ends with the shell's standard input, which the kernel closes when this process ends, however it ends: no proxy may
 * outlive a killed run, with the user's access to the cluster. The shell ends with the proxy.
 */
const PROXY_SCRIPT = [
  'exec 3<&0; kubectl "$@" </dev/null & proxy=$!',
  "{ read -r _; kill $proxy; } <&3 >/dev/null 2>&1 & reader=$!",
  "wait $proxy; kill $reader 2>/dev/null",
].join("\n");

/**
 * Does work with a cluster's API, and closes the connection.
 *
 * @throws ClusterUnfitError in kubectl's words where there is no such context or cluster.
 */
export async function withCluster<T>(
  options: Pick<ClusterLaneOptions, "kubeconfig" | "context">,
  work: (api: Api) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  if (process.platform === "win32") {
    throw new UnsupportedHostError(
      "the cluster lane needs sockets that kubectl has on Linux and macOS only: use WSL",
    );
  }
  const folder = mkdtempSync(join(os.tmpdir(), "lbscale-"));
  const socketPath = join(folder, "socket");
  const proxy = await startProxy(options, socketPath).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  const api = new Api({ socketPath, ...(signal && { signal }) });
  try {
    return await work(api);
  } catch (error) {
    throw describeApiError(error);
  } finally {
    api.close();
    await proxy.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function startProxy(
  { kubeconfig, context }: Pick<ClusterLaneOptions, "kubeconfig" | "context">,
  socketPath: string,
): Promise<{ stop(): Promise<void> }> {
  const args = ["proxy", `--unix-socket=${socketPath}`];
  if (kubeconfig !== undefined) args.push(`--kubeconfig=${kubeconfig}`);
  if (context !== undefined) args.push(`--context=${context}`);
  // In a group of its own: Ctrl-C is for this process, which still has to clean up through the proxy.
  const child = spawn("sh", ["-c", PROXY_SCRIPT, "sh", ...args], { detached: true, stdio: "pipe" });
  child.stdin.on("error", () => {});
  const stop = () =>
    new Promise<void>((resolve) => {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return resolve();
      // The group: the shell and its kubectl.
      const timer = setTimeout(() => killGroup(child.pid!), STOP_TIMEOUT_MS);
      child.once("exit", () => {
        clearTimeout(timer);
        resolve();
      });
      child.stdin.end();
    });
  return new Promise((resolve, reject) => {
    let said = "";
    let words = "";
    const fail = (message: string) => {
      clearTimeout(timer);
      void stop();
      reject(new ClusterUnfitError(message));
    };
    const timer = setTimeout(
      () => fail(words === "" ? "kubectl proxy does not start: try kubectl get nodes" : quoteKubectl(words)),
      START_TIMEOUT_MS,
    );
    child.once("error", () => fail("sh is not installed, which starts kubectl"));
    child.once("close", () =>
      fail(words === "" ? "kubectl proxy ended at once: try kubectl get nodes" : quoteKubectl(words)),
    );
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (!said.includes("Starting to serve")) return;
      clearTimeout(timer);
      child.stderr.removeAllListeners("data").resume();
      resolve({ stop });
    });
    // Plugins for credentials and kubectl itself also warn here, of what does not keep the proxy from starting.
    child.stderr.on("data", (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-MOST_WORDS);
    });
  });
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // It has ended, and nobody has heard yet.
  }
}

function quoteKubectl(words: string): string {
  if (/not found/.test(words) && /kubectl/.test(words) && !/error:/.test(words))
    return "kubectl is not installed: the cluster lane goes through it; see https://kubernetes.io/docs/tasks/tools";
  // What ended it is said last, after warnings.
  const error = words.slice(Math.max(0, words.lastIndexOf("error: ")));
  return `kubectl: ${plainText(error.trim().replace(/^error: /, ""), 300)}`;
}
