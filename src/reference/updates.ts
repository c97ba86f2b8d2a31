/** Published times of changing rules, against the number of services. */

import { publishedSeries, type Reference } from "./reference.js";

const HUAWEI_SERVICES = [1, 5000, 20_000];
const FLFTUU_SERVICES = [1, 100, 500, 1000, 1500, 2000, 5000, 10_000, 15_000, 20_000];
const MINUTE_MS = 60_000;

/** What a map of each Service costs nft, against one map of all: the only published pair. */
export const NFTABLES_MAPS: Reference = {
  id: "nftables-maps",
  title: "kubernetes-nftables-issue (Adrian Moisey)",
  url: "https://github.com/adrianmoisey/kubernetes-nftables-issue",
  date: null,
  timed: "nft alone, one endpoint a Service, an older kernel",
  unit: "s",
  kind: "text",
  error: null,
  series: [
    publishedSeries("nftables", "a map per Service", [45_000], [540]),
    publishedSeries("nftables", "one map", [45_000], [0.47]),
  ],
  notes: ["kube-proxy up to 1.37 writes a map per Service; one shared map is proposed for 1.38 (k/k#140362)"],
};

export const UPDATES: readonly Reference[] = [
  NFTABLES_MAPS,
  {
    id: "flftuu-add-rule",
    title: "k8s cluster iptables vs ipvs performance test (flftuu)",
    url: "https://www.flftuu.com/2019/11/01/k8s集群-iptables-vs-ipvs性能测试/",
    date: "2019-11-01",
    timed: "adding one rule; 500 nodes of 2 cores and 4 GB",
    unit: "ms",
    kind: "text",
    error: null,
    series: [
      publishedSeries(
        "iptables",
        "iptables",
        FLFTUU_SERVICES,
        [77, 100, 491, 1302, 2476, 2662, 6547, 9491, 15_125, 20_000],
      ),
      publishedSeries("ipvs", "IPVS", FLFTUU_SERVICES, [0.8, 0.85, 0.85, 0.85, 0.9, 0.9, 0.9, 0.97, 1, 1.52]),
    ],
    notes: [
      "rules as printed: 4, 400, 2,000, 4,000, 6,000, 8,000, 10,000, 40,000, 60,000, 80,000; the step from 10,000 to 40,000 looks like a slip",
      "from 5,000 Services on, the xtables lock times out",
    ],
  },
  {
    id: "huawei-add-rule",
    title: "Scale Kubernetes to Support 50,000 Services (Xie, Hoole; KubeCon EU 2017)",
    url: "https://github.com/kubernetes/community/pull/692",
    date: "2017-06-07",
    timed: "adding one iptables rule",
    unit: "ms",
    kind: "text",
    error: null,
    series: [
      publishedSeries("iptables", "iptables", HUAWEI_SERVICES, [2, 11 * MINUTE_MS, 5 * 60 * MINUTE_MS]),
    ],
    notes: [
      "8, 40,000 and 160,000 rules",
      "Chinese transcriptions say 50 µs instead of 2 ms for one Service",
      "Cilium's blog of 2018-04-17 reads the five hours as the time to install all 160,000 rules, not one",
    ],
  },
  {
    id: "huawei-add-ipvs",
    title: "Scale Kubernetes to Support 50,000 Services, Chinese transcription",
    url: "https://bbs.huaweicloud.com/blogs/175469",
    date: null,
    timed: "adding one IPVS rule",
    unit: "µs",
    kind: "quoted",
    error: null,
    series: [publishedSeries("ipvs", "IPVS", HUAWEI_SERVICES, [30, 50, 70])],
    notes: ["the slides themselves were not readable"],
  },
  {
    id: "eks-sync",
    title: "EKS benchmark of CNI performance (engineering-playbook)",
    url: "https://github.com/devfloor9/engineering-playbook/blob/main/docs/benchmarks/cni-performance-comparison.md",
    date: "2026-02-09",
    timed: "kube-proxy's sync, EKS 1.31, m6i.xlarge, kernel 6.1.159",
    unit: "ms",
    kind: "text",
    error: null,
    series: [publishedSeries("iptables", "kube-proxy (iptables)", [4, 104, 1000], [130, 160, 170], "median")],
    notes: ["its claim of more than 500 ms from 5,000 Services on is asserted, not measured"],
  },
];
