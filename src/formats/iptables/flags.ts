/** Flags of kube-proxy, and whether the kernel has nfacct, as the rules of iptables mode show them (proxier.go). */

import type { Network } from "../../cluster/cluster.js";
import { familyOf, rangeText } from "../../cluster/family.js";
import type { ImportedFlags } from "../../planes/imported-options.js";
import type { SavedTables } from "../../planes/iptables/rules/saved-rules.js";
import type { FoundInRules } from "./services.js";

/** What differs from the defaults. */
export function flagsOfRules(
  { nat, filter }: SavedTables,
  found: FoundInRules,
  network: Network,
): ImportedFlags {
  const toNodePorts = (nat.get("KUBE-SERVICES")?.rules ?? []).filter(
    ({ target }) => target === "KUBE-NODEPORTS",
  );
  // One rule per address, where NodePorts do not answer at all of them.
  const addresses = toNodePorts.flatMap(({ dst }) => (dst?.prefixLength === 32 ? [dst.base] : []));
  const invalid = filter
    .get("KUBE-FORWARD")
    ?.rules.find(({ target, stateNew }) => target === "DROP" && stateNew === false);
  return {
    ...(invalid !== undefined && invalid.counter === null && { nfacct: "false" }),
    ...(found.masquerade === "all" && { masqueradeAll: "true" }),
    ...(addresses.length > 0 && {
      nodePortAddresses: addresses.map((base) => rangeText(network, { base, prefixLength: 32 })).join(","),
    }),
    // Of IPv6 they never answer there.
    ...(familyOf(network) === 4 &&
      toNodePorts.some(({ notToLoopback }) => notToLoopback) && { localhostNodePorts: "false" }),
    ...(found.knowsPods ? {} : { podDetector: "none" }),
  };
}
