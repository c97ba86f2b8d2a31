import { PLAIN, type PlaneDescriptor } from "../descriptor.js";

/** bpfMapSizeNATFrontend and bpfMapSizeNATBackend as Calico has them. */
export const STOCK_FRONTENDS = 65_536;
export const STOCK_BACKENDS = 262_144;

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
    stockMaps: [
      {
        what: "frontends",
        most: STOCK_FRONTENDS,
        perService: 1,
        perEndpoint: 0,
        option: "calicoMapEntries",
      },
      // The model enlarges both maps at once.
      { what: "backends", most: STOCK_BACKENDS, perService: 0, perEndpoint: 1, option: "calicoMapEntries" },
    ],
  },
  can: { ...PLAIN, families: [4, 6], options: ["calico-maglev", "calico-map-max"] },
};
