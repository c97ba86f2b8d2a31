/** Dumps as people post them in issues and pages: prompts, quotation marks, logs of tests, lines left out. */

import { describe, expect, it } from "vitest";
import { readFixture } from "../../../test/fuzz-import.js";
import { importCluster } from "../detect.js";
import { recognise } from "../recognise.js";

const IPVS = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.254.0.1:443 rr persistent 10800
  -> 172.16.16.81:6443            Masq    1      0          0
  -> 172.16.16.82:6443            Masq    1      0          0
TCP  10.254.0.2:53 rr
  -> 10.253.7.5:53                Masq    1      0          0
`;
const CILIUM = `SERVICE ADDRESS      BACKEND ADDRESS
10.110.178.169:80    0.0.0.0:0 (6)
                     10.10.0.183:80 (6)
                     10.10.0.62:80 (6)
10.96.0.1:443        192.168.36.11:6443 (1)
                     0.0.0.0:0 (1)
`;
const LISTED = `ID   Frontend                Service Type   Backend
1    10.96.0.1:443           ClusterIP      1 => 192.168.36.11:6443
`;
const TABLE = "NAME         TYPE        CLUSTER-IP\nkubernetes   ClusterIP   10.96.0.1\n";

describe("what people paste around a dump", () => {
  it.each([
    ["the prompt of Red Hat", `[root@vm01 ~]# ipvsadm -L -n\n${IPVS}`, 2, 3],
    ["that prompt behind it too", `[root@vm01 ~]# ipvsadm -L -n\n${IPVS}[root@vm01 ~]# \n`, 2, 3],
    [
      "another command behind it",
      `${IPVS}root@k8s1:/home/me# ip route get 10.0.0.1\n10.0.0.1 via 10.0.2.2\n`,
      2,
      3,
    ],
    ["the marks of a quotation", `[root@vm01 ~]# ipvsadm -L -n\n${IPVS}`.replaceAll(/^(?=.)/gm, "> "), 2, 3],
    ["CRLF, below a prompt", `[root@vm01 ~]# ipvsadm -L -n\n${IPVS}`.replaceAll("\n", "\r\n"), 2, 3],
    ["root's short prompt", `# docker exec -ti 6d5465 bash\n# cilium bpf lb list \n${CILIUM}# exit\n`, 2, 3],
    [
      "the prompt of a shell",
      `❯ kubectl exec -it cilium-x -- bash\nroot@node:/home/cilium# cilium bpf lb list\n${CILIUM}`,
      2,
      3,
    ],
  ] as const)("is left aside: %s", (_what, text, services, endpoints) => {
    const { cluster } = importCluster(text);
    expect([cluster.services, cluster.endpoints]).toEqual([services, endpoints]);
  });

  it("does not hide a transaction of nft in other words than its list's", () => {
    const chain = "service-TTTTTTTT-ns1/svc1/tcp/p80";
    const lines = [
      `add chain ip kube-proxy ${chain}`,
      `add rule ip kube-proxy ${chain} meta l4proto tcp dnat ip addr . port to numgen random mod 1 map { 0 : 10.180.0.1 . 80 }`,
      `add element ip kube-proxy service-ips { 172.30.0.41 . tcp . 80 : goto ${chain} }`,
    ];
    expect(importCluster(`${lines.join("\n")}\n`).cluster.endpoints).toBe(1);
  });

  it("is left out: a test's log around a table, indented", () => {
    const log = "cmd: kubectl exec -n kube-system x -- cilium service list\nExitcode: 0 \nStdout:\n";
    const { cluster } = importCluster(`${log}${LISTED.replaceAll(/^/gm, " \t ")}`);
    expect(cluster.endpoints).toBe(1);
  });

  it.each([
    [
      "two commands",
      `[root@master ~]# kubectl get svc\n${TABLE}[root@master ~]# ipvsadm -Ln\n${IPVS}`,
      /table of kubectl get/,
    ],
    [
      "commands that make rules",
      "iptables -t nat -A KUBE-SERVICES -d 10.96.0.1/32 -p tcp --dport 80 -j KUBE-SVC-X\n",
      /some lines of iptables-save/,
    ],
    [
      "lines left out",
      IPVS.replace("TCP  10.254.0.2", "...\nTCP  10.254.0.2"),
      /lines are left out of this \("\.\.\."\): give the whole/,
    ],
    [
      "a log",
      'E0205 20:24:22.721950       1 proxier.go:1788] "nftables sync failed" err="signal"\n',
      /this is a log: give what kube-proxy wrote/,
    ],
    [
      "names instead of numbers",
      IPVS.replace("10.254.0.1:443", "ip-10-0-62-121.ec2.internal:"),
      /line 4: .* in numbers, not "ip-10-0-62-121\.ec2\.internal:"/,
    ],
    [
      "addresses that were hidden",
      IPVS.replace("10.254.0.1:443", "<prefix>.20:443"),
      /in numbers, not "<prefix>\.20:443" \(save with -n, and change nothing\)/,
    ],
  ])("is named where it is no dump: %s", (_what, text, message) => {
    expect(() => importCluster(text)).toThrow(message);
  });

  it.each([
    ["a table of nodes", "NAME   STATUS   ROLES    AGE\nme     Ready    <none>   5d\n"],
    ["a table of ServiceCIDRs", "NAME         CIDRS          AGE\nkubernetes   10.96.0.0/12   5d\n"],
    ["columns of one's own", "NAMESPACE   NAME         IP\ndefault     kubernetes   10.96.0.1\n"],
    ["a table without its head", "kubernetes   ClusterIP   10.96.0.1   <none>   443/TCP   5d\n"],
    ["that of all namespaces", "default   web   LoadBalancer   10.96.0.9   <pending>   80:30080/TCP   5d\n"],
    [
      "events",
      "LAST SEEN   TYPE     REASON    OBJECT      MESSAGE\n5m          Normal   Started   pod/x       y\n",
    ],
    ["columns of any name", "NS        SVC          IP\ndefault   kubernetes   10.96.0.1\n"],
    ["names alone", "service/kubernetes\nservice/web\n"],
    ["columns with single spaces", "TYPE CLUSTER-IP\nClusterIP 10.96.0.1\n"],
    ["a column of two words", "NODE IP   SVC\n192.0.2.1   kubernetes\n"],
  ])("of kubectl is named where it says too little: %s", (_what, text) => {
    expect(() => importCluster(text)).toThrow(/table of kubectl get: give its YAML or JSON/);
  });

  it.each([
    [
      "connections of IPVS",
      "IPVS connection entries\npro expire state       source             virtual\n",
      /ipvsadm -c, the connections: give ipvsadm -Sn/,
    ],
    [
      "Cilium's backends",
      "Address               Instances                    Shadows\n",
      /table of cilium-dbg's db\/show/,
    ],
    ["kubectl's error", 'Error from server (Forbidden): services is forbidden: User "x"\n', /finds nothing/],
    ["nothing", "No resources found in default namespace.\n", /what kubectl says when it finds nothing/],
    ["a page", "<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>\n", /HTML or XML/],
    ["a chain alone", "chain services {\n\tip daddr 10.0.0.1 drop\n}\n", /part of an nft ruleset/],
    ["lines of a table", "\t\tip daddr 10.96.0.1 meta l4proto tcp\n", /part of an nft ruleset/],
    ["numbered lines", "41:*nat\n42::KUBE-SERVICES - [0:0]\n", /some lines of iptables-save/],
    [
      "events of a watch",
      '{"type":"ADDED","object":{"kind":"Service"}}\n{"type":"ADDED","object":{"kind":"Service"}}\n',
      /events of a watch: give kubectl get services,endpointslices -A -o json, without --watch/,
    ],
    [
      "a Table",
      '{"kind":"Table","apiVersion":"meta.k8s.io/v1","rows":[]}',
      /a Table, which .* give kubectl get/,
    ],
  ])("is named where it says something else: %s", (_what, text, message) => {
    expect(() => importCluster(text)).toThrow(message);
  });

  it("of rules may have the quotation marks of a page or of a word processor", () => {
    const rules = readFixture("field/kube-proxy-1.36.3.iptables-save");
    const page = rules.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll(">", "&gt;");
    for (const text of [
      page,
      rules.replaceAll(/"([^"\n]*)"/g, "“$1”"),
      rules.replaceAll(/"([^"\n]*)"/g, "« $1 »"),
      rules.replaceAll(" ", "\u00A0"),
    ]) {
      const { cluster } = importCluster(text);
      expect([cluster.services, cluster.endpoints]).toEqual([14, 22]);
    }
  });

  it("of YAML or JSON has lines of other programs around it, which are said", () => {
    const service = { metadata: { name: "web" }, spec: { clusterIP: "10.96.0.7", ports: [{ port: 80 }] } };
    const json = JSON.stringify({ kind: "ServiceList", apiVersion: "v1", items: [service] }, null, 2);
    const yaml =
      "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  clusterIP: 10.96.0.7\n  ports:\n  - port: 80\n";
    const saidOf = (text: string) => {
      const { cluster, report } = importCluster(text);
      expect([text.slice(0, 40), cluster.services]).toEqual([text.slice(0, 40), 1]);
      return report.find((line) => line.startsWith("left out: "));
    };
    expect(saidOf(`HTTP/2 200 \naudit-id: 5f3b\ncontent-type: application/json\n\n${json}\n`)).toContain(
      '1 line above what was read ("HTTP/2 200")',
    );
    expect(saidOf(`${json}\n* Connection #0 to host 10.0.0.1 left intact\n`)).toContain("1 line below");
    expect(saidOf(`${json}%\n`)).toBeUndefined();
    expect(saidOf(`$ kubectl get svc -A -o json\n${json}\n$ \n`)).toBeUndefined();
    expect(saidOf(`PS C:\\> kubectl get svc web -o yaml\r\n${yaml}PS C:\\> \r\n`)).toContain("1 below");
    expect(saidOf(`${yaml}\nreal\t0m1.2s\nuser\t0m0.3s\n`)).toContain('2 lines below what was read ("real');
    expect(saidOf(`${yaml}Error from server (NotFound): services "x" not found\n`)).toContain("1 line below");
    expect(saidOf(`On Mon, Bob wrote:\n${yaml.replaceAll(/^/gm, "> ")}`)).toContain("1 line above");
  });

  it("keeps YAML whose last lines stand at the margin, and what follows JSON as YAML", () => {
    const json = '{"kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}}';
    const yaml = "kind: Service\nmetadata: {name: b}\nspec: {ports: [{port: 80}]}\n";
    expect(importCluster(`${json}\n---\n${yaml}`).cluster.services).toBe(2);
    for (const end of ["...\n", "# done\n", "status:\n  loadBalancer: {}\n", "---\n"])
      expect(importCluster(yaml + end).report.join("\n")).not.toContain("below");
    expect(() => importCluster(`${yaml}---\n{"kind": "Serv`)).toThrow(/cut off/);
  });

  it("of kube-proxy's JSON log, or in journalctl -o json, is read as the text itself", () => {
    const rules = readFixture("field/kube-proxy-1.36.3.iptables-save");
    const log = `${JSON.stringify({ ts: 1.5, msg: "Syncing iptables rules" })}\n${JSON.stringify({ ts: 1.6, msg: "Restoring iptables", rules: rules.slice(rules.indexOf("*")) })}\n`;
    const journal = rules
      .split("\n")
      .slice(0, -1)
      .map((line) => `${JSON.stringify({ __CURSOR: "s=1", MESSAGE: line })}\n`)
      .join("");
    for (const text of [log, journal]) {
      const { cluster } = importCluster(text);
      expect([cluster.services, cluster.endpoints]).toEqual([14, 22]);
    }
  });

  it("numbers its own rows: cilium service list with a backend each", () => {
    const rows = [1, 2, 3, 4].map(
      (id) => `${id}    10.96.0.${id}:80/TCP   ClusterIP      1 => 10.0.0.${id}:8080/TCP (active)\n`,
    );
    const { cluster } = importCluster(`ID   Frontend          Service Type   Backend\n${rows.join("")}`);
    expect([cluster.services, cluster.endpoints]).toEqual([4, 4]);
  });

  it("of kubectl cluster-info dump has logs between its lists", () => {
    const service = { metadata: { name: "web" }, spec: { clusterIP: "10.96.0.7", ports: [{ port: 80 }] } };
    const text = `{"kind": "NodeList", "apiVersion": "v1", "items": []}
==== START logs for container c of pod ns/p ====
I1129 10:00:00.000000 1 x.go:1] "hi {
==== END logs for container c of pod ns/p ====
${JSON.stringify({ kind: "ServiceList", apiVersion: "v1", items: [service] })}
`;
    expect(importCluster(text).cluster.services).toBe(1);
  });

  it("may be /proc/net/ip_vs, in hexadecimal numbers", () => {
    const { cluster } = importCluster(`IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  0A600001:01BB rr persistent 10800 FFFFFFFF
  -> C0000205:192B      Masq    1      0          0
`);
    const flow = [cluster.clusterIp[0], cluster.port[0], cluster.affinitySeconds[0], cluster.endpoints];
    expect(flow).toEqual([0x0a600001, 443, 10_800, 1]);
  });

  it("is not looked for in YAML that begins with a key of its own", () => {
    const service =
      "kind: Service\nmetadata: {name: web}\nspec: {clusterIP: 10.96.0.7, ports: [{port: 80}]}\n";
    expect(importCluster(`# mine\nx-mine: 1\n${service}`).cluster.services).toBe(1);
    for (const comment of ["# TYPE of cluster: kind", "# HELP wanted", "# HELP with this: see the wiki"])
      expect(importCluster(`${comment}\n${service}`).cluster.services).toBe(1);
    const map = `kind: ConfigMap\nmetadata: {name: dump}\ndata:\n  dump: |\n${IPVS.replaceAll(/^/gm, "    ")}`;
    expect(importCluster(`${service}---\n${map}`).cluster.services).toBe(1);
  });

  it("is separated from the dump in linear time", () => {
    for (const text of ["> x\n", "[root@", "root@me:", "x: 1\n", "E0205 20:24:22.7 ", "...\n", "\nme@me:"])
      expect(recognise(text.repeat(200_000)).kind).toMatch(/unknown|kubernetes|log/);
  });
});
