/** Settings of planes, all of them in one object: a run compiles each of its planes with the same, and a plane reads its own. */

import type { RawCidr } from "../../cluster/raw-addresses.js";
import type { IpvsScheduler } from "../ipvs/schedulers/names.js";
import type { KubeProxyVersion } from "../kube-proxy-versions.js";

/** Settings of planes; each plane reads its own part. All have defaults. */
export interface PlaneOptions {
  /** Whose rules: the newest of `KUBE_PROXY_VERSIONS` by default. */
  readonly kubeProxy?: KubeProxyVersion;
  /** Whether the kernel has nfacct, with which kube-proxy counts in iptables mode: true by default. */
  readonly nfacct?: boolean;
  /** kube-proxy's `--masquerade-all`: false by default. */
  readonly masqueradeAll?: boolean;
  /** Whether kube-proxy was given `--cluster-cidr`, without which it cannot tell pods from others: true by default. */
  readonly podDetector?: boolean;
  /** kube-proxy's `--nodeport-addresses`. Absent: `primary` for nftables, every address for iptables and IPVS. */
  readonly nodePortAddresses?: "primary" | readonly RawCidr[];
  /** kube-proxy's `--iptables-localhost-nodeports`: true by default. */
  readonly localhostNodePorts?: boolean;
  /** Version of the nft that loads nftables mode's rules, such as 1.1.3. Absent: that of kube-proxy's image. */
  readonly nftVersion?: string;
  /** Order of KUBE-SERVICES: kube-proxy iterates a Go map, so position is random (default), seeded. */
  readonly ruleOrder?: "random" | "listed";
  readonly seed?: number;
  readonly ipvsScheduler?: IpvsScheduler;
  /** `fixed`: 256 buckets (Linux up to 7.0); `resizable`: the table merged in 2026. */
  readonly ipvsServiceTable?: "fixed" | "resizable";
  /** Weight of each endpoint, indexed like the cluster's endpoint columns; absent = 1 for all, as kube-proxy sets. */
  readonly ipvsWeights?: Uint16Array;
  /**
   * Cilium's `bpf-lb-map-max`: entries of each load-balancing map. Absent: max(65536, the power of two that
   * holds the cluster).
   */
  readonly ebpfMapEntries?: number;
  /** Cilium's `bpf.preallocateMaps`: the kernel makes all elements of a map with it. False, as in Helm's chart, if absent. */
  readonly ebpfPrealloc?: boolean;
  /** Calico's `bpfMapSizeNATFrontend`. Absent: max(65536, the power of two that holds the cluster). */
  readonly calicoMapEntries?: number;
  /**
   * Whether Services with external addresses have Calico's annotation for Maglev. False, as Services are
   * without it, if absent.
   */
  readonly calicoMaglev?: boolean;
  /** Cilium's `maglev.tableSize`. */
  readonly maglevTableSize?: number;
}
