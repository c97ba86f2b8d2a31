/**
 * What single lines say of the text that they begin: every pattern is anchored and takes linear time. To add a format that
 * is only named: its kind and a pattern here, and what to give instead in alternatives.ts.
 */

/** The formats that are detected: what is read, and what is only named, so that the message can say what to give instead. */
export type TextKind =
  | "lbscale"
  | "iptables-save"
  | "iptables -S"
  | "iptables -L"
  | "lines of iptables-save"
  | "nft"
  | "nft-json"
  | "ipvsadm -S"
  | "ipvsadm -L"
  | "ipvsadm -c"
  | "other list of ipvs"
  | "ipset save"
  | "ipset list"
  | "cilium"
  | "lines of cilium service list"
  | "cilium lb part"
  | "cilium maglev list"
  | "cilium db frontends"
  | "kubectl table"
  | "kubectl describe"
  | "log"
  | "kubectl error"
  | "markup"
  | "lines of nft"
  | "lines of ipvsadm"
  | "lines of cilium"
  | "names of nft"
  | "nft trace"
  | "command error"
  | "diff"
  | "calico bpf"
  | "bpftool map"
  | "cilium status"
  | "other list of cilium"
  | "ovn"
  | "hns"
  | "metrics"
  | "terraform"
  | "encoded"
  | "addresses"
  | "network listing"
  | "kubernetes"
  | "unknown";

const IPTABLES_CHAIN = "(?:PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING|KUBE-[A-Z0-9-]+)";

/** Columns of kubectl. */
const COLUMN =
  "(?:READY|STATUS|RESTARTS|AGE|IP|NODE|ROLES|VERSION|TYPE|CLUSTER-IP|EXTERNAL-IP|INTERNAL-IP|PORT\\(S\\)|SELECTOR|ADDRESSTYPE|PORTS|ENDPOINTS|NAMESPACE|NAME)";

const KLOG = /^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ /;

/** What says something only where nothing below it does. */
export const HINTS: readonly (readonly [pattern: RegExp, kind: TextKind])[] = [
  [
    /^(?:Error from server|error: |The connection to the server |Unable to connect to the server|No resources found)/,
    "kubectl error",
  ],
  [
    /you must be root|command not found$|Permission denied$|permission denied$|^Can't initialize |^Error: No such file or directory|: No such file or directory$/,
    "command error",
  ],
  [/^table (?:ip|ip6|inet|arp|bridge|netdev) [^\s{]+$/, "names of nft"],
  [/^<[A-Za-z!?]/, "markup"],
  [KLOG, "log"],
];

/** Patterns of a trimmed line, the first that fits decides. `weak`: YAML, unless a line below says what it is. */
export const LINES: readonly (readonly [pattern: RegExp, kind: TextKind | "noise" | "weak"])[] = [
  // Prometheus' text format, as curl localhost:10249/metrics prints it.
  [
    /^# HELP [a-z\d:]+_[a-z\d_:]+ |^# TYPE [a-zA-Z_:][\w:]* (?:counter|gauge|histogram|summary|untyped)$/,
    "metrics",
  ],
  [/^(?:kubeproxy|cilium|felix)_[a-z_]{1,100}[ {]/, "metrics"],
  [/^(?:#|$)/, "noise"],
  [/^(?:```|~~~)/, "noise"],
  [/^\[sudo\]|^sudo:|^Warning:|^warning:/, "noise"],
  // klog's header above a transaction: I0611 12:34:56.789012       1 proxier.go:1856] …
  [KLOG, "noise"],
  [/^\*(?:raw|mangle|nat|filter|security)(?:\s|$)/, "iptables-save"],
  [/^-[Aa] (?:-[tuf]|--(?:tcp|udp|sctp)-service|--fwmark-service) /, "ipvsadm -S"],
  [/^-P [A-Z]+ (?:ACCEPT|DROP)(?:\s|$)/, "iptables -S"],
  [/^-N [\x21-\x7e]{1,29}$/, "iptables -S"],
  [/^:[\x21-\x7e]{1,29} (?:-|ACCEPT|DROP) \[\d+:\d+\]$/, "lines of iptables-save"],
  [new RegExp(`^(?:\\[\\d+:\\d+\\] )?-A ${IPTABLES_CHAIN} `), "lines of iptables-save"],
  // Numbered, as by grep -n or cat -n.
  [/^\d{1,7}[:\t ] *(?:-A KUBE-|\*nat$|:KUBE-)/, "lines of iptables-save"],
  [/^(?:sudo )?iptables (?:-w )?-t nat -[AI] /, "lines of iptables-save"],
  [/^Chain \S{1,29} \((?:policy|\d+ references)/, "iptables -L"],
  [/^(?:\d+[KMG]? +)*KUBE-[A-Z0-9-]+ +(?:tcp|udp|sctp|all|\d+) +-/, "iptables -L"],
  [/^trace id [0-9a-f]{8} (?:ip|ip6|inet) /, "nft trace"],
  [/^table (?:ip|ip6|inet|arp|bridge|netdev) \S/, "nft"],
  [/^(?:add|create|insert|delete|destroy|flush) (?:table|chain|set|map|rule|element|ruleset)(?:\s|$)/, "nft"],
  [/^(?:chain|map|set) \S{1,255} \{$/, "lines of nft"],
  // iptables-translate
  [/^(?:sudo )?nft (?:add|create|insert) /, "lines of nft"],
  [/^(?:elements = \{|(?:ip|ip6|meta|ct|fib|th) [a-z0-9]{1,20} )/, "lines of nft"],
  [/^IP Virtual Server version |^Prot LocalAddress:Port/, "ipvsadm -L"],
  [/^-> [\d.:]+ +(?:Masq|Route|Tunnel|Local) /, "lines of ipvsadm"],
  [/^(?:TCP|UDP|SCTP) +[\d.:]+ +[a-z]+(?:\s|$)/, "lines of ipvsadm"],
  // Also as /proc/net/ip_vs_conn has them; below, --timeout, --daemon and /proc/net/ip_vs_stats.
  [/^IPVS connection entries$|^pro expire state |^Pro FromIP +FPrt /, "ipvsadm -c"],
  [
    /^Timeout \(tcp tcpfin udp\): |^(?:master|backup) sync daemon |^Total Incoming Outgoing +Incoming/,
    "other list of ipvs",
  ],
  [/^create \S{1,31} (?:hash|bitmap|list):/, "ipset save"],
  [/^Name: \S{1,31}$|^KUBE-[A-Z0-9-]+$/, "ipset list"],
  [/^add \S+ \S/, "ipset save"],
  [/^SERVICE ADDRESS +BACKEND ID/, "cilium lb part"],
  [/^SERVICE ADDRESS/, "cilium"],
  [/^ID +(?:BACKEND ADDRESS|BACKEND ID)|^SOURCE RANGE \(REVNAT_ID\)/, "cilium lb part"],
  [/^ID +Frontend/, "cilium"],
  // As -o jsonpath prints them.
  [/^(?:(?:\d{1,3}(?:\.\d{1,3}){3}|None|[\da-f]{1,4}:[\da-f:]{1,36})(?:\s+|$))+$/, "addresses"],
  [/^(?:\d+ +)?[\d.:a-f[\]]+(?:\/\S*)? +[A-Z]\w+(?: +\d+ =>|$)|^[\d.:]+ =>$/, "lines of cilium service list"],
  [/^SERVICE ID +TABLE|^Maglev table/, "cilium maglev list"],
  [/^Address +Type +ServiceName/, "cilium db frontends"],
  // `db/show backends` and `services`.
  [/^Address +Instances|^Name +Source +PortNames/, "cilium db frontends"],
  [/^[\d.:a-f]+ port \d+ proto \d+ /, "calico bpf"],
  // calico-node -bpf routes dump, conntrack dump, ipsets dump.
  [/^[\d.:a-f]+\/\d+: (?:local|remote|cidr|tunneled) |^ConntrackKey\{|^IP set 0x/, "calico bpf"],
  [/^(?:TCP|UDP|ICMP) [\d.:a-f[\]]+ (?:<?->|<-) [\d.:a-f[\]]+ /, "calico bpf"],
  [/^UUID +LB +PROTO +VIP|^_uuid +: [0-9a-f]{8}-|^(?:NXST|OFPST)_FLOW |^cookie=0x/, "ovn"],
  [/^ActivityId +: |^Networks:$|^Load ?[Bb]alancers:$|^ID +\| +[A-Z]/, "hns"],
  [/^resource "kubernetes_[a-z0-9_]{1,60}" /, "terraform"],
  // What gzip begins with, in base64.
  [/^H4sI[A-Za-z0-9+/]{12}/, "encoded"],
  [
    /^(?:key|value): *(?:[0-9a-f]{2} ){2}|^\d+: (?:hash|lru_hash|array|lpm_trie|percpu_array) {2}name /,
    "bpftool map",
  ],
  // conntrack -L, -E and /proc/net/nf_conntrack; conntrack -S; what it says at the end.
  [
    /^(?:ipv[46] +\d+ )?(?:\[[A-Z]+\] +)?(?:[a-z]+ +)?\d+ (?:\d+ )?(?:[A-Z_]+ )?src=|^cpu=\d+\s+(?:found|searched)=|^conntrack v\d/,
    "network listing",
  ],
  [/^\d\d:\d\d:\d\d\.\d+ (?:[\w.-]+ +(?:In|Out|P|B|M) +)?(?:IP6?|ARP)[ ,]/, "network listing"],
  [/^(?:Netid|State) +(?:State|Recv-Q)|^Active Internet connections|^Proto Recv-Q/, "network listing"],
  [/^\d+: [\w@.-]+: <[A-Z,_-]+> mtu /, "network listing"],
  [/^(?:default|[\d.]+(?:\/\d+)?) (?:via [\d.]+ )?dev \S/, "network listing"],
  [/^(?:diff (?:--git|-[a-zA-Z]) |\+\+\+ \S|@@ -\d)/, "diff"],
  [/^--- [\w./~-]/, "noise"],
  [/^[\d.:a-f[\]]+(?:\/[A-Zi/]+)?(?: \(\d+\))? +[\d.:a-f[\]]+(?:\/[A-Z]+)? \(\d+\)/, "lines of cilium"],
  // Any heading in capitals: columns of one's own, and of kinds to come. kubectl puts three spaces between columns, prose one.
  [/^(?:NAMESPACE[ \t]+)?(?:NAME|LAST SEEN)[ \t]+[A-Z]/, "kubectl table"],
  [/^[A-Z][A-Z()-]{0,40}(?: [A-Z][A-Z()-]{0,40}){0,9} {2,60}[A-Z][A-Z() -]{0,400}$/, "kubectl table"],
  // Its spaces squeezed.
  [new RegExp(`^${COLUMN} ${COLUMN}(?: [A-Z() -]{1,400})?$`), "kubectl table"],
  // The same in a spreadsheet.
  [/^"?(?:NAMESPACE|NAME|Namespace|Name|namespace|name)"?[,;]"?[A-Za-z]/, "kubectl table"],
  // With --no-headers, and with -o name.
  [/^(?:\S{1,253} +){1,2}(?:ClusterIP|NodePort|LoadBalancer|ExternalName) +\S/, "kubectl table"],
  [/^(?:service|endpoints|endpointslice\.discovery\.k8s\.io)\/[a-z0-9.-]{1,253}$/, "kubectl table"],
  // The same in Markdown, between bars.
  [/^\| *(?:NAMESPACE|NAME|Name|name) *\|/, "kubectl table"],
  [/^Name: +\S+$/, "kubectl describe"],
  // kubectl explain
  [/^(?:KIND|GROUP): +\S/, "kubectl describe"],
  [/^(?:KVStore|Kubernetes|KubeProxyReplacement|Cilium): +\S/, "cilium status"],
  // bpf ct list, bpf nat list; endpoint, ipcache, node and bpf endpoint list; hubble observe.
  [/^(?:TCP|UDP|ICMP|ICMPv6|SCTP) (?:IN|OUT|RELATED|SERVICE) \S/, "other list of cilium"],
  [
    /^ENDPOINT +POLICY \(|^IP PREFIX\/ADDRESS|^Name +IPv4 Address +Endpoint CIDR|^IP ADDRESS +LOCAL ENDPOINT|^POLICY +DIRECTION /,
    "other list of cilium",
  ],
  [/^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d\.\d+: \S+ \(/, "other list of cilium"],
  [/^[{[]/, "kubernetes"],
  [/^(?:---|%YAML|- |-$|&|!)/, "kubernetes"],
  [/^['"]?(?:apiVersion|kind|items|metadata|spec|status)['"]?:(?: |$)/, "kubernetes"],
  [/^['"]?[A-Za-z][\w.\-/]*['"]?:(?: |$)/, "weak"],
];

export const JSON_HEADS: readonly (readonly [pattern: RegExp, kind: TextKind])[] = [
  [/^\{\s*"lbscale"\s*:/, "lbscale"],
  [/^\{\s*"nftables"\s*:/, "nft-json"],
  // bpftool -j map dump and map list.
  [/^\[\s*\{\s*"(?:key"\s*:|id"\s*:\s*\d+\s*,\s*"type")/, "bpftool map"],
  [/^(?:\[\s*)?\{\s*"(?:ActivityId|HostComputeEndpoints)"\s*:/, "hns"],
  // `cilium service list -o json` (or one of them: `service get`), the maps that lbscale exports, `bpf lb list -o json`.
  [
    /^(?:\[\s*)?\{\s*"(?:spec|status)"\s*:\s*\{\s*"(?:backend-addresses|frontend-address|flags|id|realized)"/,
    "cilium",
  ],
  [/^\{\s*"cilium_lb/, "cilium"],
  // `bpf lb list --backends -o json`, `--revnat`; `--source-ranges`.
  [/^\{\s*"\d{1,10}"\s*:\s*\[\s*"/, "cilium lb part"],
  [/^\{\s*"[\d.:a-f]{2,45}\/\d{1,3} \(\d{1,5}\)"\s*:/, "cilium lb part"],
  [/^\{\s*"[\d.:a-f[\]]{2,45}:\d{1,5}[^"]{0,30}"\s*:\s*\[/, "cilium"],
];
