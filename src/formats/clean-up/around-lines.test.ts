/** The same dump as terminals, pagers, logs and pages show it: read as it was, or named. */

import { describe, expect, it } from "vitest";
import { readFixture } from "../../../test/fuzz-import.js";
import { InvalidInputError } from "../../errors.js";
import { importCluster } from "../detect.js";
import { recognise } from "../recognise.js";

const DUMPS = {
  "iptables-save": readFixture("field/kube-proxy-1.36.3.iptables-save"),
  nft: readFixture("field/kube-proxy-1.37.2.nft"),
  "ipvsadm -Sn": readFixture("field/ipvs-1.36.3.ipvsadm"),
  "ipvsadm -Ln": `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.254.0.1:443 rr persistent 10800
  -> 172.16.16.81:6443            Masq    1      0          0         
TCP  10.254.0.2:53 rr
  -> 10.253.7.5:53                Masq    1      0          0         
`,
  "cilium bpf lb list": readFixture("nodes/cilium-bpf-lb-list.txt"),
  YAML: readFixture("endpointslices.yaml"),
};
type Dump = keyof typeof DUMPS;

const sizeOf = (text: string) => {
  const { cluster, ipv6 } = importCluster(text);
  return [cluster.services, cluster.servicePorts, cluster.endpoints, ipv6?.endpoints];
};
const eachLine = (text: string, change: (line: string, i: number) => string) =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line, i) => `${change(line, i)}\n`)
    .join("");
/** A line between two others, somewhere in the middle. */
const between = (text: string, line: string) => {
  const half = text.indexOf("\n", text.length / 2) + 1;
  return `${text.slice(0, half)}${line}\n${text.slice(half)}`;
};

const SHOWN: Readonly<Record<string, (text: string) => string>> = {
  journalctl: (text) =>
    `-- Logs begin at Mon 2026-11-02 07:12:11 UTC. --\n${eachLine(text, (line, i) => `Nov 29 12:00:0${i % 10} ip-10-0-1-2.ec2.internal kube-proxy[1234]: ${line}`)}`,
  "journalctl below a prompt": (text) =>
    `root@me:~# journalctl -u kube-proxy\n${eachLine(text, (line) => `Nov  9 12:00:00 me kube-proxy[1]: ${line}`)}`,
  "journalctl -o short-iso": (text) =>
    eachLine(text, (line) => `2026-11-29T12:00:00+0000 me kube-proxy[1234]: ${line}`),
  "kubectl logs --timestamps": (text) =>
    eachLine(text, (line, i) => `2026-11-29T12:00:00.${String(i).padStart(9, "0")}Z ${line}`),
  "kubectl logs --prefix": (text) => eachLine(text, (line) => `[pod/kube-proxy-abcde/kube-proxy] ${line}`),
  "kubectl logs with both": (text) =>
    eachLine(text, (line) => `[pod/kube-proxy-abcde/kube-proxy] 2026-11-29T12:00:00.000000001Z ${line}`),
  "/var/log/pods": (text) => eachLine(text, (line) => `2026-11-29T12:00:00.123456789Z stderr F ${line}`),
  "docker's json-file": (text) =>
    eachLine(text, (line) => JSON.stringify({ log: `${line}\n`, stream: "stdout", time: "" })),
  "docker compose": (text) => eachLine(text, (line) => `kube-proxy-1  | ${line}`),
  stern: (text) => eachLine(text, (line) => `kube-proxy-abcde kube-proxy ${line}`),
  "a table's border": (text) => eachLine(text, (line) => `| ${line}`),
  "cat -n": (text) => eachLine(text, (line, i) => `${String(i + 1).padStart(6)}\t${line}`),
  "grep -n": (text) => eachLine(text, (line, i) => `${i + 1}:${line}`),
  "cat -A": (text) => eachLine(text, (line) => `${line.replaceAll("\t", "^I")}$`),
  "grep --color": (text) => text.replaceAll(/10\.|KUBE/g, "\u001b[01;31m\u001b[K$&\u001b[m\u001b[K"),
  script: (text) =>
    `\u001b]0;root@me: ~\u0007\u001b[?2004hroot@me:~# dump\r\n\u001b[?2004l${text.replaceAll("\n", "\r\r\n")}\u001b[?2004hroot@me:~# exit\r\n`,
  more: (text) => between(text, "--More--(50%)"),
  less: (text) => `${between(text, "lines 1-23")}(END)\n`,
  "a page's source": (text) =>
    `<pre><code>${text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll(">", "&gt;")}</code></pre>\n`,
  "an invisible character": (text) => `\u200b${text}`,
  "literal line ends": (text) => text.replaceAll("\n", "\\n"),
  "a JSON string": (text) => JSON.stringify(text),
  "line ends of an old Mac": (text) => text.replaceAll("\n", "\r"),
  ansible: (text) => `node1 | CHANGED | rc=0 >>\n${text}`,
};

describe.each(Object.keys(DUMPS) as Dump[])("%s", (dump) => {
  const text = DUMPS[dump];

  it.each(Object.keys(SHOWN))("is read as shown by %s", (how) => {
    expect(sizeOf(SHOWN[how]!(text))).toEqual(sizeOf(text));
  });

  it("is named where its lines became one", () => {
    expect(() => importCluster(text.replaceAll("\n", " "))).toThrow(/lines are joined into one/);
  });

  it("is named as a difference", () => {
    const diff = `--- a/dump\n+++ b/dump\n@@ -1,3 +1,3 @@\n${eachLine(text, (line, i) => `${i === 2 ? "+" : " "}${line}`)}`;
    expect(() => importCluster(diff)).toThrow(/difference between two files/);
  });

  it("is one screen of watch, and said to be", () => {
    const { report } = importCluster(`Every 2.0s: dump          me: Sun Nov 29 12:00:00 2026\n\n${text}`);
    expect(report.join("\n")).toContain("one screen of watch: lines and ends of lines that did not fit");
  });
});

describe("what is cut in the middle of a line, or above", () => {
  it.each<readonly [Dump, number, RegExp]>([
    ["ipvsadm -Sn", -10, /cut off/],
    ["ipvsadm -Ln", -14, /cut off/],
    ["cilium bpf lb list", -9, /cut off in/],
    ["nft", -100, /cut off inside/],
    ["iptables-save", -100, /cut off/],
  ])("is noticed at the end of %s", (dump, end, message) => {
    expect(() => importCluster(DUMPS[dump].slice(0, end))).toThrow(message);
  });

  it.each<readonly [Dump, string, RegExp]>([
    ["ipvsadm -Sn", "-a -t", /no virtual service yet: the output is cut off above/],
    ["ipvsadm -Ln", "-> 172", /part of ipvsadm -Ln, without its head/],
    ["cilium bpf lb list", "10.96.0.10:53/UDP (1)", /part of cilium bpf lb list, without its head/],
    ["nft", "\t\tip daddr", /part of an nft ruleset/],
    ["iptables-save", "-A KUBE-SVC", /some lines of iptables-save/],
  ])("is noticed above %s", (dump, start, message) => {
    const text = DUMPS[dump];
    expect(() => importCluster(text.slice(text.indexOf(start)))).toThrow(message);
  });

  it("is noticed by rows of a frontend that Cilium's list lacks", () => {
    const lines = DUMPS["cilium bpf lb list"].split("\n");
    const without = (part: string) => importCluster(lines.filter((line) => !line.includes(part)).join("\n"));
    expect(without("(3) (1)").report.join("\n")).toContain("with rows of backends missing: the list is cut");
    expect(without("(7) (0)").report.join("\n")).toContain("without its first row, taken as a ClusterIP");
  });

  it("is counted where other lines are above or below", () => {
    const fenced = `Hello,\nhere it is:\n\`\`\`\n${DUMPS.nft}\`\`\`\nand the other one:\n\`\`\`\n${DUMPS["ipvsadm -Ln"]}\`\`\`\n`;
    expect(importCluster(fenced).report.join("\n")).toContain(
      'left out: 2 lines above and 8 below what was read ("here it is:")',
    );
    expect(importCluster(`-r 10.0.0.1:80 -m -w 1\n${DUMPS["ipvsadm -Sn"]}`).report.join("\n")).toContain(
      'left out: 1 line above what was read ("-r 10.0.0.1:80 -m -w 1")',
    );
    expect(
      importCluster(`root@me:~# nft list ruleset\n${DUMPS.nft}root@me:~# \n`).report.join("\n"),
    ).not.toContain("what was read");
  });
});

describe("rules within a message of kube-proxy", () => {
  const [, ...tables] = DUMPS["iptables-save"].split(/(?=^\*)/m);
  const rules = tables.join("").replaceAll(/^#.*\n/gm, "");
  const quoted = (text: string) => JSON.stringify(text);

  it("are read from its quotation marks, among other messages", () => {
    const log = `I1214 18:44:25.821744   98073 ipset.go:168] "Successfully deleted" entry="x"
I1214 18:44:25.832294   98073 proxier.go:1607] "Restoring iptables" rules=${quoted(rules)}
I1214 18:44:26.000000   98073 proxier.go:900] "SyncProxyRules complete" elapsed="1ms"
`;
    expect(sizeOf(log)).toEqual(sizeOf(rules));
    expect(sizeOf(eachLine(log, (line) => `Nov 29 12:00:00 me kube-proxy[1]: ${line}`))).toEqual(
      sizeOf(rules),
    );
  });

  it("are read below it, as before 1.20", () => {
    expect(
      sizeOf(`I0413 17:26:42.526157       5 proxier.go:938] Restoring iptables rules: ${rules}`),
    ).toEqual(sizeOf(rules));
  });

  it("are refused where several syncs follow one another", () => {
    const line = `I1214 18:44:25.832294   98073 proxier.go:1607] "Restoring iptables" rules=${quoted(rules)}\n`;
    expect(() => importCluster(line + line)).toThrow(/several syncs/);
  });
});

describe("what holds no Services", () => {
  it.each([
    [
      "a chart's template",
      'apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ include "x.fullname" . }}\n',
    ],
    [
      "a template with conditions",
      "{{- if .Values.service.enabled }}\napiVersion: v1\nkind: Service\n{{- end }}\n",
    ],
    [
      "a template's port",
      "kind: Service\nmetadata: {name: web}\nspec:\n  ports:\n  - port: {{ .Values.port }}\n",
    ],
    ["a template of Jinja", "kind: Service\nmetadata:\n  name: {{ name }}\n{% if x %}\n{% endif %}\n"],
    ["variables of a shell", "kind: Service\nmetadata:\n  name: \u0024{NAME}\nspec: {ports: [{port: 80}]}\n"],
  ])("is named: %s", (_what, text) => {
    expect(() => importCluster(text)).toThrow(/a template, which has no values yet: give what it renders to/);
  });

  it("is not said of a value that holds a template", () => {
    const service =
      "kind: Service\nmetadata: {name: web, annotations: {x: '{{ .Values.y }}'}}\nspec: {clusterIP: 10.96.0.7, ports: [{port: 80}]}\n";
    expect(importCluster(service).cluster.services).toBe(1);
  });

  it.each([
    [
      "calico-node -bpf nat dump",
      "10.96.0.1 port 443 proto 6 id 0 count 1 local 0\n\t0:0\t 10.0.0.21:6443\n",
      /calico-node -bpf nat dump/,
    ],
    ["bpftool map dump", "key: 0a 60 00 01 01 bb 00 00  value: 01 00 00 00\n", /bpftool's list or dump/],
    ["a table in Markdown", "| NAME | TYPE |\n|---|---|\n| web | ClusterIP |\n", /a table of kubectl get/],
    ["cilium status", "KVStore:   Ok   Disabled\nCilium:    Ok   1.15.1\n", /cilium status, which lists no/],
    ["addresses of jsonpath", "10.96.0.1 10.96.0.10 10.96.44.7", /addresses alone/],
    ["bpftool map list", "12: hash  name cilium_lb4_serv  flags 0x1\n\tkey 12B  value 12B\n", /bpftool's/],
    [
      "conntrack -L",
      "tcp      6 86399 ESTABLISHED src=10.0.0.1 dst=10.96.0.1 sport=1 dport=443\n",
      /connections, sockets, interfaces or routes/,
    ],
    ["ip addr", "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc\n", /interfaces or routes/],
    ["ip route", "default via 10.0.2.2 dev eth0 proto dhcp\n", /interfaces or routes/],
    ["ss -tln", "State  Recv-Q Send-Q Local Address:Port\nLISTEN 0 128 0.0.0.0:22\n", /sockets/],
    [
      "nft list tables",
      "table ip kube-proxy\ntable ip6 kube-proxy\n",
      /nft list tables, which has names alone/,
    ],
    ["nft monitor trace", 'trace id 1a2b3c4d ip kube-proxy services packet: iif "eth0"\n', /trace of nft/],
    [
      "what a command says without rights",
      "iptables-save v1.8.7 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)\n",
      /run it as root on the node/,
    ],
    [
      "what nft says of no table",
      "Error: No such file or directory\nlist table ip kube-proxy\n",
      /says when it fails/,
    ],
    ["what ipvsadm says", "Can't initialize ipvs: Permission denied\n", /says when it fails/],
    ["what a shell says", "bash: ipvsadm: command not found\n", /says when it fails/],
    [
      "kubectl's error in lower case",
      'error: the server doesn\'t have a resource type "svcs"\n',
      /kubectl says when/,
    ],
    [
      "kubectl's error below its log",
      "E1129 12:00:00.000000   1 memcache.go:265] couldn't get\nUnable to connect to the server: x\n",
      /kubectl says when/,
    ],
    [
      "a refusal",
      '{"kind":"Status","message":"services is forbidden","code":403}',
      /API server's refusal \(services is forbidden\)/,
    ],
    ["an empty list", "apiVersion: v1\nitems: []\nkind: List\n", /list is empty, kubectl found nothing/],
    [
      "a grep of iptables -L",
      "KUBE-SVC-AAAAAAAAAAAAAAAA  tcp  --  anywhere  10.110.199.45  /* default/web */ tcp dpt:http\n",
      /iptables -L, which leaves out/,
    ],
    [
      "a grep of cilium service list",
      "20   192.168.10.75:80/TCP      LoadBalancer\n",
      /part of cilium service list/,
    ],
    [
      "an old cilium service get",
      "10.32.95.217:6379 =>\n\t\t1 => 10.246.1.34:42069 (3043)\n",
      /part of cilium service list/,
    ],
    [
      "a grep of cilium bpf lb list",
      "192.168.1.193:443/TCP (0) 0.0.0.0:0 (26) (0) [LoadBalancer]\n",
      /without its head/,
    ],
    [
      "rows of cilium service list in IPv6, whose ids look like numbers of lines",
      "170   [fd00::2]:7011   ClusterIP   1 => [fd00::f936]:7011 (active)\n171   [fd00::3]:80   ClusterIP   1 => [fd00::7]:80 (active)\n",
      /part of cilium service list/,
    ],
    ["bpftool map dump of short keys", "key: 02 00  value: 0a 00 00 55\n", /bpftool's list or dump/],
    ["names of sets", "KUBE-CLUSTER-IP\nKUBE-LOOP-BACK\n", /ipset list/],
    [
      "elements left out",
      "table ip kube-proxy {\n\tmap service-ips {\n\t\telements = { 10.96.0.1 . tcp . 443 : goto x,\n\t\t\t... }\n\t}\n}\n",
      /lines are left out/,
    ],
  ])("is named: %s", (_what, text, message) => {
    const refuse = () => importCluster(text);
    expect(refuse).toThrow(InvalidInputError);
    expect(refuse).toThrow(message);
  });
});

describe("several commands in one paste", () => {
  it("are read where the first prints names alone", () => {
    const text = `$ nft list tables\ntable ip kube-proxy\ntable ip6 kube-proxy\n$ nft list table ip kube-proxy\n${DUMPS.nft}`;
    expect(sizeOf(text)).toEqual(sizeOf(DUMPS.nft));
  });

  it("keep names that a word processor's dash would hide", () => {
    const rules = DUMPS["iptables-save"];
    expect(importCluster(rules.replaceAll(" --", " –")).report).toEqual(importCluster(rules).report);
  });
});

describe("what surrounds lines", () => {
  it.each([
    ["\u001b", "\u001b[", "\u001b]", "\u001b]0;x", "\r\r\n", "(END)\n", "lines 1\n", "--More--"],
    ["Nov 29 12:00:00 me x[1]: ", "Nov 29 12:00:00 me x[1]: \n", "2026-11-29T12:00:00Z ", "[pod/", "x | \n"],
    [
      '{"log":"',
      '{"log":"x"}\n',
      ' rules="*nat\\n',
      "I0413 17:26:42.5 5 x:1] rules: *nat\n",
      '"\\',
      "1:\n",
      "a$\n",
    ],
    ["<pre>", "<pre", "&amp;", "{{ ", "{{-", "{%", "{{ a", "${A", "+++ b\n", "--- a\n"],
  ])("is taken off in linear time: %j …", (...parts) => {
    for (const part of parts) {
      for (const text of [part.repeat(100_000), `x\n${part.repeat(100_000)}`]) {
        expect(typeof recognise(text).kind).toBe("string");
      }
    }
  });
});
