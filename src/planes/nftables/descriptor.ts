import { PLAIN, type PlaneDescriptor } from "../descriptor.js";
import { KUBE_PROXY_VERSIONS } from "../kube-proxy-versions.js";

export const NFTABLES: PlaneDescriptor = {
  id: "nftables",
  name: "nftables",
  report: {
    label: "nftables",
    shortLabel: "nftables",
    columnLabel: "kube-proxy (nftables)",
    colours: { light: "#009E73", lightLabel: "#008662", dark: "#009E73" },
    marker: "rect",
    order: 60,
    role: "proxy",
    structure: "hash",
    claims: ["constant-work", "changed-by-tool"],
    memoryModelled: true,
  },
  // KEP-3866, KEP-5343, KEP-6032.
  notices: [
    "needs Linux 5.13 or newer; the default of kube-proxy from Kubernetes 1.40 on (1.37 warns where no mode is set)",
    "NodePorts answer at the node's primary address only, and at 127.0.0.1 only from 1.37 on behind a feature gate",
  ],
  can: {
    ...PLAIN,
    families: [4, 6],
    oneConnectionTable: true,
    versions: KUBE_PROXY_VERSIONS,
    options: ["kube-proxy", "masquerade-all", "nodeport-addresses", "pod-range", "nft-version"],
    loadedByNft: true,
  },
};
