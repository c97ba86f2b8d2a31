/** What an import did not understand, and the flows that may meet it: the answers about these alone are unknown. */

import { describe, expect, it } from "vitest";
import { omissionsMet } from "../src/advice/certainty.js";
import { familyOfFlow, flowIn, parseFlow } from "../src/cli/options/parse.js";
import { writeCluster } from "../src/cluster/json.js";
import { importCluster } from "../src/formats/detect.js";
import { readFixture } from "./fuzz-import.js";

const SAVE = readFixture("field/kube-proxy-1.36.3.iptables-save");

/** What answers about a flow rest on that the import left out. */
function leftOut(texts: string | readonly string[], flow: string): string[] {
  const { cluster, ipv6 } = importCluster(texts);
  const asked = parseFlow(flow);
  const own = familyOfFlow(asked) === 6 && ipv6 !== undefined ? ipv6 : cluster;
  return omissionsMet(own, flowIn(own, asked));
}
const WEB = "tcp 10.128.0.9:40000 > 10.96.7.7:80";
const DNS = "udp 10.128.0.9:40000 > 10.96.0.10:53";

describe("what an import left out of kube-proxy's nftables table", () => {
  const NFT = readFixture("nodes/kube-proxy.nft");
  const NODE_PORT = "tcp 203.0.113.7:40000 > 192.0.2.1:30080";
  const BALANCER = "tcp 203.0.113.7:40000 > 198.51.100.9:80";
  const OTHER = "tcp 10.128.0.9:40000 > 192.0.2.99:22";
  const into = (chain: string, rule: string) => NFT.replace(`\tchain ${chain} {\n`, `$&\t\t${rule}\n`);

  it.each<readonly [what: string, text: string, met: readonly string[], notMet: readonly string[]]>([
    ["a source", into("masquerading", "ip saddr 10.128.0.9 drop"), [WEB, OTHER], [NODE_PORT]],
    ["sources", into("masquerading", "ip saddr { 10.128.0.9, 192.0.2.0/24 } drop"), [WEB], [NODE_PORT]],
    ["all sources but one", into("masquerading", "ip saddr != 10.128.0.9 drop"), [NODE_PORT], [WEB, DNS]],
    ["a protocol", into("services", "meta l4proto udp accept"), [DNS], [WEB, OTHER]],
    ["a port", into("services", "tcp dport 80 meta mark set 0x1"), [WEB, BALANCER], [DNS, NODE_PORT, OTHER]],
    ["ports", into("services", "tcp dport { 22, 443 } return"), [OTHER], [WEB, DNS, NODE_PORT]],
    ["a destination", into("services", "ip daddr 10.96.0.10 return"), [DNS], [WEB, NODE_PORT]],
    [
      "an endpoint, behind DNAT",
      into("filter-forward", "ip daddr 10.244.1.20 drop"),
      [WEB, BALANCER, NODE_PORT],
      [DNS, OTHER],
    ],
    ["one Service's chain", into("service-2YY5BS5C-kube-system/dns/udp/dns", "return"), [DNS], [WEB, OTHER]],
    [
      "one of its ways alone",
      into("external-KHN6ECMT-shop/web/tcp/http", "meta mark 0x7 return"),
      [BALANCER, NODE_PORT],
      [WEB, DNS],
    ],
    [
      "an endpoint's chain",
      into("endpoint-3KQNDTRV-kube-system/dns/udp/dns__10.244.0.12/53", "limit rate 5/second drop"),
      [DNS],
      [WEB],
    ],
    [
      "established connections",
      into("filter-forward", "ct state established,related accept"),
      [],
      [WEB, DNS],
    ],
    ["a map of states", into("services", "ct state vmap { new : drop }"), [WEB, DNS], []],
    [
      "a map of more states",
      into("services", "ct state vmap { established : accept, new : drop }"),
      [WEB, DNS],
      [],
    ],
    ["states that are ored", into("services", "ct state established | new drop"), [WEB, DNS], []],
    ["any state but new", into("services", "ct state != new drop"), [WEB, DNS], []],
    ["a source of replies", into("services", "ct reply ip saddr 10.244.1.20 drop"), [WEB, DNS], []],
    [
      "a source within a tunnel",
      into("services", "udp dport 4789 vxlan ip saddr 10.244.1.20 drop"),
      ["udp 10.128.0.9:40000 > 192.0.2.1:4789"],
      [WEB, DNS],
    ],
    [
      "a source of the connection",
      into("masquerading", "ct original ip saddr 10.128.0.9 drop"),
      [WEB, OTHER],
      [NODE_PORT],
    ],
    ["a condition of its own", into("services", "meta skuid 7 accept"), [WEB, DNS, OTHER], []],
    [
      "a chain that nothing leads to",
      `${NFT.slice(0, NFT.indexOf("\tchain filter-input"))}\tchain mine {\n\t\tdrop\n\t}\n${NFT.slice(NFT.indexOf("\tchain filter-input"))}`,
      [WEB, DNS],
      [],
    ],
    [
      "an element",
      NFT.replace("10.96.7.7 . tcp . 80 : goto service-", "10.96.7.8 . tcp . 80 : continue,\n\t\t\t$&"),
      ["tcp 10.128.0.9:40000 > 10.96.7.8:80"],
      [WEB, DNS],
    ],
  ])("is said of flows that %s leaves, and of no other", (_what, text, met, notMet) => {
    expect(text).not.toBe(NFT);
    for (const flow of met) expect([flow, leftOut(text, flow)]).toEqual([flow, [expect.any(String)]]);
    for (const flow of notMet) expect([flow, leftOut(text, flow)]).toEqual([flow, []]);
  });

  it.each([
    ["a source of replies", { ct: { key: "ip saddr", dir: "reply" } }, 1],
    ["a source of the connection", { ct: { key: "ip saddr", dir: "original" } }, 0],
    ["a source within a tunnel", { payload: { protocol: "ip", field: "saddr", tunnel: "vxlan" } }, 1],
  ])("is said in JSON as in text of flows that %s leaves", (_what, left, kinds) => {
    const { nftables } = JSON.parse(readFixture("nodes/kube-proxy-nft.json")) as { nftables: unknown[] };
    const expr = [{ match: { op: "==", left, right: "10.244.1.20" } }, { drop: null }];
    const rule = { family: "ip", table: "kube-proxy", chain: "services", handle: 9999, expr };
    expect(leftOut(JSON.stringify({ nftables: [...nftables, { rule }] }), WEB)).toHaveLength(kinds);
  });

  it("is said of flows by the hooks that they pass, where the node's addresses are known", () => {
    const text = readFixture("field/kube-proxy-1.36.3.nft");
    const fromNode = "tcp 192.0.2.10:40000 > 10.96.0.11:80";
    const fromPod = "tcp 10.244.0.5:40000 > 10.96.0.11:80";
    const toNode = "tcp 203.0.113.7:40000 > 192.0.2.10:22";
    const met = (chain: string) => {
      const strange = text.replace(
        `\tchain ${chain} {\n\t\ttype `,
        `\tchain ${chain} {\n\t\tmeta mark 0x7 drop\n\t\ttype `,
      );
      expect(strange).not.toBe(text);
      return [fromNode, fromPod, toNode].map((flow) => leftOut(strange, flow).length);
    };
    expect(met("nat-output")).toEqual([1, 0, 0]);
    expect(met("nat-prerouting")).toEqual([0, 1, 1]);
    expect(met("filter-input")).toEqual([0, 0, 1]);
    expect(met("filter-forward")).toEqual([0, 1, 0]);
    expect(met("nat-postrouting")).toEqual([1, 1, 1]);
  });

  it("is kept by a cluster file", () => {
    const { cluster } = importCluster(into("services", "ip daddr 10.96.0.10 return"));
    const file = [...writeCluster(cluster)].join("");
    expect(leftOut(file, DNS)).toEqual(["left out on import: services: ip daddr return"]);
    expect(leftOut(file, WEB)).toEqual([]);
  });

  it("is nothing where a rule only logs or counts, which is said", () => {
    const text = into("services", 'limit rate 5/second log prefix "seen: "');
    expect(leftOut(text, WEB)).toEqual([]);
    const report = importCluster(text).report.join("\n");
    expect(report).toContain("rules that only log or count, and decide nothing: 1");
    expect(report).not.toContain("not understood");
  });

  it("is every flow's where there is too much of it for a source's parameters", () => {
    const rules = Array.from(
      { length: 900 },
      (_, i) => `ip daddr 10.96.${i % 200}.77 ip dscp ${"a".repeat(1 + (i % 90))}${i} drop`,
    );
    const text = into("services", rules.join("\n\t\t"));
    const { cluster } = importCluster(text);
    expect(JSON.stringify(cluster.source.parameters).length).toBeLessThan(10_000);
    expect(leftOut([...writeCluster(cluster)].join(""), WEB)).toEqual([
      expect.stringMatching(/left out on import: \d+ kinds more/),
    ]);
  });
});

describe("what an import left out of IPVS' sets and tables", () => {
  const [ADM = "", IPSET = ""] = ["ipvsadm", "ipset"].map((kind) => readFixture(`field/ipvs-1.36.3.${kind}`));
  const flowTo = (to: string, protocol = "tcp") => `${protocol} 10.244.0.5:40000 > ${to}`;

  it.each<readonly [entry: string, met: readonly string[], notMet: readonly string[]]>([
    ["KUBE-CLUSTER-IP 10.96.0.11,tcp:http", [flowTo("10.96.0.11:80")], [flowTo("10.96.0.12:80")]],
    ["KUBE-CLUSTER-IP 10.96.0.11,esp:0", [flowTo("10.96.0.11:80")], [flowTo("10.96.0.12:80")]],
    [
      "KUBE-NODE-PORT-TCP http",
      [flowTo("192.0.2.10:30015")],
      [flowTo("10.96.0.11:80"), flowTo("192.0.2.10:53", "udp")],
    ],
    [
      "KUBE-LOAD-BALANCER-SOURCE-CIDR 203.0.113.19,tcp:80,x",
      [flowTo("203.0.113.19:80")],
      [flowTo("203.0.113.18:80")],
    ],
    [
      "KUBE-LOOP-BACK 10.244.0.5,tcp:x,10.244.0.5",
      [flowTo("10.96.0.11:80")],
      ["tcp 10.244.0.7:40000 > 10.96.0.11:80"],
    ],
    ["KUBE-OF-THE-FUTURE 7", [flowTo("10.96.0.11:80")], []],
  ])("is said of the flows that %s may be of", (entry, met, notMet) => {
    const texts = [ADM, `${IPSET}add ${entry}\n`];
    for (const flow of met) expect([flow, leftOut(texts, flow)]).toEqual([flow, [expect.any(String)]]);
    for (const flow of notMet) expect([flow, leftOut(texts, flow)]).toEqual([flow, []]);
    expect(leftOut([ADM, IPSET], met[0]!)).toEqual([]);
  });

  it("is said of addresses whose every port is balanced", () => {
    const text = `-A -t 10.3.0.43:0 -s rr -p 300\n-a -t 10.3.0.43:0 -r 10.2.0.1:0 -m -w 1\n${ADM}`;
    expect(leftOut(text, flowTo("10.3.0.43:8443"))).toEqual([
      "left out on import: virtual service for every port",
    ]);
    expect(leftOut(text, flowTo("10.96.0.11:80"))).toEqual([]);
  });
});

describe("what an import left out of iptables' rules, for planes that do not walk them", () => {
  it("is said of the Service whose chain it is in", () => {
    const chain = /^:(KUBE-SVC-[A-Z2-7]{16}) /m.exec(SAVE)![1]!;
    const [, address, port] = new RegExp(`-d ([\\d.]+)/32 .*--dport (\\d+) -j ${chain}$`, "m").exec(SAVE)!;
    const text = SAVE.replace(`-A ${chain} `, `-A ${chain} -m set --match-set X src -j RETURN\n$&`);
    const protocol = new RegExp(`-d ${address}/32 -p (\\w+)`).exec(SAVE)![1]!;
    expect(leftOut(text, `${protocol} 10.244.0.5:40000 > ${address}:${port}`)).toEqual([
      "left out on import: KUBE-SVC-*: -m set",
    ]);
    expect(leftOut(text, "tcp 10.244.0.5:40000 > 192.0.2.77:22")).toEqual([]);
  });

  it.each([
    ["--src-type UNICAST", 1],
    ["! --src-type UNICAST", 1],
    ["--dst-type UNICAST", 1],
    ["--src-type LOCAL -m set", 0],
    ["--src-type LOCAL --dst-type UNICAST", 0],
  ])("is said of a pod's flow, where addrtype has %s, %d times", (options, kinds) => {
    expect(leftOutBehind(`-m addrtype ${options}`)).toHaveLength(kinds);
  });

  it.each([
    ["ESTABLISHED,RELATED", 0],
    ["DNAT", 1],
    ["RELATED,ESTABLISHED,DNAT", 1],
    ["INVALID", 1],
    ["UNTRACKED", 1],
    ["NEW", 1],
    ["OTHER", 1],
  ])("is said of a first packet, where a rule asks for %s, %d times", (states, kinds) => {
    expect(leftOutBehind(`-m conntrack --ctstate ${states} -m set`)).toHaveLength(kinds);
    expect(leftOutBehind(`-m conntrack ! --ctstate ${states} -m set`)).toHaveLength(1);
  });

  /** What a pod's flow may meet, where a rule with a condition stands in front of the filter table's Services. */
  function leftOutBehind(condition: string): string[] {
    // With one NodePort address, which says who the node is.
    const text = SAVE.replace(
      /-m addrtype --dst-type LOCAL(?= -j KUBE-NODEPORTS)/,
      "-d 192.0.2.10/32",
    ).replace("-A KUBE-SERVICES ", `-A KUBE-SERVICES ${condition} -j DROP\n$&`);
    return leftOut(text, "tcp 10.244.0.7:40000 > 10.96.0.11:80");
  }
});
