/** Rules of lbscale loaded into a network namespace next to kube-proxy's, and read back by the same tools. */

import { runTool, toolPath } from "../testbed/tools.js";
import type { LoadableRules, Rules } from "./protocol.js";
import type { Wrappers } from "./wrappers.js";

const NAMESPACE = "model";

/** Runs a tool and returns what it printed. */
export type RunTool = (path: string, args: readonly string[], input?: string) => Promise<string>;

/** Reads all rules of a network namespace, by file name. */
export async function readRules(
  mode: "iptables" | "nftables" | "ipvs",
  wrappers: Wrappers,
  run: RunTool,
): Promise<Rules> {
  if (mode === "nftables") return { "nftables.nft": await run(wrappers.tool("nft"), ["list", "ruleset"]) };
  const rules: Record<string, string> = {
    "iptables.save": await run(wrappers.tool("iptables-save"), []),
    "ip6tables.save": await run(wrappers.tool("ip6tables-save"), []),
  };
  if (mode === "ipvs") {
    rules["ipvs.ipvsadm"] = await run(toolPath("ipvsadm"), ["-S", "-n"]);
    rules["ipvs.ipset"] = await run(toolPath("ipset"), ["save"]);
    rules["ipvs.addresses"] = await run(toolPath("ip"), ["addr", "show", "dev", "kube-ipvs0"]);
  }
  return rules;
}

/** In this network namespace. */
export const here: RunTool = async (path, args, input) =>
  (await runTool(path, args, input === undefined ? {} : { input: [input] })).toString();

/**
 * Loads rules into a new network namespace, and reads them back: so both sides have gone through the same kernel and
 * the same printer, and what the kernel refuses is found.
 */
export async function loadAndRead(
  rules: LoadableRules,
  mode: "iptables" | "nftables" | "ipvs",
  wrappers: Wrappers,
): Promise<Rules> {
  const ip = toolPath("ip");
  await runTool(ip, ["netns", "add", NAMESPACE]);
  const run: RunTool = (path, args, input) => here(ip, ["netns", "exec", NAMESPACE, path, ...args], input);
  try {
    if (rules.ip !== undefined) await run(ip, ["-batch", "-"], rules.ip);
    if (rules.ipset !== undefined) await run(toolPath("ipset"), ["restore"], rules.ipset);
    if (rules.iptables !== undefined) {
      for (const name of countersOf(rules.iptables)) await run(toolPath("nfacct"), ["add", name]);
      await run(wrappers.tool("iptables-restore"), [], rules.iptables);
    }
    if (rules.nft !== undefined) await run(wrappers.tool("nft"), ["-f", "-"], rules.nft);
    if (rules.ipvsadm !== undefined) await run(toolPath("ipvsadm"), ["-R"], rules.ipvsadm);
    return await readRules(mode, wrappers, run);
  } finally {
    await runTool(ip, ["netns", "delete", NAMESPACE]);
  }
}

/** Counters that iptables-restore does not make, but rules count in. */
function countersOf(text: string): Set<string> {
  return new Set([...text.matchAll(/--nfacct-name\s+(\S+)/g)].map(([, name]) => name!));
}
