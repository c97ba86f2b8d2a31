/**
 * The way to a cluster: the user's own kubectl, as a proxy on a socket that only this user can open. So every kind of
 * credentials works that kubectl knows (certificates, tokens, plugins of clouds), and nothing of them is read here.
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

/**
 * The shell waits for the end of its standard input, which comes with the end of this process, however it ends: a proxy that
 * outlives a killed run would be an open door.
 */
const PROXY_SCRIPT = 'kubectl "$@" </dev/null & proxy=$!; read -r _; kill $proxy; wait $proxy';

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
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once("exit", () => resolve());
      child.stdin.end();
    });
  return new Promise((resolve, reject) => {
    let words = "";
    const fail = (message: string) => {
      void stop();
      reject(new ClusterUnfitError(message));
    };
    const timer = setTimeout(
      () => fail("kubectl proxy does not start: try kubectl get nodes"),
      START_TIMEOUT_MS,
    );
    child.once("error", () => fail("sh is not installed, which starts kubectl"));
    child.stdout.on("data", (chunk: Buffer) => {
      if (!chunk.toString().includes("Starting to serve")) return;
      clearTimeout(timer);
      child.stderr.removeAllListeners("data").resume();
      resolve({ stop });
    });
    child.stderr.on("data", (chunk: Buffer) => {
      words += chunk.toString();
      if (!words.includes("\n")) return;
      clearTimeout(timer);
      fail(
        /not found/.test(words) && /kubectl/.test(words) && !/error:/.test(words)
          ? "kubectl is not installed: the cluster lane goes through it; see https://kubernetes.io/docs/tasks/tools"
          : `kubectl: ${plainText(words.trim().replace(/^error: /, ""), 300)}`,
      );
    });
  });
}
