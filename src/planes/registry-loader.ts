/** All planes: to add one, add its folder and a line here. Loaded one by one, because a timed child needs just one. */

import type { Plane, PlaneId } from "./plane.js";

const LOADERS: Readonly<Record<PlaneId, () => Promise<Plane>>> = {
  iptables: async () => (await import("./iptables/index.js")).iptables,
  ipvs: async () => (await import("./ipvs/index.js")).ipvs,
  nftables: async () => (await import("./nftables/index.js")).nftables,
  ebpf: async () => (await import("./ebpf/index.js")).ebpf,
  "ebpf-maglev": async () => (await import("./ebpf/index.js")).ebpfMaglev,
};

/** Loads one plane's code and nothing of the others. */
export function loadPlane(id: PlaneId): Promise<Plane> {
  return LOADERS[id]();
}
