/** A kube-proxy as a child process. Its configuration and its log are files of a folder. */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kubeconfig } from "../../kubernetes/list-watch/kubeconfig.js";
import { KernelError } from "../testbed/tools.js";
import { kubeProxyConfiguration } from "./config.js";
import type { CheckedOptions } from "./protocol.js";

const LOG_FILE = "kube-proxy.log";

/** In this process's network namespace. It ends with the sandbox. */
export class KubeProxyProcess {
  readonly #folder: string;
  readonly #binary: string;
  readonly #configFile: string;
  readonly #log: number;
  #child: ChildProcess | undefined;
  #end: string | undefined;

  /**
   * Writes its configuration, and opens its log.
   * @param server URL of the list/watch server that it reads.
   */
  constructor(folder: string, options: CheckedOptions, server: string) {
    this.#folder = folder;
    this.#binary = options.binary;
    this.#configFile = join(folder, "config.json");
    const kubeconfigFile = join(folder, "kubeconfig");
    writeFileSync(kubeconfigFile, kubeconfig(server));
    writeFileSync(this.#configFile, kubeProxyConfiguration(options, kubeconfigFile));
    this.#log = openSync(join(folder, LOG_FILE), "a");
  }

  /** Starts it, and does nothing before. `bin`: the folder in which it finds its tools first. */
  start(bin: string): void {
    this.#child = spawn(this.#binary, ["--config", this.#configFile], {
      stdio: ["ignore", this.#log, this.#log],
      env: { PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin`, LC_ALL: "C", HOME: this.#folder },
    });
    closeSync(this.#log);
    this.#child.once("error", (error) => {
      this.#end = error.message;
    });
    this.#child.once("exit", (code, signal) => {
      this.#end ??= `it ended with ${signal ?? `code ${code}`}`;
    });
  }

  /** Of a process that has been started. */
  get pid(): number {
    return this.#child!.pid!;
  }

  /** Throws KernelError with its last words where it has ended. */
  requireRunning(): void {
    if (this.#end !== undefined) throw new KernelError(`kube-proxy: ${this.#end}: ${this.lastWords()}`);
  }

  /** What it logged last: an error, where there is one. */
  lastWords(): string {
    const log = readFileSync(join(this.#folder, LOG_FILE), "utf8").trim();
    // What takes several lines is between "<" and ">", indented by a tab (klog).
    const lines = log.replaceAll(/\n\t/g, " ").replaceAll(/\n >/g, " >").split("\n");
    // Whoever reads its metrics gets an error for each counter that does not exist yet.
    const errors = lines.filter(
      (line) => /^[EF]\d{4} |^[Ee]rror/.test(line) && !line.includes(" metrics.go:"),
    );
    // That there is no table to list before the first sync is no failure.
    const last = errors.findLast((line) => !line.includes('"Failed to list existing ')) ?? errors.at(-1);
    return (last ?? lines.at(-1) ?? "").slice(0, 400) || "it logged nothing";
  }
}
