/** Rules of lbscale loaded into a network namespace next to kube-proxy's, and read back by the same tools. */

import { runTool, toolPath } from "../testbed/tools.js";
import { KnownChains } from "./known-chains.js";
import { KnownServers } from "./known-servers.js";
import type { KubeProxyMode, ListedRules, LoadableRules } from "./protocol.js";
import type { Wrappers } from "./wrappers.js";

const NAMESPACE = "model";
const NFT_FILE = "nftables.nft";
const IPVSADM_FILE = "ipvs.ipvsadm";

/** Runs a tool and returns what it printed. */
export type RunTool = (path: string, args: readonly string[], input?: string) => Promise<string>;

/** Reads all rules of a network namespace, by file name. */
export async function readRules(mode: KubeProxyMode, wrappers: Wrappers, run: RunTool): Promise<ListedRules> {
  if (mode === "nftables") return { [NFT_FILE]: await run(wrappers.tool("nft"), ["list", "ruleset"]) };
  const rules: Record<string, string> = {
    "iptables.save": await run(wrappers.tool("iptables-save"), []),
    "ip6tables.save": await run(wrappers.tool("ip6tables-save"), []),
  };
  if (mode === "ipvs") {
    rules[IPVSADM_FILE] = await run(toolPath("ipvsadm"), ["-S", "-n"]);
    rules["ipvs.ipset"] = await run(toolPath("ipset"), ["save"]);
    rules["ipvs.addresses"] = await run(toolPath("ip"), ["addr", "show", "dev", "kube-ipvs0"]);
  }
  return rules;
}

/** A million rules take a tool minutes, and it does nothing but work: who does not want to wait ends lbscale. */
const NO_LIMIT = 0;

/** In this network namespace. */
export const runLocally: RunTool = async (path, args, input) =>
  (
    await runTool(path, args, { timeoutMs: NO_LIMIT, ...(input !== undefined && { input: [input] }) })
  ).toString();

/** Loads rules of lbscale, and lists them; what it has listed before it does not load again. */
export class ModelReader {
  readonly #mode: KubeProxyMode;
  readonly #wrappers: Wrappers;
  readonly #known = new KnownChains();
  readonly #servers = new KnownServers();

  constructor(mode: KubeProxyMode, wrappers: Wrappers) {
    this.#mode = mode;
    this.#wrappers = wrappers;
  }

  /**
   * The rules as the tools list them once they are in a kernel.
   * @throws KernelError where a tool or the kernel refuses them.
   */
  async read(rules: LoadableRules): Promise<ListedRules> {
    const ip = toolPath("ip");
    await runTool(ip, ["netns", "add", NAMESPACE]);
    const run: RunTool = (path, args, input) =>
      runLocally(ip, ["netns", "exec", NAMESPACE, path, ...args], input);
    try {
      await this.#load(rules, run);
      const listed = await readRules(this.#mode, this.#wrappers, run);
      if (rules.ipvsadm !== undefined)
        return { ...listed, [IPVSADM_FILE]: this.#servers.complete(rules.ipvsadm, listed[IPVSADM_FILE]!) };
      if (rules.nft === undefined) return listed;
      return { ...listed, [NFT_FILE]: this.#known.complete(rules.nft, listed[NFT_FILE]!) };
    } finally {
      await runTool(ip, ["netns", "delete", NAMESPACE]);
    }
  }

  async #load(rules: LoadableRules, run: RunTool): Promise<void> {
    if (rules.ip !== undefined) await run(toolPath("ip"), ["-batch", "-"], rules.ip);
    if (rules.ipset !== undefined) await run(toolPath("ipset"), ["restore"], rules.ipset);
    for (const family of ["iptables", "ip6tables"] as const) {
      const text = rules[family];
      if (text === undefined) continue;
      for (const name of countersOf(text)) await run(toolPath("nfacct"), ["add", name]);
      await run(this.#wrappers.tool(`${family}-restore`), [], text);
    }
    if (rules.nft !== undefined)
      await run(this.#wrappers.tool("nft"), ["-f", "-"], this.#known.withoutKnown(rules.nft));
    if (rules.ipvsadm !== undefined)
      await run(toolPath("ipvsadm"), ["-R"], this.#servers.withoutKnown(rules.ipvsadm));
  }
}

/** Counters that iptables-restore does not make, but rules count in. */
function countersOf(text: string): Set<string> {
  return new Set([...text.matchAll(/--nfacct-name\s+(\S+)/g)].map(([, name]) => name!));
}
