/** The file that configures a kube-proxy. With `--config` it ignores most flags, and the shortest sync period has none. */

import type { CheckedOptions } from "./protocol.js";

/** kube-proxy's defaults. The sandbox's loopback is its own. */
export const METRICS_URL = "http://127.0.0.1:10249/metrics";
export const HEALTH_URL = "http://127.0.0.1:10256/healthz";

/** A second between two syncs is the default, and 0 means the default. */
const MIN_SYNC_PERIOD = "1ms";
/** Every 30 s is the default: a guest would do nothing but compare 1,000 Services with what is there. */
const IPVS_SYNC_PERIOD = "1h";

/**
 * A KubeProxyConfiguration as JSON, which is YAML.
 * @param kubeconfigFile Where the list/watch server is.
 */
export function kubeProxyConfiguration(options: CheckedOptions, kubeconfigFile: string): string {
  const { mode, node, podRange, masqueradeAll, nodePortAddresses, localhostNodePorts, featureGates } =
    options;
  return JSON.stringify({
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    clientConnection: { kubeconfig: kubeconfigFile },
    mode,
    hostnameOverride: node,
    ...(podRange !== undefined && { clusterCIDR: podRange }),
    ...(nodePortAddresses.length > 0 && { nodePortAddresses }),
    featureGates,
    iptables: { masqueradeAll, localhostNodePorts, minSyncPeriod: MIN_SYNC_PERIOD },
    nftables: { masqueradeAll, minSyncPeriod: MIN_SYNC_PERIOD },
    ipvs: { minSyncPeriod: MIN_SYNC_PERIOD, syncPeriod: IPVS_SYNC_PERIOD },
    // Or it writes the limits of the whole machine.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
    metricsBindAddress: new URL(METRICS_URL).host,
    healthzBindAddress: new URL(HEALTH_URL).host,
  });
}
