/** What kube-proxy's versions write differently in nftables mode: three layouts. */

import type { KubeProxySettings } from "../shared/kube-proxy.js";

/** How a version lays its table out. */
export interface NftLayout {
  /**
   * Up to 1.35 each endpoint has a chain, with a hairpin test, and marks are set in a chain of their own. Since 1.36 only
   * affinity makes endpoint chains; a service's chain holds addresses, and one set all hairpin connections of this node.
   */
  readonly hasEndpointChains: boolean;
  /** Since 1.37 a single endpoint is written into the rule, without a map. */
  readonly dnatsSingleEndpoint: boolean;
}

/** The layout that a version of kube-proxy writes. */
export function nftLayout({ version }: Pick<KubeProxySettings, "version">): NftLayout {
  const hasEndpointChains = version === "1.34" || version === "1.35";
  return { hasEndpointChains, dnatsSingleEndpoint: version === "1.37" };
}
