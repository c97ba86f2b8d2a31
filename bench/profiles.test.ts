import { expect, it } from "vitest";
import { PROFILES } from "./profiles.js";

it.each(PROFILES)(
  "$id measures the list and the eBPF hash table at four sizes, which laws of growth need",
  (profile) => {
    for (const plane of ["iptables", "ebpf"] as const) {
      expect((profile.servicesOf[plane] ?? profile.services).length).toBeGreaterThanOrEqual(4);
    }
  },
);
