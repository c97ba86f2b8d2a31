import { describe, expect, it } from "vitest";
import { readFixture } from "../../test/fuzz-import.js";
import { InvalidInputError } from "../errors.js";
import { importCluster } from "./detect.js";
import { recognise } from "./recognise.js";

const field = (name: string) => readFixture(`field/${name}`);

function problemOf(...texts: string[]): string {
  try {
    importCluster(texts);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidInputError);
    expect((error as InvalidInputError).message).not.toContain("\n");
    return (error as InvalidInputError).message;
  }
  return "accepted";
}
const reportOf = (...texts: string[]) => importCluster(texts).report.join("\n");

const SAVE = field("kube-proxy-1.36.3.iptables-save");
const NFT = field("kube-proxy-1.37.2.nft");
const [MANGLE = "", FILTER = "", NAT = ""] = SAVE.split(/(?<=COMMIT\n)/);
/** As `iptables -t TABLE -S` prints a table. */
const listing = (table: string) =>
  table
    .replaceAll(/^[*#].*\n|^COMMIT\n/gm, "")
    .replaceAll(/^:(\S+) - .*$/gm, "-N $1")
    .replaceAll(/^:(\S+) (ACCEPT|DROP) .*$/gm, "-P $1 $2");
const IPV6 = field("ip6tables.save");
const IPVS = ["ipvsadm", "ipset", "save"].map((kind) => field(`ipvs-1.36.3.${kind}`)) as [
  string,
  string,
  string,
];

describe("iptables' rules as people paste them", () => {
  it.each([
    ["below a prompt", [`root@me:~# iptables-save\n${SAVE}root@me:~# \n`]],
    [
      "below a warning",
      [`# Warning: iptables-legacy tables present, use iptables-legacy-save to see them\n${SAVE}`],
    ],
    ["below a login's banner", [`UNAUTHORIZED ACCESS PROHIBITED\n${SAVE}`]],
    ["below a banner in single words", [`DO NOT EDIT\n\n${SAVE}`]],
    ["below sudo's question", [`[sudo] password for me: \n${SAVE}`]],
    ["in a code fence", [`Here:\n\`\`\`\n${SAVE}\`\`\`\nthanks\n`]],
    ["indented", [SAVE.replaceAll(/^/gm, "    ")]],
    ["with CRLF", [SAVE.replaceAll("\n", "\r\n")]],
    ["with counters (-c)", [SAVE.replaceAll(/^-A/gm, "[7:420] -A")]],
    ["twice", [SAVE, SAVE]],
    ["a table in each file", [NAT, FILTER]],
    ["of both families", [SAVE, IPV6]],
    ["as iptables -S of both tables", [listing(NAT) + listing(FILTER)]],
    ["as iptables -S -v", [listing(MANGLE + NAT).replaceAll(/^(-A \S+)/gm, "$1 -c 12 720"), listing(FILTER)]],
    [
      "in the legacy backend, with the other's empty tables",
      [SAVE, "*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n"],
    ],
  ])("are read %s", (_how, texts) => {
    const { cluster } = importCluster(texts);
    expect([cluster.services, cluster.endpoints]).toEqual([14, 22]);
  });

  it.each<readonly [string, readonly string[], RegExp]>([
    ["iptables -L", ["Chain INPUT (policy ACCEPT)\ntarget prot opt\n"], /iptables -L.*iptables-save/],
    ["iptables -S of the filter table", [listing(FILTER)], /without the nat table/],
    ["grepped lines", [SAVE.match(/^.*KUBE.*$/gm)!.join("\n")], /some lines of iptables-save/],
    ["a file that is cut off", [SAVE.slice(0, -400)], /cut off: table nat .*COMMIT/],
    ["a file that is cut off behind its chains", [NAT.split("\n").slice(0, 30).join("\n")], /cut off/],
    ["two nodes' files", [SAVE, SAVE.replaceAll("10.244.2.5", "10.244.2.6")], /table nat is given twice/],
    [
      "IPv6 alone, without Services",
      [IPV6.replaceAll(/^-A KUBE-\S+ .*cluster IP.*\n/gm, "")],
      /IPv6 \(ip6tables-save\)/,
    ],
    ["an IPVS node's rules alone", [IPVS[2]], /IPVS mode: give ipvsadm -Sn/],
    [
      "rules that lost their ports",
      [NAT.replaceAll(/ --dport \d+/g, "")],
      /without a port.*kube-proxy's own/,
    ],
    [
      "rules that lead nowhere",
      ["*nat\n:KUBE-SERVICES - [0:0]\n-A KUBE-SERVICES -j X\nCOMMIT\n"],
      /1 rule, and none leads/,
    ],
  ])("are refused by name: %s", (_what, texts, message) => {
    expect(problemOf(...texts)).toMatch(message);
  });

  it("are said to be partial where the filter table or rules of chains are missing", () => {
    expect(reportOf(NAT)).toContain("no table filter in the input");
    expect(reportOf(SAVE.replaceAll(/^-A KUBE-SEP-7WK54.*\n/gm, ""))).toMatch(/cut or filtered: 1 chain of/);
    expect(reportOf(SAVE.replaceAll(/^-A KUBE-SVC-HPPD.*\n/gm, ""))).toMatch(/cut or filtered: 1 chain of/);
  });

  it("that are not understood are listed by kind, with counts", () => {
    const text = SAVE.replaceAll(/^(-A KUBE-NODEPORTS -p tcp)/gm, "$1 -m set --match-set X dst");
    expect(reportOf(text)).toContain("not understood, and left out: 6 (KUBE-NODEPORTS: -m set: 6)");
  });
});

describe("nft's rules as people paste them", () => {
  it.each<readonly [string, readonly string[], RegExp]>([
    ["a map alone", [field("m04-map-without-chains.nft")], /chain service-\S+ is missing: this is a part/],
    ["without elements (-t)", [NFT.replaceAll(/^\t\telements = \{[^}]*\}\n/gm, "")], /without -t/],
    ["cut off in a chain", [NFT.slice(0, 7_000)], /cut off inside/],
    [
      "cut off in a map",
      [NFT.slice(0, NFT.indexOf("10.96.0.15 . tcp"))],
      /cut off inside the elements of a map/,
    ],
    ["two nodes'", [NFT, NFT.replaceAll("10.244.2.5", "10.244.2.6")], /listed twice, and differs/],
    [
      "iptables-nft",
      ["table ip nat {\n\tchain KUBE-SERVICES {\n\t\tcounter jump X\n\t}\n}\n"],
      /iptables-nft.*iptables-save/,
    ],
    [
      "IPv6 alone, without Services",
      [NFT.slice(NFT.indexOf("table ip6"))],
      /holds no Service of kube-proxy \(table ip or ip6/,
    ],
  ])("are refused by name: %s", (_what, texts, message) => {
    expect(problemOf(...texts)).toMatch(message);
  });

  it("that kube-proxy does not write are listed by kind, with counts", () => {
    const text = NFT.replaceAll(
      /^(\tchain service-[A-Z2-7]{8}-.* \{\n)/gm,
      "$1\t\tip saddr 192.0.2.7 drop\n",
    );
    expect(reportOf(text)).toMatch(/not understood, so answers may differ.*service-\*: ip saddr drop: 11/);
  });

  it("show the node's addresses and ranges, and what is assumed is said", () => {
    expect(reportOf(field("m03-new-masq.nft")).split("\n").slice(2, 4)).toEqual([
      "network, as the input says: pod range 10.0.0.0/8; node address 192.168.0.2",
      "assumed, because the input does not say: Service range 172.30.0.0/16",
    ]);
  });
});

describe("IPVS' tables as people paste them", () => {
  it("are joined with sets and rules, in any order", () => {
    const { cluster } = importCluster([IPVS[2], IPVS[0], IPVS[1]]);
    expect([cluster.services, cluster.endpoints]).toEqual([14, 22]);
    expect(cluster.rangeBase.length).toBe(2);
  });

  it("are read as ipvsadm -Ln prints them", () => {
    const text = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.96.0.1:443 rr persistent 10800
  -> 192.0.2.5:6443               Masq    1      0          0
  -> 192.0.2.6:6443               Masq    0      0          0
`;
    const { cluster } = importCluster(text);
    expect([cluster.services, cluster.endpoints, cluster.affinitySeconds[0]]).toEqual([1, 1, 10_800]);
  });

  it("keep what is for others out, counted by kind", () => {
    const text = `-A -t 10.3.0.43:0 -s rr -p 300
-a -t 10.3.0.43:0 -r 10.2.0.1:0 -m -w 1
-A -t [fd00::1]:80 -s rr
-A -f 7 -s rr
-a -f 7 -r 10.2.0.1:80 -m -w 1
-A -t 10.96.0.1:443 -s rr
-a -t 10.96.0.1:443 -r 192.0.2.5:6443 -m -w 1
`;
    expect(reportOf(text)).toMatch(/firewall mark[\s\S]*1 virtual service for every port/);
    expect(reportOf(text)).toContain("IPv6: 1 address with 1 port and 0 endpoints");
  });

  it.each<readonly [string, readonly string[], RegExp]>([
    ["sets alone", [IPVS[1]], /give ipvsadm -Sn too/],
    ["ipset list", ["Name: KUBE-CLUSTER-IP\nType: hash:ip,port\n"], /ipset save/],
    [
      "counters",
      ["IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port               Conns   InPkts\n"],
      /ipvsadm -Sn/,
    ],
    ["another node's", [IPVS[0], IPVS[0].replaceAll("10.244.2.5", "10.244.2.6")], /given twice, and differs/],
    ["nft rules with it", [IPVS[0], NFT], /do not belong together/],
  ])("are refused by name: %s", (_what, texts, message) => {
    expect(problemOf(...texts)).toMatch(message);
  });
});

describe("Cilium's lists as people paste them", () => {
  const lb = (...rows: string[]) => `SERVICE ADDRESS BACKEND ADDRESS (REVNAT_ID) (SLOT)
10.96.0.10:53/UDP (0)  0.0.0.0:0 (3) (0) [ClusterIP, non-routable]
10.96.0.10:53/UDP (1)  10.244.0.12:53/UDP (3) (1)
${rows.join("\n")}\n`;

  it("name two ports of one service after their numbers", () => {
    const { cluster } = importCluster(field("m02-cilium-two-ports.json"));
    expect([cluster.services, cluster.portName(0), cluster.portName(1)]).toEqual([1, "tcp-53", "tcp-9153"]);
  });

  it("are read where they are one Service's (service get -o json)", () => {
    const [first] = JSON.parse(field("m02-cilium-two-ports.json"));
    const { cluster } = importCluster(JSON.stringify(first, null, 2));
    expect([cluster.services, cluster.servicePorts]).toEqual([1, 1]);
  });

  it.each([
    ["host ports", "0.0.0.0:9080/TCP (0)  0.0.0.0:0 (9) (0) [HostPort]", "frontend of type HostPort: 1"],
    [
      "local redirects",
      "169.254.20.10:53/UDP (0)  0.0.0.0:0 (9) (0) [LocalRedirect]",
      "frontend of type LocalRedirect: 1",
    ],
    [
      "flags of the future",
      "10.96.0.99:80/TCP (0)  0.0.0.0:0 (9) (0) [Teleport]",
      "frontend with flags Teleport: 1",
    ],
    ["lost backends", "10.96.0.10:53/UDP (2)  backend 17 not found", "slot whose backend is not found: 1"],
    [
      "proxied services",
      "10.96.0.99:80/TCP (0)  0.0.0.0:0 (9) (0) [ClusterIP, non-routable, l7-load-balancer] (L7LB Proxy Port: 10465)",
      "frontend whose traffic goes to a proxy on the node (L7 load balancing): 1",
    ],
  ])("leave %s out, and count them", (_what, row, counted) => {
    const { cluster, report } = importCluster(lb(row));
    expect([cluster.services, cluster.endpoints]).toEqual([1, 1]);
    expect(report.join("\n")).toContain(counted);
  });

  /** As Cilium 1.12 prints them; two Services, the second a NodePort of policy Local at one of its addresses. */
  const FRONTENDS = `SERVICE ADDRESS            BACKEND ADDRESS (REVNAT_ID) (SLOT)
10.96.0.10:53 (0)          0 2 (3) [0x0 0x0]
10.96.0.10:53 (1)          7 0 (3) [0x0 0x0]
10.96.0.10:53 (2)          9 0 (3) [0x0 0x0]
10.96.0.20:80 (0)          0 1 (4) [0x0 0x0]
10.96.0.20:80 (1)          8 0 (4) [0x0 0x0]
0.0.0.0:30080 (0)          0 1 (5) [0x6 0x0]
0.0.0.0:30080 (1)          8 0 (5) [0x6 0x0]
`;
  const BACKENDS = `ID   BACKEND ADDRESS (REVNAT_ID) (SLOT)
7    ANY://10.244.0.12:5353
8    ANY://10.244.0.20:8080
`;
  const REVNAT = "ID   BACKEND ADDRESS (REVNAT_ID) (SLOT)\n3    10.96.0.10:53\n4    10.96.0.20:80\n";
  const RANGES = "SOURCE RANGE (REVNAT_ID)\n198.51.100.0/24 (5)\n";
  const json = (table: string) =>
    JSON.stringify(
      Object.fromEntries(
        table
          .split("\n")
          .slice(1, -1)
          .map((line) => line.split(/ {2,}/))
          .map(([key, value]) => [key, [value]]),
      ),
    );

  it.each<readonly [string, readonly string[]]>([
    ["in tables", [FRONTENDS, BACKENDS, REVNAT, RANGES]],
    ["of newer heads and values", [FRONTENDS.replace("ADDRESS (REVNAT_ID) (SLOT)", "ID"), BACKENDS]],
    ["as JSON", [json(BACKENDS), json(FRONTENDS)]],
    [
      "of the time before counts",
      [FRONTENDS.replaceAll(/(\d+) \d (\(\d\)) \[(\w+) 0x0\]/g, "$1 $2 [FLAGS: $3]"), BACKENDS],
    ],
  ])("are joined from their parts, %s", (_how, texts) => {
    const { cluster, report } = importCluster(texts);
    expect([cluster.services, cluster.endpoints, [...cluster.nodePort]]).toEqual([2, 2, [0, 30_080]]);
    expect([...cluster.externalLocal]).toEqual([0, 1]);
    const text = report.join("\n");
    expect(text).toContain("slot whose backend is not found: 1");
    if (texts.includes(REVNAT)) expect(text).toMatch(/entry of --revnat: 2.*entry of --source-ranges: 1/);
  });

  it("are read whole where their parts are there too", () => {
    const { cluster } = importCluster([BACKENDS, lb(), FRONTENDS, REVNAT]);
    expect([cluster.services, cluster.endpoints]).toEqual([1, 1]);
  });

  it.each<readonly [string, readonly string[], RegExp]>([
    ["--frontends", [FRONTENDS], /--frontends, and without --backends/],
    ["--frontends as JSON", [json(FRONTENDS)], /--frontends, and without --backends/],
    ["--backends", [BACKENDS], /--backends, and without --frontends/],
    ["--revnat", [REVNAT], /--revnat, and without --frontends/],
    ["--source-ranges", [RANGES], /--source-ranges, and without --frontends/],
    ["a head alone", ["ID   BACKEND ADDRESS (REVNAT_ID) (SLOT)\n"], /without --frontends/],
    [
      "backends without ports, as since 1.13",
      [FRONTENDS, BACKENDS.replaceAll(/:\d+$/gm, "")],
      /shows no ports.*without an option/,
    ],
    ["two nodes'", [lb(), lb("10.96.0.11:80/TCP (0)  0.0.0.0:0 (9) (0) [ClusterIP]")], /which differ/],
    ["another kind of row", [`${BACKENDS}10   nonsense\n`], /neither of/],
  ])("are refused with what else is needed: %s", (_what, texts, message) => {
    expect(problemOf(...texts)).toMatch(message);
  });
});

describe("other things that people paste", () => {
  it.each([
    [
      "NAME         TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE\nkubernetes   ClusterIP   10.96.0.1\n",
      /kubectl get services/,
    ],
    ["Name:         web\nNamespace:    shop\n", /kubectl describe/],
    ["ID   Frontend            Service Type   Backend\n1    10.96.0.1:443/TCP   ClusterIP\n", /-o json/],
  ])("are refused with what to give instead: %j", (text, message) => {
    expect(problemOf(text)).toMatch(message);
  });

  it("are distinguished in time linear in their length", () => {
    // Each of these took 2^n steps, or n^2, in some pattern once.
    const lines = 200_000;
    for (const text of ["#\r\n", "\t\r\n", "x\r\n", "# \n \n", "```\n", '"\\', "{ ", "[sudo] "]) {
      expect(recognise(text.repeat(lines)).kind).toMatch(/unknown|kubernetes/);
    }
    expect(problemOf(field("m01-crlf-comments.yaml"))).toContain("holds no Kubernetes object");
  });
});

describe("Cilium's other lists", () => {
  const HEAD = "SERVICE ADDRESS      BACKEND ADDRESS (REVNAT_ID) (SLOT)\n";
  const MASTER = "10.96.0.10:53/UDP (0)       0.0.0.0:0 (2) (0) [ClusterIP, non-routable]\n";

  it.each([
    ["bpf lb list --frontends", `${HEAD}${MASTER}`, /without --frontends/],
    ["bpf lb maglev list", "SERVICE ID   TABLE\n1   [1 2 3 1 2 3]\n", /maglev list, which has no addresses/],
    [
      "statedb frontends",
      "Address              Type        ServiceName          Status   Since\n10.96.0.1:443/TCP    ClusterIP   default/kubernetes   Done     5m\n",
      /db\/show \(statedb\)/,
    ],
  ])("are refused by name: %s", (_list, text, message) => {
    expect(() => importCluster(text)).toThrow(message);
  });

  it("are read where only some frontends have no backend", () => {
    const backend = "10.96.0.11:80/TCP (1)       10.0.0.9:80/TCP (3) (1)\n";
    const { cluster } = importCluster(
      `${HEAD}${MASTER}${MASTER.replace("10:53/UDP", "11:80/TCP")}${backend}`,
    );
    expect([cluster.services, cluster.endpoints]).toEqual([2, 1]);
  });
});
