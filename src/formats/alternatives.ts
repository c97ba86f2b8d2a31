/** What to give instead of what is recognised and can't be read. */

import type { TextKind } from "./line-kinds.js";

/** A line for each kind that is only named. */
export const ALTERNATIVES: Partial<Readonly<Record<TextKind, string>>> = {
  "iptables -L": "this is iptables -L, which leaves out what rules match: give the output of iptables-save",
  "lines of iptables-save":
    "these are some lines of iptables-save, without its tables: give the whole output of iptables-save",
  "ipvsadm -c": "this is ipvsadm -c, the connections: give ipvsadm -Sn (with ipset save and iptables-save)",
  "other list of ipvs":
    "these are timeouts, daemons or counters of IPVS: give ipvsadm -Sn (with ipset save and iptables-save)",
  "ipset list": "this is ipset list: give the output of ipset save (with ipvsadm -Sn and iptables-save)",
  "lines of cilium service list":
    "this is a part of cilium service list, without its head (ID Frontend): give the whole output",
  "cilium maglev list":
    "this is cilium bpf lb maglev list, which has no addresses: give cilium bpf lb list, or cilium service list -o json",
  "cilium db frontends":
    "this is a table of cilium-dbg's db/show (statedb): give cilium service list -o json, or cilium bpf lb list",
  "kubectl table":
    "this is a table of kubectl get: give its YAML or JSON (kubectl get services,endpointslices -A -o json)",
  log: "this is a log: give what kube-proxy wrote (iptables-save, nft list table ip kube-proxy), or kubectl get services,endpointslices -A -o json",
  "kubectl error":
    "this is what kubectl says when it finds nothing or fails: run kubectl get services,endpointslices -A -o json where it reaches the cluster",
  markup:
    "this is HTML or XML: give the output itself as text (kubectl get services,endpointslices -A -o json, iptables-save, nft list ruleset)",
  "lines of nft":
    "this is a part of an nft ruleset, without its table: give all of it (nft list table ip kube-proxy)",
  "lines of ipvsadm":
    "this is a part of ipvsadm -Ln, without its head: give the whole output of ipvsadm -Sn (with ipset save and iptables-save)",
  "lines of cilium":
    "this is a part of cilium bpf lb list, without its head (SERVICE ADDRESS): give the whole output",
  "names of nft": "this is nft list tables, which has names alone: give nft list table ip kube-proxy",
  "nft trace":
    "this is a trace of nft, one packet's way: give the rules themselves (nft list table ip kube-proxy)",
  "command error":
    "this is what a command says when it fails, or may not: run it as root on the node (kubectl debug node/NAME --profile=sysadmin -it --image=IMAGE has its network)",
  diff: "this is a difference between two files: give either of them itself",
  "calico bpf":
    "this is calico-node -bpf nat dump, or another of its dumps, which are not read: give kubectl get services,endpointslices,nodes -A -o json",
  "other list of cilium":
    "this is one of Cilium's lists without Services (connections, NAT, endpoints, ipcache, flows): give cilium service list -o json, or cilium bpf lb list",
  ovn: "these are OVN's load balancers or flows, which are not read: give kubectl get services,endpointslices,nodes -A -o json",
  hns: "these are policies of a Windows node (HNS), which are not read: give kubectl get services,endpointslices,nodes -A -o json",
  metrics:
    "these are metrics, which count and hold no Services: give kubectl get services,endpointslices -A -o json, or what a node prints (iptables-save, nft list ruleset)",
  terraform:
    "this is Terraform's configuration: give what it made (kubectl get services,endpointslices -A -o json)",
  encoded: "this is gzip in base64: give it through base64 -d (lbscale reads gzip)",
  "bpftool map":
    "this is bpftool's list or dump of BPF maps: give cilium bpf lb list, or kubectl get services,endpointslices -A -o json",
  "cilium status":
    "this is cilium status, which lists no Services: give cilium service list -o json, or cilium bpf lb list",
  addresses:
    "these are addresses alone, as -o jsonpath prints them: give the objects (kubectl get services,endpointslices -A -o json)",
  "network listing":
    "this lists connections, sockets, interfaces or routes, and no Services: give kubectl get services,endpointslices -A -o json, or what a node prints (iptables-save, nft list ruleset, ipvsadm -Sn, cilium bpf lb list)",
  "kubectl describe":
    "this is kubectl describe or explain: give YAML or JSON (kubectl get services,endpointslices -A -o json)",
};
