/** Published latency against the number of services. */

import { publishedSeries, type Reference } from "./reference.js";

const CILIUM_SERVICES = [1, 100, 1000, 2000, 2768];
const KUBERNETES_SERVICES = [5000, 10_000, 30_000];
const TIGERA_SERVICES = [10, 100, 500, 1000, 5000, 10_000];

const TIGERA = {
  title: "Comparing kube-proxy modes: iptables or IPVS?",
  url: "https://www.tigera.io/blog/comparing-kube-proxy-modes-iptables-or-ipvs/",
  date: null,
  kind: "chart",
} as const;

const TIGERA_SETUP =
  "client pod on a dedicated node, 1,000 requests per second to one Service with 10 NGINX pods on other nodes, N Services of 10 pods each";

export const LATENCY: readonly Reference[] = [
  {
    id: "cilium-1.6",
    title: "Cilium 1.6: KVstore-free operation, 100% kube-proxy replacement",
    url: "https://cilium.io/blog/2019/08/20/cilium-16/",
    date: "2019-08-20",
    timed:
      "one HTTP GET through a Kubernetes Service (NodePort) to an nginx pod on a remote host, ab, 100,000 sequential requests",
    unit: "µs",
    kind: "chart",
    error: 2.5,
    series: [
      publishedSeries("ebpf", "eBPF", CILIUM_SERVICES, [299, 297, 298, 301, 301]),
      publishedSeries("iptables", "kube-proxy (iptables)", CILIUM_SERVICES, [292, 301, 381, 455, 576]),
    ],
    notes: [
      "whole requests, not the choice of an endpoint; keepalive, hardware, kernel and the position of the tested Service are not stated",
      "2,768 is the size of the default NodePort range; the same data are published as an SVG titled “HTTP request latency via NodePort”",
      "two series only: the source measured neither IPVS nor nftables",
    ],
  },
  {
    id: "kubernetes-nftables",
    title: "NFTables mode for kube-proxy",
    url: "https://kubernetes.io/blog/2025/02/28/nftables-kube-proxy/",
    date: "2025-02-28",
    timed: "first packet round trip time",
    unit: "ms",
    kind: "chart",
    error: 0.004,
    series: [
      publishedSeries("iptables", "iptables p01", KUBERNETES_SERVICES, [0.016, 0.012, 0.042], "p01"),
      publishedSeries("iptables", "iptables p50", KUBERNETES_SERVICES, [0.049, 0.063, 0.274], "p50"),
      publishedSeries("iptables", "iptables p90", KUBERNETES_SERVICES, [0.121, 0.19, 0.495], "p90"),
      publishedSeries("iptables", "iptables p99", KUBERNETES_SERVICES, [0.154, 0.259, 0.716], "p99"),
      publishedSeries("nftables", "nftables p01", KUBERNETES_SERVICES, [0.01, 0.01, 0.01], "p01"),
      publishedSeries("nftables", "nftables p50", KUBERNETES_SERVICES, [0.014, 0.014, 0.014], "p50"),
      publishedSeries("nftables", "nftables p90", KUBERNETES_SERVICES, [0.021, 0.021, 0.021], "p90"),
      publishedSeries("nftables", "nftables p99", KUBERNETES_SERVICES, [0.037, 0.037, 0.037], "p99"),
    ],
    notes: [
      "iptables read from the blog's SVG, nftables from the chart of KEP-3866; tool, hardware and endpoints per Service were not found",
      "the text says that nftables performs like IPVS, “actually, slightly better”; no IPVS values were found",
    ],
  },
  {
    id: "tigera",
    ...TIGERA,
    timed: `round trip time of a request; ${TIGERA_SETUP}`,
    unit: "ms",
    error: 0.02,
    series: [
      publishedSeries("iptables", "iptables", TIGERA_SERVICES, [1.36, 1.36, 1.43, 1.46, 2.39, 4.29], "mean"),
      publishedSeries("ipvs", "IPVS", TIGERA_SERVICES, [1.36, 1.36, 1.4, 1.43, 1.69, 2.03], "mean"),
      publishedSeries(
        "keepalive",
        "both, keepalive",
        TIGERA_SERVICES,
        [0.54, 0.54, 0.54, 0.54, 0.54, 0.54],
        "mean",
      ),
    ],
    notes: [
      "averages, no percentiles; read from the charts of a translation of 2021-10-20",
      "IPVS's rise at 10,000 Services is put down partly to the load of the host, not to lookups",
      "keepalive: 100 requests per connection (NGINX's default)",
    ],
  },
  {
    id: "tigera-cpu",
    ...TIGERA,
    timed: `processor cores in use; ${TIGERA_SETUP}`,
    unit: "cores",
    error: 0.005,
    series: [
      publishedSeries("iptables", "iptables", TIGERA_SERVICES, [0.54, 0.54, 0.54, 0.56, 0.7, 0.9], "mean"),
      publishedSeries("ipvs", "IPVS", TIGERA_SERVICES, [0.54, 0.54, 0.54, 0.55, 0.58, 0.62], "mean"),
    ],
    notes: ["without keepalive; with it the text says about 2 % of a core at 10,000 Services"],
  },
  {
    id: "eks",
    title: "EKS benchmark of CNI performance (engineering-playbook)",
    url: "https://github.com/devfloor9/engineering-playbook/blob/main/docs/benchmarks/cni-performance-comparison.md",
    date: "2026-02-09",
    timed:
      "connect time with Connection: close, EKS 1.31, m6i.xlarge, kernel 6.1.159, median of at least 3 runs of fortio",
    unit: "µs",
    kind: "text",
    error: null,
    series: [publishedSeries("iptables", "kube-proxy (iptables)", [4, 1000], [164, 190], "median")],
    notes: ["99, 699 and 10,059 rules in the nat table at 4, 104 and 1,000 Services"],
  },
];
