/** What kube-proxy's versions, and those that know no pods, write differently in nftables mode: three layouts. */

import { sendsMapSizes } from "../nft-versions.js";
import { type KubeProxySettings, masqueradesClusterIps } from "../shared/kube-proxy.js";

/** How a version lays its table out. */
export interface NftLayout {
  /**
   * Up to 1.35 each endpoint has a chain, with a hairpin test, and marks are set in a chain of their own. Since 1.36 only
   * affinity makes endpoint chains; a service's chain holds addresses, and one set all hairpin connections of this node.
   */
  readonly hasEndpointChains: boolean;
  /** Since 1.37 a single endpoint is written into the rule, without a map. */
  readonly dnatsSingleEndpoint: boolean;
  /** Whether there is a rule that marks what comes to a cluster IP. */
  readonly marksClusterIps: boolean;
  /** Whether external chains of policy Local have a rule for pods. */
  readonly tellsPods: boolean;
  /** Whether nft sends the sizes of anonymous maps, for which the kernel takes hashes of a fixed size. */
  readonly hasSizedMaps: boolean;
}

/** The layout that a kube-proxy writes. */
export function nftLayout(settings: KubeProxySettings): NftLayout {
  const { version, podDetector, nft } = settings;
  return {
    hasEndpointChains: version === "1.34" || version === "1.35",
    dnatsSingleEndpoint: version === "1.37",
    marksClusterIps: masqueradesClusterIps(settings),
    tellsPods: podDetector,
    hasSizedMaps: sendsMapSizes(nft),
  };
}
