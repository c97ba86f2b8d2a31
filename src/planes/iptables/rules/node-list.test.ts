import { describe, expect, it } from "vitest";
import { readFixture } from "../../../../test/fuzz-import.js";
import { parseAddress, TCP } from "../../../cluster/cluster.js";
import { generateCluster } from "../../../cluster/generate.js";
import { InvalidInputError } from "../../../errors.js";
import { importCluster } from "../../../formats/detect.js";
import { DROP, dnat, PASS } from "../../plane.js";
import { IptablesProgram } from "../program.js";
import { iptablesRestore } from "../ruleset.js";
import { nodeCosts } from "./node-costs.js";
import { compileNodeList } from "./node-list.js";
import { statisticThreshold } from "./rules.js";

function compiled(text: string) {
  const { cluster, nodeList } = importCluster(text);
  if (!nodeList) throw new Error("no rule list");
  const program = compileNodeList(cluster, nodeList);
  return { cluster, program, costs: nodeCosts(cluster, nodeList, program) };
}

const exported = (program: IptablesProgram) => [...iptablesRestore(program)].join("");

describe("a node's own list in the model", () => {
  it("visits i + k + 4 entries where kube-proxy's rules stand alone, as the compiled program does", () => {
    const source = new IptablesProgram(generateCluster({ services: 50, seed: 1 }), { seed: 9 });
    const { costs } = compiled(exported(source));
    expect(costs.map(({ position }) => position)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    for (const { position, entries } of costs) expect(entries).toBe(position! + 2.5 + 4);
  });

  it("is the compiled program's blob, to the byte, for a cluster without policies", () => {
    const source = new IptablesProgram(generateCluster({ services: 20, seed: 1 }));
    const { program } = compiled(exported(source));
    expect([program.nat.bytes, program.nat.entries]).toEqual([
      source.natTable().bytes,
      source.natTable().entries,
    ]);
  });

  it("counts rules of others in the walk: one host-port rule before KUBE-SERVICES is one entry more", () => {
    const text = readFixture("nodes/kube-proxy-1.31.iptables-save");
    const without = text.replace("-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT\n", "");
    const entries = (list: string) => compiled(list).costs.map((cost) => cost.entries);
    expect(entries(text)).toEqual(entries(without).map((count) => count + 1));
    expect(compiled(text).costs[0]).toEqual({ servicePort: 0, position: 1, entries: 7.5, filterEntries: 0 });
  });

  it("counts the masquerade rule that stood before each service until 1.20", () => {
    const positions = compiled(readFixture("nodes/kube-proxy-1.12.iptables-save")).costs.map(
      ({ position }) => position,
    );
    expect(positions).toEqual([2, 4, 10, null]);
  });

  it("walks a list of 1.5 as it is: three rules a cluster IP, the first of which marks every packet", () => {
    const { costs } = compiled(readFixture("nodes/kube-proxy-1.5.iptables-save"));
    // The hook's jump, rules up to the service's, MARK-MASQ with its return, the affinity rule, the mean pick, two of SEP.
    expect(costs.map(({ position, entries }) => [position, entries])).toEqual([
      [3, 1 + 3 + 2 + 1.5 + 2],
      [7, 1 + 7 + 2 + 1 + 1 + 2],
      // Its rules lead to an empty chain and back, past all that follow, to NODEPORTS' and Docker's.
      [10, 1 + 26 + 2 + 1 + 1],
      [13, 1 + 13 + 2 + 1 + 2],
      [16, 1 + 16 + 2 + 3 + 2],
      [23, 1 + 23 + 2 + 1 + 2],
    ]);
  });

  it("decides by a list of 1.5: it masquerades what goes to cluster IPs, and refuses nothing that pods send", () => {
    const { cluster, program } = compiled(readFixture("nodes/kube-proxy-1.5.iptables-save"));
    const model = program.model(1);
    const pod = parseAddress("10.2.47.200")! | 0;
    const look = (src: number, address: string, dport: number) =>
      model.lookup(src, 40_000, parseAddress(address)! | 0, dport, TCP, 0);
    expect(look(pod, "10.3.0.1", 443)).toBe(dnat(cluster.endpointStart[1]!, 1));
    // The refusal of a service without endpoints is led to from OUTPUT alone.
    expect(look(pod, "10.3.0.55", 80)).toBe(PASS);
    // KUBE-XLB sends pods to all endpoints; others to the local one, without masquerade.
    const outside = parseAddress("203.0.113.7")! | 0;
    expect(look(outside, "198.51.100.61", 443)).toBe(dnat(cluster.endpointStart[0]!, 0));
  });

  it.each([
    // Nothing local behind the NodePort: XLB marks, KUBE-FIREWALL drops on the way in. So 1.12's range of sources at a NodePort.
    ["kube-proxy-1.5.iptables-save", "203.0.113.7", "node", 31080, DROP],
    ["kube-proxy-1.5.iptables-save", "203.0.113.7", "node", 30080, "dnat"],
    // KUBE-FIREWALL stands in INPUT and OUTPUT only: what a load balancer's chain marks is forwarded, and gets lost elsewhere.
    ["kube-proxy-1.5.iptables-save", "192.0.2.99", "198.51.100.60", 80, PASS],
  ])(
    "drops what KUBE-MARK-DROP marked where KUBE-FIREWALL sees it: %s, from %s to %s:%i",
    (name, from, to, dport, expected) => {
      const { cluster, program } = compiled(readFixture(`nodes/${name}`));
      const dst = to === "node" ? cluster.network.nodeAddresses[0]! : parseAddress(to)!;
      const flow = { src: parseAddress(from)! | 0, sport: 40_000, dst: dst | 0, dport, protocol: TCP };
      const model = program.model(1);
      const decided = model.lookup(flow.src, flow.sport, flow.dst, flow.dport, flow.protocol, 0);
      expect(decided >= 0 ? "dnat" : decided).toBe(expected);
      model.reset(1);
      expect(model.explain(flow, 0).decision).toBe(decided);
      // Marks do not stay for the next packet.
      model.lookup(flow.src, 1, flow.dst, flow.dport, flow.protocol, 0);
      expect(model.lookup(flow.src, 1, dst | 0, 1, TCP, 0)).toBe(PASS);
    },
  );

  it("picks with 1.5's five decimals: thresholds of 2^31 as iptables-save prints them", () => {
    const text = readFixture("nodes/kube-proxy-1.5.iptables-save");
    const [, probability] = /--probability (0\.333\S+)/.exec(text)!;
    expect(statisticThreshold(Number(probability))).toBe(Math.round(0.33333 * 2 ** 31));
  });

  it("counts what it does not understand, by condition, and takes it as not matching", () => {
    const { program } = compiled(readFixture("nodes/kube-proxy-1.31.iptables-save"));
    expect(program.unsupported).toEqual([["-m multiport", 1]]);
  });

  const list = (...lines: string[]) =>
    [
      "*nat",
      ":PREROUTING ACCEPT [0:0]",
      ":KUBE-SERVICES - [0:0]",
      ":KUBE-SVC-AAAAAAAAAAAAAAAA - [0:0]",
      ":KUBE-SEP-A - [0:0]",
      ...lines.filter((line) => line.startsWith(":")),
      ...lines.filter((line) => !line.startsWith(":")),
      "-A PREROUTING -j KUBE-SERVICES",
      "-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-AAAAAAAAAAAAAAAA",
      "-A KUBE-SVC-AAAAAAAAAAAAAAAA -j KUBE-SEP-A",
      "-A KUBE-SEP-A -p tcp -m tcp -j DNAT --to-destination 10.244.0.2:8080",
      "COMMIT",
      "",
    ].join("\n");

  it("returns past the caller of a goto, as the kernel does", () => {
    const chains = [":A - [0:0]", ":B - [0:0]", "-A B -j RETURN"];
    const after = "-A A -j ACCEPT";
    const walk = (jump: string) =>
      compiled(list(...chains, "-A PREROUTING -j A", `-A A ${jump} B`, after))
        .program.model(1)
        .lookup(0x0af40001, 1, 0x0a600001, 80, 6, 0);
    expect(walk("-g")).toBe(0);
    expect(walk("-j")).toBe(PASS);
  });

  it.each([
    ["in a circle", [":A - [0:0]", ":B - [0:0]", "-A A -j B", "-A B -j A"], /jumps in a circle/],
    [
      "too deep for the stack",
      Array.from({ length: 20 }, (_, i) => [`:D${i} - [0:0]`, `-A D${i} -j D${i + 1}`])
        .flat()
        .concat(":D20 - [0:0]"),
      /jumps more than 16 deep/,
    ],
  ])("refuses chains that jump %s", (_what, lines, message) => {
    expect(() => compiled(list(...lines))).toThrow(InvalidInputError);
    expect(() => compiled(list(...lines))).toThrow(message);
  });
});
