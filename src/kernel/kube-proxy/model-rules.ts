/** A cluster's rules as lbscale exports them, as texts for the tools that load them. */

import type { Cluster } from "../../cluster/cluster.js";
import { familyOf } from "../../cluster/family.js";
import { IptablesProgram } from "../../planes/iptables/program.js";
import { iptablesRestore } from "../../planes/iptables/ruleset.js";
import { IpvsProgram } from "../../planes/ipvs/program.js";
import {
  ipsetRestore,
  ipvsAddresses,
  ipvsadmRestore,
  ipvsIptablesRestore,
} from "../../planes/ipvs/ruleset.js";
import { NftablesProgram } from "../../planes/nftables/program.js";
import { nftTransactions } from "../../planes/nftables/ruleset.js";
import type { PlaneOptions, Program } from "../../planes/plane.js";
import { planeById } from "../../planes/registry.js";
import type { CheckedOptions, LoadableRules } from "./protocol.js";

/** The program of a mode for a cluster. */
export function modelProgram(cluster: Cluster, mode: CheckedOptions["mode"], options: PlaneOptions): Program {
  return planeById(mode).compile(cluster, options);
}

/** The texts that load a program. */
export function loadableRules(program: Program): LoadableRules {
  if (program instanceof IptablesProgram) {
    return ofFamily(program, joined(iptablesRestore(program)));
  }
  if (program instanceof NftablesProgram) return { nft: joined(nftTransactions(program)) };
  if (program instanceof IpvsProgram) {
    return {
      ip: joined(ipvsAddresses(program)),
      ipset: joined(ipsetRestore(program)),
      ...ofFamily(program, ipvsIptablesRestore(program)),
      ipvsadm: joined(ipvsadmRestore(program)),
    };
  }
  throw new TypeError(`kube-proxy has no mode ${program.plane}`);
}

/** Rules for the tool of the program's family. */
function ofFamily({ cluster }: Pick<Program, "cluster">, text: string): LoadableRules {
  return familyOf(cluster.network) === 4 ? { iptables: text } : { ip6tables: text };
}

function joined(chunks: Iterable<string>): string {
  return [...chunks].join("");
}
