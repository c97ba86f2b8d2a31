/** Options of kube-proxy that its three planes share, by the names of its own flags. */

import { type Cidr, parseCidr } from "../cluster/cluster.js";
import { parseNftVersion } from "./nft-versions.js";
import type { PlaneOption } from "./option.js";
import { KUBE_PROXY_VERSIONS } from "./plane.js";

/** What `--pod-range` takes where kube-proxy has none: it cannot tell pods from others then. */
export const NO_POD_RANGE = "none";

/** The options of run, export, lookup, explain, advise and verify. */
export const KUBE_PROXY_OPTIONS: readonly PlaneOption[] = [
  {
    name: "kube-proxy",
    describe: "Version of kube-proxy whose rules are modelled",
    key: "kubeProxy",
    choices: KUBE_PROXY_VERSIONS,
    default: KUBE_PROXY_VERSIONS.at(-1)!,
  },
  {
    name: "nfacct",
    describe:
      "Rules of iptables mode as on a kernel with nfacct, whose counters they use; --no-nfacct: as without",
    key: "nfacct",
    isFlag: true,
    default: true,
  },
  {
    name: "masquerade-all",
    describe: "kube-proxy's --masquerade-all",
    key: "masqueradeAll",
    isFlag: true,
    default: false,
  },
  {
    name: "nodeport-addresses",
    describe:
      "kube-proxy's --nodeport-addresses: \"primary\", or ranges with commas between; by default the mode's",
    key: "nodePortAddresses",
    accepted: '"primary", or IPv4 ranges such as 192.0.2.0/24 with commas between',
    read: readNodePortAddresses,
  },
  {
    name: "iptables-localhost-nodeports",
    describe:
      "kube-proxy's --iptables-localhost-nodeports; --no-iptables-localhost-nodeports: NodePorts not at 127.0.0.1",
    key: "localhostNodePorts",
    isFlag: true,
    default: true,
  },
  {
    name: "pod-range",
    describe: `"${NO_POD_RANGE}": kube-proxy without --cluster-cidr, which cannot tell pods from others`,
    key: "podDetector",
    accepted: `"${NO_POD_RANGE}", as the range is the cluster's own: lbscale import --pod-range sets it`,
    read: (text) => (text === NO_POD_RANGE ? { podDetector: false } : undefined),
  },
  {
    name: "nft-version",
    describe:
      "Version of the nft that loads nftables mode's rules: up to 1.1.1 the kernel holds their anonymous maps in tables of a fixed size, from 1.1.2 on in resizable ones; by default that of kube-proxy's image",
    key: "nftVersion",
    accepted: "a version of nft from 1.0.1 on, such as 1.0.6 or 1.1.3",
    read: (text) => {
      const nftVersion = parseNftVersion(text);
      return nftVersion === undefined ? undefined : { nftVersion };
    },
  },
];

function readNodePortAddresses(text: string) {
  if (text === "primary") return { nodePortAddresses: "primary" } as const;
  const ranges: Cidr[] = [];
  for (const part of text.split(",")) {
    const range = parseCidr(part.trim());
    if (range === undefined) return undefined;
    ranges.push(range);
  }
  return { nodePortAddresses: ranges };
}
