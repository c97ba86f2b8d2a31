/** Planes of the kernel lane that no model has: how they are shown. The others share the description of their model. */

import type { PlaneReport } from "../../planes/descriptor.js";

export const KERNEL_REPORTS: Readonly<Record<string, PlaneReport>> = {
  direct: {
    label: "no proxy",
    shortLabel: "no proxy",
    columnLabel: "no proxy",
    colours: { light: "#767676", lightLabel: "#6E6E6E", dark: "#9AA3AC" },
    marker: "cross",
    order: 10,
    role: "baseline",
    structure: "none",
    claims: ["baseline"],
    memoryModelled: false,
  },
  "direct-conntrack": {
    label: "no proxy, tracked",
    shortLabel: "no proxy, tracked",
    columnLabel: "no proxy, tracked",
    colours: { light: "#595959", lightLabel: "#595959", dark: "#C4CAD0" },
    marker: "star",
    order: 20,
    role: "baseline",
    structure: "none",
    claims: [],
    memoryModelled: false,
  },
  "ebpf-tc": {
    label: "eBPF per packet",
    shortLabel: "eBPF per packet",
    columnLabel: "eBPF per packet",
    colours: { light: "#882255", lightLabel: "#882255", dark: "#E18BB0" },
    marker: "cross",
    order: 40,
    role: "proxy",
    structure: "hash",
    claims: [],
    memoryModelled: true,
  },
  "iptables-nft": {
    label: "iptables-nft",
    shortLabel: "iptables-nft",
    columnLabel: "kube-proxy (iptables-nft)",
    colours: { light: "#7B4FB5", lightLabel: "#7B4FB5", dark: "#B79CED" },
    marker: "star",
    order: 80,
    role: "proxy",
    structure: "list",
    claims: [],
    // nf_tables holds these rules in other structures than the blob that the model counts.
    memoryModelled: false,
  },
};
