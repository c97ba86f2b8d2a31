/** Planes of netfilter: the text that `lbscale export` writes, loaded by the kernel's own tools. */

import { type Family, familyOf } from "../../cluster/family.js";
import { IptablesProgram } from "../../planes/iptables/program.js";
import { NFACCT_OBJECTS } from "../../planes/iptables/rules/rule-text.js";
import { iptablesRestore } from "../../planes/iptables/ruleset.js";
import { NftablesProgram } from "../../planes/nftables/program.js";
import { nftTransactions } from "../../planes/nftables/ruleset.js";
import type { Program } from "../../planes/plane.js";
import type { KernelPlane, Loading } from "../plane.js";
import { KernelError, toolPath } from "../testbed/tools.js";

const EVERYWHERE = {
  sources: ["client", "node"],
  keepPorts: false,
  atSocket: false,
  alsoPerPacket: false,
  ownsVirtualAddresses: false,
  dropsWithoutBackends: false,
  memory: "slabs",
  lookupProgram: null,
} as const;

/** The baseline: connections to endpoints, through a node without rules. */
export const direct: KernelPlane = {
  ...EVERYWHERE,
  id: "direct",
  program: null,
  load: async () => {},
};

/** The baseline of planes that track connections. One rule that asks for the state turns conntrack on in a namespace. */
export const directConntrack: KernelPlane = {
  ...EVERYWHERE,
  id: "direct-conntrack",
  program: null,
  load: async ({ testbed }) => {
    const rule = ["-A", "FORWARD", "-m", "conntrack", "--ctstate", "INVALID", "-j", "DROP"];
    await testbed.exec("node", toolPath(toolOf(testbed.family, "iptables-legacy")), rule);
  },
};

/** kube-proxy's iptables mode on the kernel's old tables. */
export const iptables: KernelPlane = {
  ...EVERYWHERE,
  id: "iptables",
  program: "iptables",
  memory: "table",
  load: (loading, program) => restore(loading, program, "iptables-legacy-restore"),
};

/** The same rules as nf_tables rules. */
export const iptablesNft: KernelPlane = {
  ...EVERYWHERE,
  id: "iptables-nft",
  program: "iptables",
  load: (loading, program) => restore(loading, program, "iptables-nft-restore"),
};

/** Programs that were loaded without nfacct, so that their changes must be written without it too. */
const uncounted = new WeakSet<IptablesProgram>();

/** The program whose rules the kernel holds once `program` was loaded. */
export function loadedRules(program: IptablesProgram): IptablesProgram {
  return uncounted.has(program) ? program.withoutNfacct() : program;
}

async function restore({ testbed }: Loading, program: Program | null, tool: string): Promise<void> {
  if (!(program instanceof IptablesProgram)) throw new TypeError("not an iptables program");
  const hasCounters = program.settings.nfacct && (await makeCounters(testbed));
  const restored = hasCounters ? program : program.withoutNfacct();
  if (!hasCounters) uncounted.add(program);
  const name = toolOf(familyOf(program.cluster.network), tool);
  await testbed.exec("node", toolPath(name), [], { input: iptablesRestore(restored) });
}

/** `ip6tables-legacy` of `iptables-legacy`. */
export function toolOf(family: Family, tool: string): string {
  return family === 4 ? tool : tool.replace(/^iptables/, "ip6tables");
}

/** Makes the nfacct objects that kube-proxy's rules count in. Returns whether this host has the tool and the kernel for it. */
async function makeCounters(testbed: Loading["testbed"]): Promise<boolean> {
  try {
    for (const name of Object.values(NFACCT_OBJECTS))
      await testbed.exec("node", toolPath("nfacct"), ["add", name]);
    return true;
  } catch (error) {
    if (error instanceof KernelError) return false;
    throw error;
  }
}

/** kube-proxy's nftables mode. */
export const nftables: KernelPlane = {
  ...EVERYWHERE,
  id: "nftables",
  program: "nftables",
  load: async ({ testbed }, program) => {
    if (!(program instanceof NftablesProgram)) throw new TypeError("not an nftables program");
    for (const transaction of nftTransactions(program)) {
      await testbed.exec("node", toolPath("nft"), ["-f", "-"], { input: [transaction] });
    }
  },
};
