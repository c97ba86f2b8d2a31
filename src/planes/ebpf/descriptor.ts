import { PLAIN, type PlaneDescriptor } from "../descriptor.js";

export const EBPF: PlaneDescriptor = {
  id: "ebpf",
  name: "eBPF (Cilium, random)",
  report: {
    label: "eBPF hash",
    shortLabel: "eBPF",
    columnLabel: "eBPF",
    colours: { light: "#0072B2", lightLabel: "#0072B2", dark: "#56B4E9", lightColumn: "#4285F4" },
    marker: "rectRot",
    order: 30,
    role: "proxy",
    structure: "hash",
    claims: ["hash", "constant-work", "random-choice", "fixed-size"],
    memoryModelled: true,
  },
  can: { ...PLAIN, connectionPaths: ["tc", "socket"] },
};

export const EBPF_MAGLEV: PlaneDescriptor = {
  id: "ebpf-maglev",
  name: "eBPF (Cilium, Maglev)",
  report: {
    label: "eBPF + Maglev",
    shortLabel: "Maglev",
    columnLabel: "eBPF + Maglev",
    colours: { light: "#000000", lightLabel: "#000000", dark: "#FFFFFF" },
    marker: "crossRot",
    order: 50,
    role: "proxy",
    structure: "hash",
    claims: ["consistent-choice"],
    memoryModelled: true,
  },
  // A service's table costs 0.4 ms: at 10,000 services building would take ten times as long as timing. Cilium has tables for
  // clients outside the cluster alone, and the socket level never uses Maglev.
  can: { ...PLAIN, outsideOnly: true, limits: { built: 1000, rebuilt: 100 } },
};
