/**
 * What the article claims, in its own order, and our verdicts. Verdicts are written here; their evidence is findings of runs,
 * which exist only where their intervals support them.
 */

export interface ArticleClaim {
  readonly claim: string;
  readonly verdict: string;
  /** Ids of findings. All must be there, but for those of `more`. */
  readonly evidence: readonly string[];
  readonly more: readonly string[];
  /** The first of these charts that a run shows. */
  readonly charts: readonly string[];
  /** Which of the findings come first in a talk: the article's own form, then what real programs did. */
  readonly talk: readonly string[];
}

/** In the article's order. */
export const ARTICLE_CLAIMS: readonly ArticleClaim[] = [
  {
    claim: "iptables' rules are sequential: latency grows with the number of Services",
    verdict: "True of the first packet of a connection. Later packets skip the nat rules.",
    evidence: ["iptables-slope"],
    more: ["iptables-growth", "iptables-factor", "kernel-connect", "kernel-established", "cluster-connect"],
    charts: ["columns", "scaling"],
    talk: ["iptables-factor", "kernel-connect", "cluster-connect"],
  },
  {
    claim: "IPVS's hash table keeps it flat",
    verdict:
      "No. Its table has 256 buckets up to Linux 7.0, so a lookup compares 1 + (N − 1)/512 virtual services on average: that grows with N, and is a 256th of the rules that a list tries. The times are a model's; in a kernel, IPVS was measured in a user-mode guest only.",
    evidence: ["ipvs-chains"],
    more: ["ipvs-time", "guest-connect"],
    charts: ["work"],
    talk: ["ipvs-chains", "guest-connect"],
  },
  {
    claim: "eBPF's hash tables are almost O(log n)",
    verdict:
      "No. Cilium's hash tables do the same work at any N, O(1); what grows is the time, where tables leave the caches. The data plane that is O(log n) is Calico's, whose frontends are a trie.",
    evidence: ["work-constant", "hash-time-rise", "trie-logarithm"],
    more: ["cache-regimes", "kernel-lookup", "trie-addresses", "logarithm"],
    charts: ["logarithm"],
    talk: ["trie-logarithm", "hash-time-rise", "cache-regimes"],
  },
  {
    claim: "hash tables keep the load stable",
    verdict:
      "Partly. Hash lookups do constant work, but their time rises once the tables leave the caches. Keepalive removes the list's growth in iptables. It does not remove Cilium's lookup of each packet; only load balancing at the socket does.",
    evidence: ["hash-time-rise", "established", "established-hash"],
    more: ["kernel-established", "kernel-change-load"],
    charts: ["established"],
    talk: ["established", "established-hash", "kernel-change-load"],
  },
  {
    claim: "IPs change all the time, and hash tables take it",
    verdict:
      "True of the tables. What programs them may still be slow: up to 1.36 kube-proxy's nftables mode reads back what is there before each change.",
    evidence: ["update"],
    more: ["kernel-programming", "cluster-programming", "kernel-update", "churn", "balance"],
    charts: ["kernel-programming", "update"],
    talk: ["kernel-programming", "update", "cluster-programming"],
  },
];
