import { expect, test } from "vitest";
import { compareRules } from "./rule-lines.js";

const SAME = { missing: [], unexpected: [] };

const iptables = (...rules: string[]): string =>
  ["# Generated", "*nat", ":KUBE-SERVICES - [0:0]", ":KUBE-SVC-A - [1:60]", ...rules, "COMMIT"].join("\n");

test("rule comparison: the order of KUBE-SERVICES, comments and counters make no difference", () => {
  const a = iptables("-A KUBE-SERVICES -d 10.96.0.1/32 -j A", "-A KUBE-SERVICES -d 10.96.0.2/32 -j B");
  const b = iptables("-A KUBE-SERVICES -d 10.96.0.2/32 -j B", "-A KUBE-SERVICES -d 10.96.0.1/32 -j A");
  expect(compareRules(a, b.replace("[1:60]", "[0:0]"))).toEqual(SAME);
});

test("rule comparison: the order of a Service's own chain makes a difference", () => {
  const a = iptables("-A KUBE-SVC-A -j X", "-A KUBE-SVC-A -j Y");
  const b = iptables("-A KUBE-SVC-A -j Y", "-A KUBE-SVC-A -j X");
  expect(compareRules(a, b)).toEqual({
    missing: ["nat 1 -A KUBE-SVC-A -j X", "nat 2 -A KUBE-SVC-A -j Y"],
    unexpected: ["nat 1 -A KUBE-SVC-A -j Y", "nat 2 -A KUBE-SVC-A -j X"],
  });
});

test("rule comparison: the two rules of a NodePort keep their order, NodePorts do not", () => {
  const rule = (port: number, target: string): string =>
    `-A KUBE-NODEPORTS -p tcp -m tcp --dport ${port} -j ${target}`;
  const dump = iptables(rule(30001, "A"), rule(30001, "B"), rule(30002, "C"));
  expect(compareRules(dump, iptables(rule(30002, "C"), rule(30001, "A"), rule(30001, "B")))).toEqual(SAME);
  const swapped = compareRules(dump, iptables(rule(30001, "B"), rule(30001, "A"), rule(30002, "C")));
  expect(swapped.missing).toHaveLength(2);
});

test("rule comparison: the order of KUBE-SERVICES makes a difference in IPVS mode", () => {
  const ipvs = (...rules: string[]): string =>
    `${iptables(...rules)}\n*filter\n:KUBE-IPVS-FILTER - [0:0]\nCOMMIT`;
  const a = ipvs("-A KUBE-SERVICES -j A", "-A KUBE-SERVICES -j B");
  expect(compareRules(a, ipvs("-A KUBE-SERVICES -j B", "-A KUBE-SERVICES -j A")).missing).toHaveLength(2);
});

const nft = (elements: string): string => `table ip kube-proxy {
	map service-ips {
		type ipv4_addr . inet_proto . inet_service : verdict
		elements = { ${elements} }
	}

	chain services {
		ip daddr . meta l4proto . th dport vmap @service-ips
	}
}
`;

test("rule comparison: the order and the lines of nft elements make no difference", () => {
  const a = nft("10.96.0.1 . tcp . 80 : goto a, 10.96.0.2 . tcp . 80 : goto b");
  const b = nft("10.96.0.2 . tcp . 80 : goto b,\n\t\t\t     10.96.0.1 . tcp . 80 : goto a");
  expect(compareRules(a, b)).toEqual(SAME);
});

test("rule comparison: an element that differs is named with its map", () => {
  expect(compareRules(nft("10.96.0.1 . tcp . 80 : goto a"), nft("10.96.0.1 . tcp . 80 : goto b"))).toEqual({
    missing: ["ip kube-proxy map service-ips: element 10.96.0.1 . tcp . 80 : goto a"],
    unexpected: ["ip kube-proxy map service-ips: element 10.96.0.1 . tcp . 80 : goto b"],
  });
});

test("rule comparison: sets are the same whatever their hash is seeded with", () => {
  const set = (seed: string, entry: string): string =>
    `create A hash:ip,port family inet bucketsize 12 initval ${seed}\nadd A ${entry}\n`;
  const a = set("0x1234abcd", "10.96.0.1,tcp:80");
  expect(compareRules(a, set("0x00ff00ff", "10.96.0.1,tcp:80"))).toEqual(SAME);
  expect(compareRules(a, set("0x1234abcd", "10.96.0.1,tcp:81")).missing).toEqual(["add A 10.96.0.1,tcp:80"]);
});
