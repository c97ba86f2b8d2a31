import { PLAIN, type PlaneDescriptor } from "../descriptor.js";
import { KUBE_PROXY_VERSIONS } from "../kube-proxy-versions.js";
import { IPVS_OPTIONS } from "./options.js";
import { IPVS_SCHEDULERS } from "./schedulers/names.js";

export const IPVS: PlaneDescriptor = {
  id: "ipvs",
  name: "IPVS",
  report: {
    label: "IPVS",
    shortLabel: "IPVS",
    columnLabel: "kube-proxy (IPVS)",
    colours: { light: "#CC79A7", lightLabel: "#A36186", dark: "#CC79A7" },
    marker: "triangle",
    order: 70,
    role: "proxy",
    structure: "buckets",
    claims: ["buckets"],
    memoryModelled: true,
  },
  // KEP-5495.
  notices: [
    "deprecated: kube-proxy warns since Kubernetes 1.35, 1.40 has it off by default, 1.43 removes it",
  ],
  can: {
    ...PLAIN,
    families: [4, 6],
    schedulers: IPVS_SCHEDULERS,
    oneConnectionTable: true,
    versions: KUBE_PROXY_VERSIONS,
    options: [
      "kube-proxy",
      "masquerade-all",
      "nodeport-addresses",
      "pod-range",
      ...IPVS_OPTIONS.map(({ name }) => name),
    ],
  },
};
