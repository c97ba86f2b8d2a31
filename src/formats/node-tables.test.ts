import { describe, expect, it } from "vitest";
import { readFixture } from "../../test/fuzz-import.js";
import { type Cluster, EXTERNAL_IP, formatAddress, formatCidr, protocolName } from "../cluster/cluster.js";
import { endpointText, socketText } from "../cluster/family.js";
import { InvalidInputError } from "../errors.js";
import { importCluster } from "./detect.js";

/** A cluster a service-port a line: what an import of it must find. */
function describeCluster(cluster: Cluster): string[] {
  return Array.from({ length: cluster.servicePorts }, (_, p) => {
    const s = cluster.service[p]!;
    const rows = (start: Uint32Array, owner: number) =>
      Array.from({ length: start[owner + 1]! - start[owner]! }, (_unused, i) => start[owner]! + i);
    const words = [
      `${cluster.serviceName(s)}${cluster.portName(p) === "" ? "" : `:${cluster.portName(p)}`}`,
      `${socketText(cluster.network, cluster.clusterIp[s]!, cluster.port[p]!)}/${protocolName(cluster.protocol[p]!)}`,
      ...(cluster.nodePort[p] ? [`node port ${cluster.nodePort[p]}`] : []),
      ...rows(cluster.externalStart, s).map(
        (x) =>
          `${cluster.externalKind[x] === EXTERNAL_IP ? "external" : "ingress"} ${formatAddress(cluster.externalAddress[x]!)}`,
      ),
      ...rows(cluster.rangeStart, s).map((r) =>
        formatCidr({ base: cluster.rangeBase[r]!, prefixLength: cluster.rangePrefixLength[r]! }),
      ),
      ...(cluster.affinitySeconds[s] ? [`sticky ${cluster.affinitySeconds[s]}`] : []),
      ...(cluster.internalLocal[s] ? ["internal local"] : []),
      ...(cluster.externalLocal[s] ? ["external local"] : []),
      "→",
      ...rows(cluster.endpointStart, p).map(
        (e) => `${endpointText(cluster, e)}${cluster.endpointLocal[e] ? "*" : ""}`,
      ),
    ];
    return words.join(" ");
  });
}

const read = (name: string) => importCluster(readFixture(`nodes/${name}`));
const problemOf = (text: string): string => {
  try {
    importCluster(text);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidInputError);
    return (error as InvalidInputError).message;
  }
  return "accepted";
};

describe("importing iptables-save", () => {
  it("reads rules of 1.5: up to three for a cluster IP, chains of services without endpoints, OnlyLocal with nothing local", () => {
    const { cluster, report } = read("kube-proxy-1.5.iptables-save");
    expect(describeCluster(cluster)).toEqual([
      "shop/api 10.3.0.99:443/tcp node port 31443 ingress 198.51.100.61 external local → 10.2.47.9:8443* 10.2.61.9:8443",
      "default/kubernetes:https 10.3.0.1:443/tcp sticky 10800 → 172.17.4.101:443",
      "shop/empty:http 10.3.0.55:80/tcp →",
      "kube-system/kube-dns:dns 10.3.0.10:53/udp → 10.2.47.2:53",
      "shop/web:http 10.3.0.77:80/tcp node port 30080 external 198.51.100.4 ingress 198.51.100.60 203.0.113.0/24 → 10.2.47.5:8080 10.2.48.6:8080 10.2.49.7:8080 10.2.47.8:8080 10.2.48.9:8080",
      "shop/lonely:http 10.3.0.88:80/tcp node port 31080 external local → 10.2.61.12:8080",
    ]);
    expect(report).toEqual([
      "6 Services with 6 ports and 10 endpoints, from kube-proxy's own rules",
      "written by kube-proxy until 1.23, as its chains show",
      "network, as the input says: pod range 10.2.0.0/16",
      "assumed, because the input does not say: Service range 10.3.0.0/16; node address 172.16.0.1",
      "rules of others: 9",
    ]);
  });

  it.each([
    ["--masquerade-all alone", /^-A KUBE-SERVICES ! -s .*\n/gm],
    ["--cluster-cidr alone", /^-A KUBE-SERVICES -d 10\.3\..* -j KUBE-MARK-MASQ\n/gm],
    ["neither", /^-A KUBE-SERVICES .*-d 10\.3\..* -j KUBE-MARK-MASQ\n/gm],
  ])("reads the same services from rules of 1.5 with %s", (_flags, left) => {
    const text = readFixture("nodes/kube-proxy-1.5.iptables-save");
    expect(text.match(left)).toHaveLength(left.source.includes(".*-d") ? 12 : 6);
    expect(describeCluster(importCluster(text.replace(left, "")).cluster)).toEqual(
      describeCluster(importCluster(text).cluster),
    );
  });

  it("reads rules of before 1.20: double rules, XLB chains, five decimals, recent lists, Docker's and Weave's rules between", () => {
    const { cluster, report } = read("kube-proxy-1.12.iptables-save");
    expect(describeCluster(cluster)).toEqual([
      "default/kubernetes:https 10.96.0.1:443/tcp sticky 10800 → 192.168.50.101:6443",
      "shop/web:http 10.96.7.7:80/tcp node port 30080 external 198.51.100.4 ingress 192.168.80.250 203.0.113.0/24 → 10.32.0.5:8080 10.32.0.6:8080 10.44.0.7:8080",
      "shop/api 10.96.9.9:443/tcp node port 31443 ingress 192.168.80.251 external local → 10.32.0.9:8443* 10.44.0.9:8443",
      "shop/metrics:udp 10.96.5.5:8125/udp →",
    ]);
    expect(formatCidr(cluster.network.podCidr)).toBe("10.32.0.0/12");
    expect(report).toContain("rules of others: 8, and 1 in tables that decide nothing here");
  });

  it("reads rules of since 1.24: EXT chains, refusals, rules that only count (nfacct)", () => {
    const { cluster, report } = read("kube-proxy-1.31.iptables-save");
    expect(describeCluster(cluster)).toEqual([
      "kube-system/kube-dns:dns 10.96.0.10:53/udp → 10.244.0.2:53 10.244.0.3:53",
      "shop/web:http 10.96.7.7:80/tcp node port 30080 ingress 198.51.100.9 203.0.113.0/24 → 10.244.1.4:8080",
      "shop/api 10.96.9.9:443/tcp node port 31443 external local → 10.244.2.8:8443",
      "default/kubernetes:https 10.96.0.1:443/tcp → 192.168.20.100:6443",
      "shop/empty 10.96.44.4:80/tcp →",
      "shop/nodelocal 10.96.55.5:80/tcp internal local → 203.0.113.1:80",
    ]);
    expect(report.join()).not.toContain("not understood");
    expect(report[1]).toContain("1.33 or newer");
  });

  it("reads counters (-c), and calls a service without a comment after its address", () => {
    const text = readFixture("nodes/kube-proxy-1.31.iptables-save")
      .replaceAll(/ -m comment --comment "[^"]*"/g, "")
      .replaceAll(/^-A/gm, "[12:3456] -A");
    expect(describeCluster(importCluster(text).cluster)[0]).toBe(
      "unnamed/ip-10-96-0-10:udp-53 10.96.0.10:53/udp → 10.244.0.2:53 10.244.0.3:53",
    );
  });

  it.each([
    ["no table", "*filter\nCOMMIT\n", /no table nat/],
    ["no service", "*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n", /no Service of kube-proxy/],
    ["another table", "*nat\nCOMMIT\n*naughty\n", /line 3: "naughty" is not a table of iptables/],
    ["an undeclared chain", "*nat\n-A X -j ACCEPT\n", /line 2: chain X is not declared/],
    ["an open quote", '*nat\n:A - [0:0]\n-A A -m comment --comment "x\n', /line 3: a quote does not end/],
    [
      "a chain name of control characters",
      "*nat\n:\u0007[31m - [0:0]\n",
      /line 2: "\?\[31m" is not a valid name of a chain/,
    ],
    ["userspace mode", "*nat\n:KUBE-PORTALS-CONTAINER - [0:0]\nCOMMIT\n", /userspace mode/],
  ])("refuses %s", (_what, text, message) => {
    expect(problemOf(text)).toMatch(message);
  });
});

describe("importing kube-proxy's nftables table", () => {
  it.each(["kube-proxy.nft", "kube-proxy-nft.json"])("reads %s as nft prints it", (name) => {
    const { cluster, report } = read(name);
    expect(describeCluster(cluster)).toEqual([
      "kube-system/dns:dns 10.96.0.10:53/udp → 10.244.0.12:53 10.244.1.7:53",
      "shop/web:http 10.96.7.7:80/tcp node port 30080 ingress 198.51.100.9 198.18.0.0/15 203.0.113.0/24 sticky 10800 external local → 10.244.0.20:8080* 10.244.1.20:8080",
      "shop/empty:http 10.96.44.4:80/tcp node port 30044 external 198.51.100.44 →",
      "shop/agent:http 10.96.55.5:80/tcp internal local → 203.0.113.1:80",
    ]);
    expect(report).toContain("rules of other tables: 1");
    expect(report.join("\n")).not.toContain("not understood");
  });

  it("calls refused services after their address where no comment names them, and leaves out their NodePorts", () => {
    const text = readFixture("nodes/kube-proxy.nft").replaceAll(/ comment "shop\/[^"]*"/g, "");
    const { cluster, report } = importCluster(text);
    expect(describeCluster(cluster).slice(2)).toEqual([
      "unnamed/ip-10-96-44-4:tcp-80 10.96.44.4:80/tcp →",
      "unnamed/ip-10-96-55-5:tcp-80 10.96.55.5:80/tcp internal local → 203.0.113.1:80",
      "unnamed/ip-198-51-100-44:tcp-80 198.51.100.44:80/tcp →",
    ]);
    expect(report).toContain(
      "left out: 1 NodePort of Services without endpoints, because the table does not say whose they are",
    );
  });

  it("refuses one that is cut off, and one without services", () => {
    const text = readFixture("nodes/kube-proxy.nft");
    expect(problemOf(text.slice(0, text.indexOf("10.96.7.7,") + 10))).toMatch(/cut off inside the elements/);
    expect(problemOf("table ip nat {\n}\n")).toMatch(/no Service of kube-proxy/);
    expect(problemOf('{"nftables": [{"rule": 1}]}')).toMatch(/^nft rule: /);
  });
});

describe("importing ipvsadm -Sn", () => {
  it("reads addresses, servers and persistence; what is drained gets nothing", () => {
    const { cluster, report } = read("kube-proxy.ipvsadm-save");
    expect(describeCluster(cluster)).toEqual([
      "unnamed/ip-10-96-0-1:tcp-443 10.96.0.1:443/tcp → 172.18.0.2:6443",
      "unnamed/ip-10-96-7-7:tcp-80 10.96.7.7:80/tcp sticky 10800 → 10.244.0.20:8080",
      "unnamed/ip-10-96-0-10:udp-53 10.96.0.10:53/udp → 10.244.0.12:53 10.244.1.7:53",
      "unnamed/ip-172-18-0-3:tcp-30080 172.18.0.3:30080/tcp sticky 10800 → 10.244.0.20:8080",
    ]);
    expect(report.at(-1)).toBe("left out: 1 server of weight 0, without new connections");
  });

  it.each([
    [
      "-A -t web.example.com:http -s rr\n",
      /line 1: expected -t, -u or --sctp-service with ADDRESS:PORT in numbers, not "web\.example\.com:http" \(save with -n/,
    ],
    [
      "-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.2:80 -r 10.0.0.3:80 -m\n",
      /line 2: a server of 10.0.0.2:80, which is no virtual/,
    ],
    ["-A -t 10.0.0.1:80 -s rr\n-A -t 10.0.0.1:80 -s rr\n", /line 2: 10.0.0.1:80 is given twice/],
    ["-A -f 1 -s rr\n", /holds no virtual service/],
  ])("refuses %j", (text, message) => {
    expect(problemOf(text)).toMatch(message);
  });
});

describe("importing Cilium's lists", () => {
  it("joins the frontends of cilium service list by name and backends", () => {
    const { cluster, ipv6, report } = read("cilium-service-list.json");
    expect(describeCluster(cluster)).toEqual([
      "kube-system/kube-dns 10.96.0.10:53/udp → 10.244.0.12:53 10.244.1.7:53",
      "shop/web 10.96.7.7:80/tcp node port 30080 ingress 198.51.100.9 external local → 10.244.0.20:8080* 10.244.1.20:8080",
    ]);
    expect(describeCluster(ipv6!)).toEqual(["shop/web [fd00::1]:80/tcp → [fd00::7]:8080"]);
    expect(report.join()).not.toContain("left out");
  });

  it("reads cilium bpf lb list, in text and JSON", () => {
    const text = readFixture("nodes/cilium-bpf-lb-list.txt");
    const expected = [
      "unnamed/ip-10-96-0-10:udp-53 10.96.0.10:53/udp → 10.244.0.12:53 10.244.1.7:53",
      "unnamed/ip-10-96-7-7:tcp-80 10.96.7.7:80/tcp node port 30080 external local → 10.244.0.20:8080*",
      "unnamed/ip-10-96-9-9:tcp-443 10.96.9.9:443/tcp →",
    ];
    expect(describeCluster(importCluster(text).cluster)).toEqual(expected);
    const json = Object.fromEntries(
      text
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => /^(\S+ \(\d+\))\s+(.*)$/.exec(line)!.slice(1))
        .map(([key, value]) => [key, [value]]),
    );
    expect(describeCluster(importCluster(JSON.stringify(json)).cluster)).toEqual(expected);
  });

  it("reads the table of cilium service list as it reads the JSON", () => {
    const { cluster, ipv6, report } = read("cilium-service-list.txt");
    expect(describeCluster(cluster)).toEqual([
      "unnamed/ip-10-96-0-10:udp-53 10.96.0.10:53/udp → 10.244.0.12:53 10.244.1.7:53",
      "unnamed/ip-10-96-7-7:tcp-80 10.96.7.7:80/tcp node port 30080 ingress 198.51.100.9 → 10.244.0.20:8080",
      "unnamed/ip-10-96-9-9:tcp-443 10.96.9.9:443/tcp →",
    ]);
    expect(describeCluster(ipv6!)).toEqual(["unnamed/ip-fd00-1:tcp-80 [fd00::1]:80/tcp → [fd00::7]:8080"]);
    expect(report.join("\n")).toContain("left out: 1 (frontend of type HostPort: 1)");
  });

  it("reads the table of an old cilium service list, whose frontends have no protocol", () => {
    const table = "ID   Frontend         Backend\n1    10.96.0.7:80     1 => 10.244.0.20:8080\n";
    expect(describeCluster(importCluster(table).cluster)).toEqual([
      "unnamed/ip-10-96-0-7:tcp-80 10.96.0.7:80/tcp → 10.244.0.20:8080",
    ]);
  });

  it("reads the internal scope of a frontend without a protocol", () => {
    const table = `ID   Frontend            Service Type   Backend
1    10.96.0.7:80        ClusterIP      1 => 10.244.0.20:8080 (active)
2    198.51.100.9:80     LoadBalancer   1 => 10.244.0.20:8080 (active)
3    198.51.100.9:80/i   LoadBalancer   1 => 10.244.0.20:8080 (active)
`;
    const { cluster, report } = importCluster(table);
    expect(describeCluster(cluster)).toEqual([
      "unnamed/ip-10-96-0-7:tcp-80 10.96.0.7:80/tcp ingress 198.51.100.9 → 10.244.0.20:8080",
    ]);
    expect(report.join()).not.toContain("left out");
  });

  it("says that a table lost rows of backends", () => {
    const table = readFixture("nodes/cilium-service-list.txt");
    const { report } = importCluster(table.replace("1 => 10.244.0.12:53/UDP (active)", ""));
    expect(report.join("\n")).toContain("rows of backends: the table is cut or filtered: 1");
  });

  it.each([
    [
      "1    10.96.0.1:443/TCP   ClusterIP   1 => 10.x.x.31:6443/TCP (active)",
      /an address is masked in "1 +10\.96/,
    ],
    ["1    10.96.0.1:443/TCP   ClusterIP   1 => 10.0.0.31", /neither a frontend nor a backend/],
    ["                         2 => 10.0.0.31:80/TCP (active)", /neither a frontend nor a backend/],
  ])("refuses %j in a table", (row, message) => {
    expect(problemOf(`ID   Frontend            Service Type   Backend\n${row}\n`)).toMatch(message);
  });

  it("names map and entry that are no bytes", () => {
    const entry = { key: Array(12).fill("0x01"), value: Array(11).fill("0x00") };
    expect(problemOf(JSON.stringify({ cilium_lb4_services_v2: [entry] }))).toMatch(
      /^cilium_lb4_services_v2\[0\]\.value: expected 12 bytes/,
    );
  });
});
