/**
 * A real kube-proxy in network, mount and process namespaces of its own: nothing of the host's rules, sysctls or
 * addresses is touched, and when lbscale ends, however it ends, the kernel ends all of it. A killed lbscale leaves a
 * temporary folder, which `doctor --clean` finds by its name.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { UsageError } from "../../errors.js";
import type { ApiObject, ObjectChange } from "../../kubernetes/list-watch/parse.js";
import { NODE } from "../../kubernetes/list-watch/resources.js";
import { OWNER_FILE, PREFIX } from "../clean.js";
import { requireLane } from "../sandbox.js";
import { KernelError, toolPath } from "../tools.js";
import {
  type KubeProxyOptions,
  OBJECTS_FILE,
  type Request,
  type Rules,
  replySchema,
  rulesSchema,
  type Sync,
  syncSchema,
} from "./protocol.js";

export type { KubeProxyOptions, Rules, Sync, Write } from "./protocol.js";

const WORKER = fileURLToPath(new URL("./worker.js", import.meta.url));

/** A running kube-proxy with its node and its API server. Calls are answered one after the other. */
export class KubeProxy {
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #replies: AsyncIterator<string>;
  readonly #lines: Interface;
  readonly #ended: Promise<void>;
  readonly #forget: () => void;
  #errors = "";
  #firstSync: Sync | undefined;

  private constructor(signal: AbortSignal | undefined) {
    this.#folder = mkdtempSync(join(tmpdir(), PREFIX));
    writeFileSync(join(this.#folder, OWNER_FILE), String(process.pid));
    const namespaces = [
      "--net",
      "--mount",
      "--propagation",
      "private",
      "--pid",
      "--fork",
      "--kill-child=KILL",
      "--mount-proc",
    ];
    this.#child = spawn(
      toolPath("setpriv"),
      ["--pdeathsig", "KILL", toolPath("unshare"), ...namespaces, process.execPath, WORKER],
      // A process group of its own: Ctrl-C is for the parent, which ends this one.
      { stdio: ["pipe", "pipe", "pipe"], detached: true },
    );
    this.#child.stdin!.on("error", () => {});
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-4000);
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once("close", () => resolve());
      this.#child.once("error", () => resolve());
    });
    this.#lines = createInterface({ input: this.#child.stdout! });
    this.#replies = this.#lines[Symbol.asyncIterator]();
    const kill = (): void => {
      this.#child.kill("SIGKILL");
    };
    signal?.addEventListener("abort", kill, { once: true });
    this.#forget = () => signal?.removeEventListener("abort", kill);
  }

  /**
   * Starts a kube-proxy on objects and waits until it has written its rules.
   * @param objects What its API server serves, the node's own Node object included.
   * @param signal Ends it at once.
   * @throws UsageError and KernelError where it cannot run here, ends, or does not sync; nothing is left behind.
   */
  static async start(
    objects: Iterable<ApiObject>,
    options: KubeProxyOptions,
    signal?: AbortSignal,
  ): Promise<KubeProxy> {
    requireLane("kernel");
    const proxy = new KubeProxy(signal);
    try {
      writeFileSync(join(proxy.#folder, OBJECTS_FILE), JSON.stringify({ kind: "List", items: [...objects] }));
      const reply = await proxy.#call({ call: "start", folder: proxy.#folder, options });
      proxy.#firstSync = syncSchema.parse(reply);
      return proxy;
    } catch (error) {
      await proxy.stop();
      throw error;
    }
  }

  /** What the first sync wrote. */
  get firstSync(): Sync {
    return this.#firstSync!;
  }

  /**
   * Makes changes and waits until they are in the rules.
   * @returns What kube-proxy handed to iptables-restore and nft for them.
   */
  async apply(changes: readonly ObjectChange[]): Promise<Sync> {
    return syncSchema.parse(await this.#call({ call: "apply", changes: [...changes] }));
  }

  /** The rules in the kernel as the tools list them, by file name: `iptables.save`, `ip6tables.save`, `nftables.nft`. */
  async rules(): Promise<Rules> {
    return rulesSchema.parse(await this.#call({ call: "rules" }));
  }

  /** Ends it, and all that belongs to it. Does nothing the second time. */
  async stop(): Promise<void> {
    this.#forget();
    this.#child.stdin!.end();
    this.#child.kill("SIGKILL");
    await this.#ended;
    this.#lines.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #call(request: Request): Promise<unknown> {
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
    const { done, value } = await this.#replies.next();
    if (done === true) {
      await this.#ended;
      throw new KernelError(
        `the sandbox of kube-proxy ended: ${this.#errors.trim().slice(-300) || "it was killed"}`,
      );
    }
    const reply = replySchema.parse(JSON.parse(value));
    if ("error" in reply) throw new KernelError(reply.error);
    return reply.value;
  }
}

const nodeSchema = z.object({
  metadata: z.object({ name: z.string() }),
  status: z.object({ addresses: z.array(z.object({ type: z.string(), address: z.string() })) }),
});

/**
 * Name and addresses of a node: what a kube-proxy has to be given besides the objects.
 * @param name Which; undefined: the only one.
 * @throws UsageError where there is no such Node object, or more than one to choose from.
 */
export function nodeFacts(
  objects: Iterable<ApiObject>,
  name?: string,
): { readonly node: string; readonly addresses: string[] } {
  const nodes = [...objects].filter(({ kind }) => kind === NODE.kind);
  const found = nodes.filter(({ metadata }) => name === undefined || metadata.name === name);
  if (found.length !== 1) {
    const names = nodes.map(({ metadata }) => metadata.name).join(", ");
    throw new UsageError(
      found.length === 0
        ? `the objects hold no Node ${name ?? ""}: add one with its addresses${names && `, or choose one of ${names}`}`
        : `the objects hold ${found.length} Nodes: choose one of ${names}`,
    );
  }
  const { metadata, status } = nodeSchema.parse(found[0]);
  const addresses = status.addresses
    .filter(({ type }) => type === "InternalIP")
    .map(({ address }) => address);
  return { node: metadata.name, addresses };
}
