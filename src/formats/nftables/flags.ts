/** Flags of kube-proxy as its nftables table shows them (pkg/proxy/nftables/proxier.go). */

import type { Network } from "../../cluster/cluster.js";
import { familyOf, rangeText } from "../../cluster/family.js";
import type { ImportedFlags } from "../../planes/imported-options.js";
import { KUBE_PROXY_VERSIONS } from "../../planes/kube-proxy-versions.js";
import type { NftVersions } from "./layout.js";
import type { FoundInTable } from "./services.js";
import type { NftTable } from "./table.js";

/** NodePorts at every local address: `--nodeport-addresses 0.0.0.0/0`, or `::/0`. */
const EVERYWHERE = /^fib daddr type (?:local|2) .*@service-nodeports$/;

/** What differs from the defaults, the version included. */
export function flagsOfTable(
  { chains }: NftTable,
  found: FoundInTable,
  layout: NftVersions | undefined,
  network: Network,
): ImportedFlags {
  const version = [...KUBE_PROXY_VERSIONS].reverse().find((known) => layout?.endsWith(known));
  const isEverywhere = (chains.get("services") ?? []).some((rule) => EVERYWHERE.test(rule));
  const { nodeAddresses } = found;
  return {
    ...(version !== undefined && { kubeProxy: version }),
    ...(found.masquerade === "all" && { masqueradeAll: "true" }),
    ...(isEverywhere && { nodePortAddresses: familyOf(network) === 4 ? "0.0.0.0/0" : "::/0" }),
    ...(nodeAddresses.length > 1 && {
      nodePortAddresses: nodeAddresses
        .map((base) => rangeText(network, { base, prefixLength: 32 }))
        .join(","),
    }),
    ...(found.knowsPods ? {} : { podDetector: "none" }),
  };
}
