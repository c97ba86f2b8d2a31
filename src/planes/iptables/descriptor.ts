import { PLAIN, type PlaneDescriptor } from "../descriptor.js";
import { KUBE_PROXY_VERSIONS } from "../kube-proxy-versions.js";

export const IPTABLES: PlaneDescriptor = {
  id: "iptables",
  name: "iptables",
  report: {
    label: "iptables",
    shortLabel: "iptables",
    columnLabel: "kube-proxy (iptables)",
    colours: { light: "#D55E00", lightLabel: "#C25600", dark: "#D55E00", lightColumn: "#DB4437" },
    marker: "circle",
    order: 90,
    role: "proxy",
    structure: "list",
    claims: ["list"],
    memoryModelled: true,
  },
  // KEP-5343.
  notices: [
    "the default of kube-proxy until Kubernetes 1.39; from 1.40 on nftables is, unless a mode is set",
  ],
  // kube-proxy writes the whole table once an hour, and what changed in between.
  can: {
    ...PLAIN,
    updateModes: ["partial", "full"],
    readsNodeLists: true,
    families: [4, 6],
    oneConnectionTable: true,
    versions: KUBE_PROXY_VERSIONS,
    options: [
      "kube-proxy",
      "nfacct",
      "masquerade-all",
      "nodeport-addresses",
      "iptables-localhost-nodeports",
      "pod-range",
    ],
  },
};
