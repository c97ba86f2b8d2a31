/**
 * A real kube-proxy in network, mount and process namespaces of its own: nothing of the host's rules, sysctls or
 * addresses is touched, and when lbscale ends, however it ends, the kernel ends all of it. A killed lbscale leaves a
 * temporary folder, which `doctor --clean` finds by its name. IPVS mode runs in a user-mode Linux guest.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { UnknownNameError, UnsupportedHostError } from "../../errors.js";
import type { ApiObject, ObjectChange } from "../../kubernetes/list-watch/parse.js";
import { NODE } from "../../kubernetes/list-watch/resources.js";
import { checkMessage, parseMessage } from "../../measure/message.js";
import { thisProcess } from "../../process.js";
import { compileProgram } from "../native.js";
import type { Channel } from "../real-program/channel.js";
import { OWNER_FILE, PREFIX } from "../testbed/clean.js";
import { requireLane } from "../testbed/sandbox.js";
import { KernelError, MissingToolError } from "../testbed/tools.js";
import { guestChannel, namespaceChannel } from "./channel.js";
import {
  type KubeProxyOptions,
  type ListedRules,
  type LoadableRules,
  NETLINK_PROGRAM,
  OBJECTS_FILE,
  type Reply,
  type Request,
  replySchema,
  rulesSchema,
  type Sync,
  syncSchema,
} from "./protocol.js";

export type { KubeProxyOptions, ListedRules, Sync } from "./protocol.js";

/** Who answers. */
const FROM = "the sandbox of kube-proxy";

/** What accompanies a kube-proxy. */
export interface Supervision {
  /** Ends it at once. */
  readonly signal?: AbortSignal | undefined;
  /** Is told now and then what a long sync waits for. */
  readonly onWait?: ((what: string) => void) | undefined;
}

/** A running kube-proxy with its node and its API server. Calls are answered one after the other. */
export class KubeProxy {
  readonly #folder: string;
  readonly #channel: Channel;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => void this.#channel.close();
  readonly #onWait: ((what: string) => void) | undefined;
  #firstSync: Sync | undefined;

  private constructor(folder: string, channel: Channel, { signal, onWait }: Supervision) {
    this.#folder = folder;
    this.#channel = channel;
    this.#signal = signal;
    this.#onWait = onWait;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /**
   * Starts a kube-proxy on objects and waits until it has written its rules.
   * @param objects What its API server serves, the node's own Node object included.
   * @param supervision What ends it at once, and is told what it waits for.
   * @throws InputError and KernelError where it cannot run here, ends, or does not sync; nothing is left behind.
   */
  static async start(
    objects: Iterable<ApiObject>,
    options: KubeProxyOptions,
    supervision: Supervision = {},
  ): Promise<KubeProxy> {
    const isGuest = options.mode === "ipvs";
    requireRights(isGuest);
    const folder = mkdtempSync(join(tmpdir(), PREFIX));
    let proxy: KubeProxy | undefined;
    try {
      writeFileSync(join(folder, OWNER_FILE), thisProcess());
      writeFileSync(join(folder, OBJECTS_FILE), JSON.stringify({ kind: "List", items: [...objects] }));
      // The guest has the host's tools, but cannot write where a compiler wants to.
      if (isGuest) await compileProgram(NETLINK_PROGRAM, folder, "-O0");
      proxy = new KubeProxy(folder, isGuest ? guestChannel(folder) : namespaceChannel(), supervision);
      proxy.#firstSync = await proxy.#call({ call: "start", folder, options }, syncSchema);
      return proxy;
    } catch (error) {
      await proxy?.stop();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** What the first sync wrote. */
  get firstSync(): Sync {
    return this.#firstSync!;
  }

  /**
   * Makes changes and waits until they are in the rules.
   * @returns What kube-proxy handed to its tools, and in IPVS mode to netlink, for them and since the last time.
   */
  async apply(changes: readonly ObjectChange[]): Promise<Sync> {
    return this.#call({ call: "apply", changes: [...changes] }, syncSchema);
  }

  /**
   * Opens a TCP connection from the node, in IPVS mode.
   * @returns Destinations of all connections that IPVS keeps, in the words of `ipvsadm -R`: `-t 10.96.0.1:80 -r 10.244.0.1:80`.
   * @throws KernelError where IPVS serves no such address.
   */
  async connect(address: string, port: number): Promise<string[]> {
    return this.#call({ call: "connect", address, port }, z.array(z.string()));
  }

  /** The rules in the kernel as the tools list them, by file name: `iptables.save`, `ip6tables.save`, `nftables.nft`. */
  async rules(): Promise<ListedRules> {
    return this.#call({ call: "rules" }, rulesSchema);
  }

  /**
   * Loads rules of lbscale into a network namespace next to kube-proxy's, and reads them back by the same tools.
   * @throws KernelError where a tool or the kernel refuses them.
   */
  async load(rules: LoadableRules): Promise<ListedRules> {
    return this.#call({ call: "load", rules }, rulesSchema);
  }

  /** Ends it, and all that belongs to it. Does nothing the second time. */
  async stop(): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    try {
      await this.#channel.close();
    } finally {
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  async #call<T>(request: Request, schema: z.ZodType<T>): Promise<T> {
    if (this.#signal?.aborted) throw new KernelError("kube-proxy was ended");
    this.#channel.send(JSON.stringify(request));
    let reply = await this.#reply();
    while ("waiting" in reply) {
      if (reply.waiting !== null) this.#onWait?.(reply.waiting);
      reply = await this.#reply();
    }
    if ("error" in reply) {
      const { error, settings } = reply;
      throw reply.lacksProgram ? new MissingToolError(error, settings) : new KernelError(error, settings);
    }
    return checkMessage(schema, reply.value, FROM);
  }

  async #reply(): Promise<Reply> {
    return parseMessage(replySchema, await this.#channel.next(), FROM);
  }
}

/** The guest is root of its own. */
function requireRights(isGuest: boolean): void {
  if (isGuest || process.platform !== "linux") requireLane("guest");
  else if (process.getuid?.() !== 0)
    throw new UnsupportedHostError(
      "kube-proxy needs root: run this with sudo --preserve-env=HOME,XDG_CACHE_HOME, so that it is found there too",
    );
}

const nodeSchema = z.object({
  metadata: z.object({ name: z.string() }),
  status: z.object({ addresses: z.array(z.object({ type: z.string(), address: z.string() })) }),
});

/**
 * Name and addresses of a node: what a kube-proxy needs in addition to the objects.
 * @param name Which; undefined: the only one.
 * @throws UnknownNameError where there is no such Node object, or more than one to choose from.
 */
export function nodeFacts(
  objects: Iterable<ApiObject>,
  name?: string,
): { readonly node: string; readonly addresses: string[] } {
  const nodes = [...objects].filter(({ kind }) => kind === NODE.kind);
  const found = nodes.filter(({ metadata }) => name === undefined || metadata.name === name);
  if (found.length !== 1) {
    const names = nodes.map(({ metadata }) => metadata.name).join(", ");
    throw new UnknownNameError(
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
