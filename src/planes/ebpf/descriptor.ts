import { PLAIN, type PlaneDescriptor } from "../descriptor.js";

/** bpf-lb-map-max as Cilium has it. */
export const DEFAULT_MAP_ENTRIES = 65_536;
/** rev_nat_index has 16 bits, and 0 means none. */
export const MAX_FRONTENDS = 65_535;

/** Seen with Cilium 1.20.2's own control plane, at the 10,923rd Service of a port and four endpoints. */
export const WHEN_FULL =
  "The kernel refuses with E2BIG: a Service that no longer fits is not programmed, and slots already written for it stay, because its master entry comes last. Services in the map work on; the agent tries again, with pauses of up to a minute";

const STOCK_MAPS = [
  // A master, a wildcard of its address, and a slot for each endpoint.
  {
    what: "entries of the service map",
    most: DEFAULT_MAP_ENTRIES,
    perService: 2,
    perEndpoint: 1,
    option: "ebpfMapEntries",
  },
  { what: "frontends", most: MAX_FRONTENDS, perService: 1, perEndpoint: 0, option: null },
];

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
    stockMaps: STOCK_MAPS,
  },
  can: {
    ...PLAIN,
    families: [4, 6],
    connectionPaths: ["tc", "socket"],
    options: ["ebpf-map-max", "ebpf-prealloc"],
  },
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
    stockMaps: STOCK_MAPS,
  },
  // A service's table costs 0.4 ms: at 10,000 services building would take ten times as long as timing. Cilium has tables for
  // clients outside the cluster alone, and the socket level never uses Maglev.
  can: {
    ...PLAIN,
    families: [4, 6],
    outsideOnly: true,
    limits: { built: 1000, rebuilt: 100 },
    options: ["ebpf-map-max", "ebpf-prealloc", "maglev-table-size"],
  },
};
