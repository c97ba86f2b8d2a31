import { PLAIN, type PlaneDescriptor } from "../descriptor.js";

export const CALICO_EBPF: PlaneDescriptor = {
  id: "calico-ebpf",
  name: "eBPF (Calico, trie)",
  report: {
    label: "Calico eBPF (trie)",
    shortLabel: "Calico",
    columnLabel: "Calico eBPF",
    colours: { light: "#A6761D", lightLabel: "#7A5510", dark: "#E6AB02" },
    marker: "star",
    order: 35,
    role: "proxy",
    structure: "trie",
    claims: ["trie", "random-choice"],
    memoryModelled: true,
  },
  can: PLAIN,
};
