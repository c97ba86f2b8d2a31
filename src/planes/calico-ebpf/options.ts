/** Options of Calico's eBPF data plane that users may set. */

import type { PlaneOption } from "../option.js";

export const CALICO_MAGLEV: PlaneOption = {
  name: "calico-maglev",
  describe:
    "Calico's Services with external addresses ask for Maglev by annotation: for clients outside the cluster",
  key: "calicoMaglev",
  isFlag: true,
  default: false,
};

export const CALICO_OPTIONS: readonly PlaneOption[] = [
  {
    name: "calico-map-max",
    describe:
      "Entries of Calico's frontend map (bpfMapSizeNATFrontend); as many as the cluster needs by default",
    key: "calicoMapEntries",
    numbers: { min: 1, max: 2 ** 24 },
  },
  CALICO_MAGLEV,
];
