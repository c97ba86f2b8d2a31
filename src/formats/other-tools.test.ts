/** Dumps of other distributions, network plugins and tools: each is read as its node has it, or refused with what to give instead. */

import { describe, expect, it } from "vitest";
import { readFixture } from "../../test/fuzz-import.js";
import { InvalidInputError } from "../errors.js";
import { importCluster } from "./detect.js";

const SAVE = readFixture("field/kube-proxy-1.36.3.iptables-save");
const NFT = readFixture("field/kube-proxy-1.37.2.nft");
const [ADM = "", IPSET = ""] = ["ipvsadm", "ipset"].map((kind) => readFixture(`field/ipvs-1.36.3.${kind}`));

/** Rules of others in a table, with the chains that they are in; those of base chains come first. */
function withRules(table: "nat" | "filter" | "mangle", rules: string, text = SAVE): string {
  const names = [...new Set(Array.from(rules.matchAll(/^-A (\S+)/gm), ([, name]) => name!))];
  const start = text.indexOf(`*${table}\n`);
  const end = text.indexOf("COMMIT\n", start);
  const own = text.slice(start, end);
  const added = names.filter((name) => !own.includes(`\n:${name} `)).map((name) => `:${name} - [0:0]\n`);
  const firstRule = text.indexOf("\n-A ", start) + 1;
  const at = firstRule > 0 && firstRule < end ? firstRule : end;
  return `${text.slice(0, at)}${added.join("")}${rules.trim()}\n${text.slice(at)}`;
}

const sizeOf = (...texts: string[]) => {
  const { cluster } = importCluster(texts);
  return [cluster.services, cluster.servicePorts, cluster.endpoints];
};
const reportOf = (...texts: string[]) => importCluster(texts).report.join("\n");

const ROUTER = `-A INPUT -m comment --comment "kube-router netpol - 4IA2OSFRMVNDXBVV" -j KUBE-ROUTER-INPUT
-A FORWARD -m comment --comment "kube-router netpol - TEMCG2JMHZYE7H7T" -j KUBE-ROUTER-FORWARD
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A FLANNEL-FWD -s 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A KUBE-NWPLCY-DEFAULT -m comment --comment "rule to mark traffic matching a network policy" -j MARK --set-xmark 0x10000/0x10000
-A KUBE-POD-FW-7AGYBKMYR3TUQ2ZY -d 10.42.0.4/32 -m comment --comment "run through default egress network policy chain" -j KUBE-NWPLCY-DEFAULT
-A KUBE-POD-FW-7AGYBKMYR3TUQ2ZY -m comment --comment "rule to log dropped traffic POD name:a namespace: b" -m mark ! --mark 0x10000/0x10000 -m limit --limit 10/min --limit-burst 10 -j NFLOG --nflog-group 100
-A KUBE-POD-FW-7AGYBKMYR3TUQ2ZY -m mark ! --mark 0x10000/0x10000 -j REJECT --reject-with icmp-port-unreachable
-A KUBE-ROUTER-FORWARD -d 10.42.0.4/32 -m comment --comment "rule to jump traffic destined to POD name:a namespace: b to chain KUBE-POD-FW-7AGYBKMYR3TUQ2ZY" -j KUBE-POD-FW-7AGYBKMYR3TUQ2ZY
-A KUBE-ROUTER-INPUT -d 10.43.0.0/16 -m comment --comment "allow traffic to primary/secondary cluster IP range - TZZOAXOCHPHEHX7M" -j RETURN
-A KUBE-ROUTER-INPUT -p tcp -m comment --comment "allow LOCAL TCP traffic to node ports" -m addrtype --dst-type LOCAL -m multiport --dports 30000:32767 -j RETURN`;
const FLANNEL = `-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.42.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"cbr0\\" id: \\"f36b\\"" -m multiport --dports 80,443 -j CNI-DN-f36b26a1d5d1a2ba8f3f1
-A CNI-DN-f36b26a1d5d1a2ba8f3f1 -s 10.42.0.0/24 -p tcp -m tcp --dport 80 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-f36b26a1d5d1a2ba8f3f1 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.42.0.7:80
-A CNI-HOSTPORT-SETMARK -m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark 0x2000/0x2000`;
const VPC_CNI = `-A PREROUTING -i eni+ -m comment --comment "AWS, outbound connections" -j AWS-CONNMARK-CHAIN-0
-A PREROUTING -m comment --comment "AWS, CONNMARK" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80
-A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-0
-A AWS-CONNMARK-CHAIN-0 -d 192.168.0.0/16 -m comment --comment "AWS CONNMARK CHAIN, VPC CIDR" -j RETURN
-A AWS-CONNMARK-CHAIN-0 -m comment --comment "AWS, CONNMARK" -j CONNMARK --set-xmark 0x80/0x80
-A AWS-SNAT-CHAIN-0 -d 192.168.0.0/16 -m comment --comment "AWS SNAT CHAIN" -j RETURN
-A AWS-SNAT-CHAIN-0 ! -o vlan+ -m comment --comment "AWS, SNAT" -m addrtype ! --dst-type LOCAL -j SNAT --to-source 192.168.31.7 --random-fully`;
const CALICO = `-A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" -j cali-PREROUTING
-A POSTROUTING -m comment --comment "cali:O3lYWMrLQYEMJtB5" -j cali-POSTROUTING
-A cali-PREROUTING -m comment --comment "cali:r6XmIziWUJsdOK6Z" -j cali-fip-dnat
-A cali-POSTROUTING -m comment --comment "cali:Z-c7XtVd2Bq7s_hA" -j cali-nat-outgoing
-A cali-nat-outgoing -m comment --comment "cali:flqWnvo8yq4ULQLa" -m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40all-ipam-pools dst -j MASQUERADE --random-fully
-A cali-fip-dnat -m set --match-set cali40fip dst -j DNAT --to-destination 10.1.0.9`;
const DOCKER = `-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 5000 -j DNAT --to-destination 172.17.0.2:5000`;

describe("iptables-save of other distributions", () => {
  it.each([
    [
      "k3s and Rancher, with flannel, kube-router and host ports",
      withRules("nat", FLANNEL, withRules("filter", ROUTER)),
    ],
    ["EKS, with the VPC CNI", withRules("nat", VPC_CNI)],
    [
      "EKS, as iptables-nft heads it",
      `# Warning: iptables-legacy tables present, use iptables-legacy-save to see them\n${SAVE.replaceAll(/^# Generated by .*$/gm, "# Generated by iptables-nft-save v1.8.8 (nf_tables) on Mon Nov 30 09:00:00 2026")}`,
    ],
    ["MicroK8s, with Calico", withRules("nat", CALICO)],
    ["minikube, with Docker", withRules("nat", DOCKER)],
    [
      "OpenShift SDN, whose masquerade has a mark of its own",
      withRules(
        "nat",
        `-A POSTROUTING -m comment --comment "rules for masquerading OpenShift traffic" -j OPENSHIFT-MASQUERADE
-A OPENSHIFT-MASQUERADE -m mark --mark 0x1/0x1 -j RETURN
-A OPENSHIFT-MASQUERADE -s 10.128.0.0/14 -m comment --comment "masquerade pod-to-external traffic" -j OPENSHIFT-MASQUERADE-2
-A OPENSHIFT-MASQUERADE-2 -d 10.128.0.0/14 -j RETURN
-A OPENSHIFT-MASQUERADE-2 -j MASQUERADE`,
      ),
    ],
    [
      "GKE, with its masquerade agent",
      withRules(
        "nat",
        `-A POSTROUTING -m comment --comment "ip-masq-agent: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom IP-MASQ chain" -m addrtype ! --dst-type LOCAL -j IP-MASQ
-A IP-MASQ -d 169.254.0.0/16 -m comment --comment "ip-masq-agent: local traffic is not subject to MASQUERADE" -j RETURN
-A IP-MASQ -m comment --comment "ip-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)" -j MASQUERADE --random-fully`,
      ),
    ],
    [
      "AKS, with its own rule for Azure's address",
      withRules(
        "nat",
        `-A PREROUTING -d 168.63.129.16/32 -p tcp -m tcp --dport 80 -m owner --uid-owner 0 -j ACCEPT`,
      ),
    ],
    [
      "a node with NodeLocal DNSCache",
      withRules(
        "filter",
        `-A INPUT -d 169.254.20.10/32 -p udp -m udp --dport 53 -m comment --comment "NodeLocal DNS Cache: allow DNS traffic" -j ACCEPT`,
      ),
    ],
    [
      "a node with Istio's redirection",
      withRules(
        "nat",
        `-A PREROUTING -p tcp -j ISTIO_INBOUND\n-A ISTIO_INBOUND -p tcp -m tcp --dport 15090 -j RETURN\n-A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT\n-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 15006`,
      ),
    ],
    [
      "a node with firewalld",
      withRules(
        "filter",
        `-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT\n-A INPUT -j INPUT_ZONES\n-A INPUT_ZONES -i eth0 -g IN_public\n-A IN_public -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW,UNTRACKED -j ACCEPT`,
      ),
    ],
    [
      "kubectl debug, with what it says first",
      `Creating debugging pod node-debugger-a-b with container debugger on node a.\nIf you don't see a command prompt, try pressing enter.\n${SAVE}`,
    ],
    [
      "microk8s, below its prompt",
      `ubuntu@vm:~$ sudo microk8s.ctr c ls | head -0; sudo iptables-save\n${SAVE}`,
    ],
  ])("is read: %s", (_whose, text) => {
    expect(sizeOf(text)).toEqual(sizeOf(SAVE));
    expect(reportOf(text)).not.toContain("not understood");
  });

  it.each<readonly [string, string, RegExp]>([
    [
      "OVN",
      "*nat\n:OVN-KUBE-NODEPORT - [0:0]\n-A OVN-KUBE-NODEPORT -p tcp -m addrtype --dst-type LOCAL -m tcp --dport 31000 -j DNAT --to-destination 172.30.1.2:80\nCOMMIT\n",
      /Services are OVN's/,
    ],
    [
      "Cilium",
      "*nat\n:CILIUM_PRE_nat - [0:0]\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j CILIUM_PRE_nat\nCOMMIT\n",
      /Services are Cilium's.*bpf lb list/,
    ],
    [
      "kube-router as the proxy",
      "*nat\n:KUBE-ROUTER-SERVICES - [0:0]\n-A KUBE-ROUTER-SERVICES -j ACCEPT\nCOMMIT\n",
      /kube-router's.*ipvsadm -Sn/,
    ],
    ["Antrea", "*nat\n:ANTREA-POSTROUTING - [0:0]\nCOMMIT\n", /Services are Antrea's/],
    ["Calico's eBPF plane", "*nat\n:cali-PREROUTING - [0:0]\nCOMMIT\n", /Calico's eBPF plane's/],
  ])("is refused with what to give where %s serves the node", (_whose, text, message) => {
    expect(() => importCluster(text)).toThrow(message);
  });

  it.each([
    ["without a revision", / -j DNAT --to-destination \S+$/gm, " -j DNAT [unsupported revision]"],
    [
      "without addresses",
      / --to-destination \S+$/gm,
      " --to-destination :0 --persistent --to-destination :0 --persistent --to-destination 0.0.0.0:0",
    ],
  ])("is refused where an old iptables lists a newer one's rules %s", (_how, pattern, instead) => {
    expect(() => importCluster(SAVE.replaceAll(pattern, instead))).toThrow(
      /rules -j DNAT without an address, as an old iptables lists what a newer one wrote: use kube-proxy's own/,
    );
  });
});

describe("nft list ruleset of other distributions", () => {
  const DOCKER_NFT = `# Warning: table ip nat is managed by iptables-nft, do not touch!
table ip nat {
	chain DOCKER {
		iifname "docker0" counter packets 0 bytes 0 return
		iifname != "docker0" meta l4proto tcp tcp dport 5000 counter packets 0 bytes 0 dnat to 172.17.0.2:5000
	}

	chain PREROUTING {
		type nat hook prerouting priority dstnat; policy accept;
		fib daddr type local counter packets 5 bytes 300 jump DOCKER
		# xt_addrtype
		xt match "addrtype" counter packets 5 bytes 300 jump DOCKER
	}
}
table ip filter {
	chain FORWARD {
		type filter hook forward priority filter; policy drop;
		counter packets 0 bytes 0 xt target "CHECKSUM"
		ct state related,established counter packets 0 bytes 0 accept
	}
}
`;
  const CALICO_NFT = `table ip calico {
	set cali40all-ipam-pools {
		type ipv4_addr
		flags interval
		elements = { 10.244.0.0/16 }
	}

	map cali-fw-dispatch {
		type ifname : verdict
		elements = { "cali0a1b2c3d4e5" : goto filter-cali-fw-cali0a1b2c3d4e5 }
	}

	chain filter-FORWARD {
		type filter hook forward priority filter - 10; policy accept;
		ip saddr @cali40all-ipam-pools ip daddr != @cali40all-ipam-pools counter packets 0 bytes 0 accept comment "cali:x;"
	}
}
`;
  const FIREWALLD = `table inet firewalld {
	ct helper helper-netbios-ns-udp {
		type "netbios-ns" protocol udp
		l3proto ip
	}

	chain filter_INPUT {
		type filter hook input priority filter + 10; policy accept;
		ct state { established, related } accept
		iifname "lo" accept
		reject with icmpx admin-prohibited
	}
}
`;

  it.each([
    ["minikube's, with Docker", DOCKER_NFT + NFT],
    ["with Calico's nftables plane", NFT + CALICO_NFT],
    ["with firewalld", FIREWALLD + NFT],
    ["stateless (-s)", NFT.replaceAll(/ counter packets \d+ bytes \d+/g, " counter")],
    ["with numbers of priorities (-y)", NFT.replaceAll(/priority filter;/g, "priority 0;")],
    ["with two spaces for a tab", NFT.replaceAll("\t", "  ")],
    [
      "below the command that was typed",
      `docker@minikube:~$ sudo nft list ruleset\n${DOCKER_NFT}${NFT}docker@minikube:~$ \n`,
    ],
  ])("is read %s", (_how, text) => {
    expect(sizeOf(text)).toEqual(sizeOf(NFT));
    expect(reportOf(text)).not.toContain("not understood");
  });

  it("is refused where ports have names (-S)", () => {
    for (const named of [
      NFT.replaceAll(/ \. 80 :/g, ' . "http" :'),
      NFT.replaceAll(/ \. 80 :/g, " . http :"),
    ])
      expect(() => importCluster(named)).toThrow(/ports have names here: list the table without -S/);
  });

  it("is refused where iptables-translate wrote the lines", () => {
    expect(() =>
      importCluster("nft add rule ip nat KUBE-SERVICES ip daddr 10.96.0.1 tcp dport 443 counter jump X\n"),
    ).toThrow(/part of an nft ruleset/);
  });
});

describe("IPVS' tables of other proxies", () => {
  it("are read with kube-router's virtual services by mark and flags of its schedulers", () => {
    const text = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.43.0.1:443 mh (mh-fallback,mh-port) persistent 10800
  -> 192.168.1.10:6443            Masq    1      4          0         
TCP  10.43.0.10:53 rr
  -> 10.42.0.3:53                 Masq    1      0          0         
FWM  12345 rr
  -> 10.42.0.9:8080               Tunnel  1      0          0         
`;
    expect(sizeOf(text)).toEqual([2, 2, 2]);
    expect(reportOf(text)).toContain("1 virtual service by firewall mark");
  });

  it("are read next to an ipset save whose entries have comments and times", () => {
    const sets = IPSET.replaceAll(/^(add KUBE-CLUSTER-IP \S+)$/gm, '$1 timeout 0 comment "default/a:http"');
    expect(sizeOf(ADM, sets)).toEqual(sizeOf(ADM, IPSET));
    expect(reportOf(ADM, sets)).not.toContain("not understood");
  });

  const HEAD = "IP Virtual Server version 1.2.1 (size=4096)\n";
  it.each([
    [
      "--stats",
      `${HEAD}Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n  -> RemoteAddress:Port\nTCP  10.3.0.1:443                        0        0        0        0        0\n`,
    ],
    [
      "--rate",
      `${HEAD}Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n  -> RemoteAddress:Port\nTCP  10.3.0.1:443                        0        0        0        0        0\n`,
    ],
    [
      "--thresholds",
      `${HEAD}Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn\n  -> RemoteAddress:Port\nTCP  10.3.0.1:443 rr\n`,
    ],
    [
      "--persistent-conn",
      `${HEAD}Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn\n  -> RemoteAddress:Port\nTCP  10.3.0.1:443 rr\n`,
    ],
    [
      "-c",
      "IPVS connection entries\npro expire state       source             virtual            destination\nTCP 14:59  ESTABLISHED 10.42.0.5:40000    10.43.0.1:443      192.168.1.10:6443\n",
    ],
    ["--timeout", "Timeout (tcp tcpfin udp): 900 120 300\n"],
    ["--daemon", "master sync daemon (mcast=eth0, syncid=1)\n"],
    [
      "/proc/net/ip_vs_conn",
      "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\nTCP 0A2A0005 9C40 0A2B0001 01BB C0A8010A 192B ESTABLISHED     899\n",
    ],
    [
      "/proc/net/ip_vs_stats",
      "   Total Incoming Outgoing         Incoming         Outgoing\n   Conns  Packets  Packets            Bytes            Bytes\n",
    ],
    [
      "names for numbers",
      `${HEAD}Prot LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\nTCP  ip-10-0-62-121.ec2.internal: rr\n  -> 100.98.125.10:http           Masq    1      2          14\n`,
    ],
  ])("are refused by name: %s", (_what, text) => {
    expect(() => importCluster(text)).toThrow(/ipvsadm -Sn|save with -n/);
  });
});

const SERVICE = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web", namespace: "shop", uid: "1" },
  spec: { clusterIP: "10.96.0.7", ports: [{ port: 80 }], type: "ClusterIP" },
};
const SLICE = {
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name: "web-abc", namespace: "shop", labels: { "kubernetes.io/service-name": "web" } },
  addressType: "IPv4",
  ports: [{ port: 8080 }],
  endpoints: [{ addresses: ["10.244.0.5"] }, { addresses: ["10.244.1.5"] }],
};
const KNATIVE = { ...SERVICE, apiVersion: "serving.knative.dev/v1", metadata: { name: "other" }, spec: {} };
const lines = (...objects: object[]) => objects.map((one) => `${JSON.stringify(one)}\n`).join("");

describe("Kubernetes objects as other tools print them", () => {
  it.each([
    ["jq -c '.items[]'", lines(SERVICE, SLICE)],
    ["jq '.items[]'", `${JSON.stringify(SERVICE, null, 2)}\n${JSON.stringify(SLICE, null, 2)}\n`],
    ["jq .items", JSON.stringify([SERVICE, SLICE], null, 2)],
    ["-o jsonpath={.items}", JSON.stringify([SERVICE, SLICE])],
    [
      "kubectl get --raw, once for each",
      `${JSON.stringify({ kind: "ServiceList", apiVersion: "v1", metadata: {}, items: [{ ...SERVICE, kind: undefined, apiVersion: undefined }] })}\n${JSON.stringify({ kind: "EndpointSliceList", apiVersion: "discovery.k8s.io/v1", items: [{ ...SLICE, kind: undefined, apiVersion: undefined }] })}\n`,
    ],
    [
      "kubectl cluster-info dump",
      `${JSON.stringify({ kind: "NodeList", apiVersion: "v1", items: [] }, null, 4)}\n${JSON.stringify({ kind: "ServiceList", apiVersion: "v1", items: [SERVICE] }, null, 4)}\n==== START logs for container a of pod b/c ====\n{ not: json\n==== END logs for container a of pod b/c ====\n${JSON.stringify(SLICE)}\n`,
    ],
    ["with a Service of Knative next to it", lines(SERVICE, KNATIVE, SLICE)],
    [
      "helm template, with the chart's comments",
      `---\n# Source: shop/templates/service.yaml\napiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  clusterIP: 10.96.0.7\n  ports:\n    - port: 80\n---\n# Source: shop/templates/empty.yaml\n---\n# Source: shop/templates/slice.yaml\n${JSON.stringify(SLICE)}\n`,
    ],
    [
      "an old slice, with a topology",
      lines(SERVICE, {
        ...SLICE,
        apiVersion: "discovery.k8s.io/v1beta1",
        endpoints: SLICE.endpoints.map((one) => ({ ...one, topology: { "kubernetes.io/hostname": "a" } })),
      }),
    ],
    [
      "oc adm must-gather, a list each",
      `---\napiVersion: v1\nitems:\n- ${JSON.stringify(SERVICE)}\nkind: ServiceList\nmetadata:\n  resourceVersion: "1"\n---\napiVersion: discovery.k8s.io/v1\nitems:\n- ${JSON.stringify(SLICE)}\nkind: EndpointSliceList\n`,
    ],
  ])("are read: %s", (_tool, text) => {
    const { cluster } = importCluster(text);
    expect([cluster.services, cluster.serviceName(0), cluster.endpoints]).toEqual([1, "shop/web", 2]);
  });

  it.each<readonly [string, string, RegExp]>([
    ["a watch", lines({ type: "ADDED", object: SERVICE }), /events of a watch/],
    ["slices alone", lines(SLICE), /\(EndpointSlice\) none is a Service with a cluster IP/],
    ["a Service of Knative alone", lines(KNATIVE), /none is a Service with a cluster IP/],
    ["specs alone (jq '.items[].spec')", lines(SERVICE.spec), /holds no Kubernetes object/],
    [
      "pairs (jq '.items[]|{name,ip}')",
      lines({ name: "web", ip: "10.96.0.7" }),
      /holds no Kubernetes object/,
    ],
    ["addresses with None", "10.96.0.1 None 10.96.0.10", /addresses alone/],
    ["addresses of IPv6", "fd00:10:96::1\nfd00:10:96::a\n", /addresses alone/],
    [
      "kubectl describe svc",
      "Name:                     web\nNamespace:                shop\nIP:                       10.96.0.7\nPort:                     http  80/TCP\nEndpoints:                10.244.0.5:8080,10.244.1.5:8080\n",
      /kubectl describe/,
    ],
    [
      "kubectl describe endpointslices",
      "Name:         web-abc\nNamespace:    shop\nAddressType:  IPv4\nPorts:\n  Name     Port  Protocol\n",
      /kubectl describe/,
    ],
    [
      "kubectl explain",
      "KIND:       Service\nVERSION:    v1\n\nDESCRIPTION:\n    Service is a named abstraction\n",
      /kubectl describe or explain/,
    ],
    [
      "get svc -o wide -A",
      "NAMESPACE     NAME         TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE    SELECTOR\ndefault       kubernetes   ClusterIP   10.96.0.1    <none>        443/TCP   5d     <none>\n",
      /table of kubectl get/,
    ],
    [
      "get endpointslices -A",
      "NAMESPACE   NAME      ADDRESSTYPE   PORTS   ENDPOINTS               AGE\nshop        web-abc   IPv4          8080    10.244.0.5,10.244.1.5   5d\n",
      /table of kubectl get/,
    ],
    ["custom columns", "SVC     IP\nweb     10.96.0.7\n", /table of kubectl get/],
    [
      "a spreadsheet",
      "NAMESPACE,NAME,TYPE,CLUSTER-IP\nshop,web,ClusterIP,10.96.0.7\n",
      /table of kubectl get/,
    ],
    [
      "helm list",
      "NAME   \tNAMESPACE\tREVISION\tUPDATED \tSTATUS  \tCHART\nshop   \tdefault  \t1       \t2026-11-30\tdeployed\tshop-1.0\n",
      /table of kubectl get/,
    ],
    [
      "Terraform",
      'resource "kubernetes_service" "web" {\n  metadata {\n    name = "web"\n  }\n}\n',
      /Terraform's configuration/,
    ],
    [
      "a file of docker compose",
      "services:\n  web:\n    image: nginx\n    ports:\n      - '80:80'\n",
      /holds no Kubernetes object/,
    ],
    ["a chart's values", "service:\n  type: ClusterIP\n  port: 80\n", /holds no Kubernetes object/],
    [
      "gzip in base64",
      "H4sIAAAAAAAAA+3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA\n",
      /gzip in base64/,
    ],
    [
      "YAML indented with tabs",
      "apiVersion: v1\nkind: Service\nmetadata:\n\tname: web\n",
      /not valid YAML.*[Tt]ab/,
    ],
  ])("are refused with what to give instead: %s", (_what, text, message) => {
    const refuse = () => importCluster(text);
    expect(refuse).toThrow(InvalidInputError);
    expect(refuse).toThrow(message);
  });
});

describe("other tools' views of a network", () => {
  const KUBECTL = /kubectl get services,endpointslices/;
  const CILIUM = /cilium service list -o json/;

  it.each<readonly [string, string, RegExp]>([
    [
      "ovn-nbctl lb-list",
      "UUID                                    LB                  PROTO      VIP                     IPs\n487ace10-d33d-4f2c-ae04-dc992f15c504    cluster-tcp-load    tcp        10.100.223.131:7000     10.16.0.11:7000\n                                                            tcp        10.100.223.131:8080     10.16.0.11:8080\n",
      /OVN's load balancers/,
    ],
    [
      "ovn-nbctl list load-balancer",
      '_uuid               : 1e6acf18-08f0-43c0-9d9d-cd51f4425042\nexternal_ids        : {"k8s.ovn.org/kind"=Service}\nname                : ""\nprotocol            : tcp\nvips                : {"10.1.0.1:443"="192.168.29.140:443"}\n',
      /OVN's load balancers/,
    ],
    [
      "ovs-ofctl dump-flows",
      " cookie=0x0, duration=12.3s, table=0, n_packets=1, n_bytes=60, priority=100,ip,nw_dst=172.30.0.1 actions=ct(commit)\n",
      /OVN's load balancers/,
    ],
    [
      "Get-HnsPolicyList",
      "ActivityId         : 11903C90-501F-478F-A5C9-3B2A70BF51C2\nAdditionalParams   :\nFlags              : 0\nPolicies           : {@{ExternalPort=55680; InternalPort=55680; IsDSR=True; Protocol=6; VIPs=System.Object[]}}\n",
      /Windows node/,
    ],
    [
      "Get-HnsPolicyList | ConvertTo-Json",
      '[\n  {\n    "ActivityId": "1",\n    "Policies": [{ "ExternalPort": 80, "VIPs": ["10.96.0.7"] }]\n  }\n]\n',
      /Windows node/,
    ],
    [
      "hnsdiag list loadbalancers",
      "Load Balancers:\nID                                   | Virtual IPs      | Direct IP IDs\n0be07c06-353c-4fbf-8ebc-5531f877e68a | 10.96.0.7        | fd6bec0f-7b88-4b61\n",
      /Windows node/,
    ],
    [
      "hnsdiag list all, in a mail",
      "> Networks:\n> Name             ID\n> vpcbr06684cbed472 B5A22566-BEBC-400C-ABEF-B6717DE7AF59\n",
      /Windows node/,
    ],
    [
      "conntrack -L",
      "tcp      6 431999 ESTABLISHED src=10.244.0.5 dst=10.96.0.1 sport=4 dport=443 src=192.168.1.10 dst=10.244.0.5 sport=6443 dport=4 [ASSURED] mark=0 use=1\n",
      /connections/,
    ],
    [
      "conntrack -E",
      "    [NEW] tcp      6 120 SYN_SENT src=10.244.0.5 dst=10.96.0.1 sport=4 dport=443 [UNREPLIED] src=1.2.3.4 dst=10.244.0.5\n",
      /connections/,
    ],
    [
      "conntrack -S",
      "cpu=0   \tfound=0 invalid=3 insert=0 insert_failed=0 drop=0 early_drop=0 error=0 search_restart=0 \n",
      /connections/,
    ],
    [
      "/proc/net/nf_conntrack",
      "ipv4     2 tcp      6 431999 ESTABLISHED src=10.244.0.5 dst=10.96.0.1 sport=4 dport=443 packets=1\n",
      /connections/,
    ],
    [
      "tcpdump",
      "12:00:00.123456 IP 10.244.0.5.40000 > 10.96.0.1.443: Flags [S], seq 1, win 64240, length 0\n",
      /connections/,
    ],
    [
      "tcpdump -i any",
      "12:00:00.123456 eth0  In  IP 10.244.0.5.40000 > 10.96.0.1.443: Flags [S], seq 1\n",
      /connections/,
    ],
    [
      "bpftool map dump",
      "key: 0a 60 00 01 01 bb 00 00  00 00 06 00  value: 01 00 00 00 01 00 00 01  00 00 00 00\nFound 1 element\n",
      /bpftool's/,
    ],
    ["bpftool -j map dump", '[{"key":["0x0a","0x60"],"value":["0x01","0x00"]}]\n', /bpftool's/],
    [
      "bpftool -p map list",
      '[{\n        "id": 12,\n        "type": "hash",\n        "name": "cilium_lb4_serv"\n    }\n]\n',
      /bpftool's/,
    ],
    [
      "calico-node -bpf nat dump",
      "10.193.248.21 port 31350 proto 6 id 41 count 3 local 0 flags external-local\n\t41:0\t 172.30.155.20:10993\n",
      /calico-node -bpf/,
    ],
    [
      "calico-node -bpf routes dump",
      "    10.244.0.0/16: remote in-pool nat-out\n    10.244.1.5/32: local workload idx 7 \n",
      /calico-node -bpf/,
    ],
    [
      "calico-node -bpf conntrack dump",
      "TCP 10.244.0.5:40000 -> 10.96.0.1:443 -> 192.168.1.10:6443 Active ago 3s\n",
      /calico-node -bpf/,
    ],
    [
      "calicoctl get ippools -o yaml",
      "apiVersion: projectcalico.org/v3\nitems:\n- apiVersion: projectcalico.org/v3\n  kind: IPPool\n  metadata:\n    name: default\n  spec:\n    cidr: 10.244.0.0/16\nkind: IPPoolList\n",
      /\(IPPool\) none is a Service/,
    ],
    [
      "cilium-dbg bpf ct list global",
      "TCP OUT 10.0.2.15:45678 -> 10.96.0.1:443 expires=17003 Packets=0 Bytes=0 RxFlagsSeen=0x1a LastRxReport=1 RevNAT=3\n",
      CILIUM,
    ],
    [
      "cilium-dbg bpf nat list",
      "TCP IN 10.0.2.15:6443 -> 10.0.2.15:45678 XLATE_DST 10.0.2.15:45678 Created=5sec ago NeedsCT=1\n",
      CILIUM,
    ],
    [
      "cilium-dbg endpoint list",
      "ENDPOINT   POLICY (ingress)   POLICY (egress)   IDENTITY   LABELS (source:key[=value])   IPv6   IPv4        STATUS\n7          Disabled           Disabled          4          reserved:health                       10.0.0.7    ready\n",
      CILIUM,
    ],
    [
      "cilium-dbg bpf ipcache list",
      "IP PREFIX/ADDRESS   IDENTITY\n10.0.0.7/32         identity=4 encryptkey=0 tunnelendpoint=0.0.0.0\n",
      CILIUM,
    ],
    [
      "cilium-dbg node list",
      "Name       IPv4 Address   Endpoint CIDR   IPv6 Address   Endpoint CIDR   Source\nkind/a     172.18.0.2     10.244.0.0/24                                  local\n",
      CILIUM,
    ],
    [
      "hubble observe",
      "Nov 30 12:00:00.123: default/a:40000 (ID:7) -> default/b:80 (ID:9) to-endpoint FORWARDED (TCP Flags: SYN)\n",
      CILIUM,
    ],
    [
      "istioctl proxy-config endpoints",
      "ENDPOINT            STATUS      OUTLIER CHECK     CLUSTER\n10.244.0.5:8080     HEALTHY     OK                outbound|80||web.shop.svc.cluster.local\n",
      KUBECTL,
    ],
    [
      "kube-proxy's metrics",
      '# HELP kubeproxy_sync_proxy_rules_duration_seconds SyncProxyRules latency in seconds\n# TYPE kubeproxy_sync_proxy_rules_duration_seconds histogram\nkubeproxy_sync_proxy_rules_duration_seconds_bucket{le="0.001"} 0\n',
      /metrics/,
    ],
    ["metrics from a type on", "# TYPE go_info gauge\ngo_info 1\n", /metrics/],
  ])("are refused with what to give instead: %s", (_tool, text, message) => {
    const refuse = () => importCluster(text);
    expect(refuse).toThrow(InvalidInputError);
    expect(refuse).toThrow(message);
    expect(refuse).toThrow(/give |none is a Service/);
  });
});
