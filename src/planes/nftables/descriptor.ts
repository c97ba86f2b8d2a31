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
  can: { ...PLAIN, versions: KUBE_PROXY_VERSIONS },
};
