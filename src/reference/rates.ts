/** Published request rates against the number of services. */

import { publishedSeries, type Reference } from "./reference.js";

const TKE_SERVICES = [5000, 10_000, 20_000, 30_000];

const TKE = {
  title: "Cilium Network Performance Benchmark (imroc, TKE)",
  url: "https://imroc.cc/tke/en/networking/cilium/appendix/network-benchmark",
  date: "2026-06-16",
  error: null,
} as const;

const TKE_SETUP =
  "Kubernetes 1.34.1, Cilium 1.19.4, kernel 6.6.117, 3 nodes of 4 cores, 4 endpoints per Service, fortio saturating the CPU, 64 short connections, single round";

export const RATES: readonly Reference[] = [
  {
    id: "tke",
    ...TKE,
    timed: `requests per second over new connections; ${TKE_SETUP}`,
    unit: "requests/s",
    kind: "text",
    series: [
      publishedSeries("iptables", "iptables", TKE_SERVICES, [22_237, 17_261, 12_916, 9057]),
      publishedSeries("ebpf", "Cilium native", TKE_SERVICES, [12_774, 11_895, 11_815, 10_286]),
      publishedSeries("ebpf", "Cilium overlay", TKE_SERVICES, [13_122, 12_746, 13_080, 12_879]),
    ],
    notes: [
      "baseline without dummy Services: iptables 31,365, native 13,826, overlay 14,193 requests/s",
      "with keepalive no mode changes by more than 2.1 %, but for Cilium native at 30,000 (-9.2 %), which the author calls an outlier",
      "a crossover: iptables is faster below 20,000 Services, and slower than both at 30,000",
    ],
  },
  {
    id: "tke-time",
    ...TKE,
    timed: `processor-bound time a request, 1 / rate; ${TKE_SETUP}`,
    unit: "µs",
    kind: "derived",
    series: [publishedSeries("iptables", "iptables", TKE_SERVICES, [45, 57.9, 77.4, 110.4])],
    notes: ["31.9 µs without dummy Services; linear in N with R² 0.991: about 10 core-ns per rule"],
  },
];
