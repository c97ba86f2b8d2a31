import { describe, expect, it } from "vitest";
import { readFixture } from "../../../../test/fuzz-import.js";
import { parseAddress, TCP } from "../../../cluster/cluster.js";
import { importCluster } from "../../../formats/detect.js";
import { compileNodeList } from "./node-list.js";
import { unknownConditions } from "./unknown-conditions.js";

const SAVE = readFixture("field/kube-proxy-1.36.3.iptables-save");
const OLD = readFixture("field/m05-external-2019.iptables-save");

function ask(text: string, source: string, destination: string, dport: number) {
  const { cluster, nodeList } = importCluster(text);
  const flow = {
    src: parseAddress(source)!,
    sport: 40_000,
    dst: parseAddress(destination)!,
    dport,
    protocol: TCP,
  };
  const signed = { ...flow, src: flow.src | 0, dst: flow.dst | 0 };
  const { decision } = compileNodeList(cluster, nodeList!).model(1).explain(signed, 0);
  return { decision, unknown: unknownConditions(cluster, nodeList!, flow) };
}

describe("conditions that are not understood", () => {
  it("are not what an answer rests on where all rules are kube-proxy's", () => {
    expect(ask(SAVE, "10.244.0.7", "10.96.0.11", 80).unknown).toEqual([]);
    expect(ask(SAVE, "203.0.113.9", "10.96.0.14", 80).unknown).toEqual([]);
  });

  it("are named when a rule with one could decide the flow, and for no other flow", () => {
    const text = SAVE.replace(
      "-A KUBE-SERVICES -d 10.96.0.11/32",
      "-A KUBE-SERVICES -d 10.96.0.11/32 -m set --match-set X src -j DROP\n-A KUBE-SERVICES -d 10.96.0.11/32",
    );
    expect(ask(text, "10.244.0.7", "10.96.0.11", 80).unknown).toEqual(["-m set"]);
    expect(ask(text, "10.244.0.7", "10.96.0.12", 80).unknown).toEqual([]);
  });

  it("do not count where the rule only logs, or stands behind what decides", () => {
    const logged = SAVE.replace(
      /^-A KUBE-SERVICES -d 10.96.0.11/m,
      "-A KUBE-SERVICES -m set --match-set X src -j LOG\n$&",
    );
    expect(ask(logged, "10.244.0.7", "10.96.0.11", 80).unknown).toEqual([]);
    const behind = SAVE.replace(
      "-A KUBE-SERVICES -m comment",
      "-A KUBE-SERVICES -m set --match-set X src -j DROP\n-A KUBE-SERVICES -m comment",
    );
    expect(ask(behind, "10.244.0.7", "10.96.0.12", 80).unknown).toEqual([]);
    expect(ask(behind, "10.244.0.7", "192.0.2.99", 80).unknown).toEqual(["-m set"]);
  });

  it("do not count where the rule leads to a chain from which every packet comes back as it was", () => {
    // Of the VPC CNI, which EKS has.
    const marked = (target: string) =>
      SAVE.replace("*nat\n", "*nat\n:AWS-CONNMARK-CHAIN-0 - [0:0]\n").replace(
        "-A PREROUTING ",
        `-A AWS-CONNMARK-CHAIN-0 -d 192.168.0.0/16 -j RETURN\n-A AWS-CONNMARK-CHAIN-0 -j ${target}\n-A PREROUTING -i eni+ -j AWS-CONNMARK-CHAIN-0\n-A PREROUTING `,
      );
    const ofTarget = (target: string) => ask(marked(target), "10.244.0.7", "10.96.0.11", 80).unknown;
    expect(ofTarget("CONNMARK --set-xmark 0x80/0x80")).toEqual([]);
    expect(ofTarget("ACCEPT")).toEqual(["-i"]);
    expect(ofTarget("MARK --set-xmark 0x4000/0x4000")).toEqual(["-i"]);
  });

  it("count where the rule goes to such a chain for good: what stands behind it is not met then", () => {
    const text = SAVE.replace("*nat\n", "*nat\n:SKIP - [0:0]\n").replace(
      /^-A KUBE-SERVICES -d 10.96.0.11/m,
      "-A KUBE-SERVICES -m set --match-set X src -g SKIP\n$&",
    );
    expect(ask(text, "10.244.0.7", "10.96.0.11", 80).unknown).toEqual(["-m set"]);
    expect(ask(text.replace("-g SKIP", "-j SKIP"), "10.244.0.7", "10.96.0.11", 80).unknown).toEqual([]);
  });

  it.each([
    ["--set-xmark 0x80/0x80", []],
    ["--save-mark --nfmask 0x80 --ctmask 0x80", []],
    ["--or-mark 0x80", []],
    ["--restore-mark", ["-m set"]],
    ["--restore-mark --nfmask 0x4000 --ctmask 0x4000", ["-m set"]],
  ])("count with CONNMARK where it takes a packet's mark away: %s", (options, unknown) => {
    const text = SAVE.replace(
      /^-A KUBE-SERVICES -d 10.96.0.11/m,
      `-A KUBE-SERVICES -m set --match-set X src -j CONNMARK ${options}\n$&`,
    );
    expect(ask(text, "10.244.0.7", "10.96.0.11", 80).unknown).toEqual(unknown);
  });

  it.each([
    ["-m addrtype --src-type UNICAST", "--src-type UNICAST"],
    ["-m addrtype --dst-type UNICAST", "--dst-type UNICAST"],
    ["-m conntrack --ctstate OTHER", "--ctstate OTHER"],
  ])("count for every flow where no value of theirs is understood: %s", (condition, unknown) => {
    const text = SAVE.replace(
      /^-A KUBE-SERVICES -d 10.96.0.11/m,
      `-A KUBE-SERVICES ${condition} -j DROP\n$&`,
    );
    expect(ask(text, "10.244.0.7", "10.96.0.11", 80).unknown).toEqual([unknown]);
  });

  it.each([
    ["from outside", "203.0.113.9"],
    ["from another node", "192.0.2.50"],
  ])("are none of kube-proxy's own of before 1.2x: an external IP is served %s", (_where, source) => {
    const { decision, unknown } = ask(OLD, source, "10.5.6.29", 53);
    // Endpoint 0, masqueraded.
    expect([decision, unknown]).toEqual([1, []]);
  });

  it.each([
    ["a pod", "10.100.7.7", 0],
    ["outside", "203.0.113.9", 1],
  ])("are none of a test of pods' interfaces: traffic of %s", (_who, source, decision) => {
    const text = OLD.replace(
      "-A KUBE-SERVICES -d 10.24.138.29/32",
      '-A KUBE-SERVICES ! -i azv+ -d 10.24.138.29/32 -p tcp -m comment --comment "default/dns:tcp cluster IP" -m tcp --dport 53 -j KUBE-MARK-MASQ\n-A KUBE-SERVICES -d 10.24.138.29/32',
    );
    expect(ask(text, source, "10.24.138.29", 53)).toEqual({ decision, unknown: [] });
  });
});
