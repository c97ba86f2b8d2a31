import { describe, expect, it } from "vitest";
import { buildCluster } from "../cluster/build.js";
import { parseAddress, TCP, UDP } from "../cluster/cluster.js";
import { DEFAULT_NETWORK } from "../cluster/network.js";
import { nftables } from "../planes/nftables/index.js";
import type { Flow, KubeProxyVersion, Program } from "../planes/plane.js";
import type { KernelPlaneId } from "./plane.js";
import { KERNEL_PLANES } from "./planes/index.js";
import { FAILED, FOREIGN, NO_HOST, REACHED, REFUSED, type Result, SILENT, UNREACHABLE } from "./probe.js";
import { DecisionVerifier } from "./verify.js";

const address = (text: string) => parseAddress(text)!;
const CLIENT = address("10.255.0.1");
const OUTSIDE = address("198.51.100.1");
const NODE = address("172.16.0.1");
const ENDPOINTS = ["10.128.0.1", "10.128.0.2"].map(address);
const STICKY = address("10.96.0.2");
const EMPTY = address("10.96.0.3");
const SERVICE = address("10.96.0.1");

const endpoints = ENDPOINTS.map((endpoint) => ({ address: endpoint, port: 8080 }));
const port = { protocol: TCP, port: 80 };
const cluster = buildCluster(
  [
    { name: "a/plain", clusterIp: SERVICE, ports: [{ ...port, endpoints }] },
    { name: "a/sticky", clusterIp: STICKY, affinitySeconds: 100, ports: [{ ...port, endpoints }] },
    { name: "a/empty", clusterIp: EMPTY, ports: [{ ...port, endpoints: [] }] },
  ],
  DEFAULT_NETWORK,
  { kind: "synthetic", parameters: {} },
);

const flow: Flow = { src: CLIENT, sport: 40_000, dst: SERVICE, dport: 80, protocol: TCP };
const result = (part: Partial<Result>): Result => ({
  connectNs: 1,
  exchangeNs: 1,
  outcome: REACHED,
  offender: 0,
  address: 0,
  port: 0,
  peer: CLIENT,
  ...part,
});
const reached = (endpoint: number, peer = CLIENT) =>
  result({ address: ENDPOINTS[endpoint]!, port: 8080, peer });
const verifier = (id: KernelPlaneId, program: Program | null = null) =>
  new DecisionVerifier({ plane: KERNEL_PLANES[id], cluster, program });

describe("the verifier of kernel decisions", () => {
  it("accepts any endpoint of the service", () => {
    expect(verifier("iptables").accepts(flow, reached(0))).toBe(true);
    expect(verifier("iptables").accepts(flow, reached(1))).toBe(true);
  });

  it("refuses an endpoint of nobody, the right address with a wrong port, and a connection that arrived untouched", () => {
    const { accepts } = { accepts: (r: Result) => verifier("iptables").accepts(flow, r) };
    expect(accepts(result({ address: address("10.128.0.9"), port: 8080 }))).toBe(false);
    expect(accepts(result({ address: ENDPOINTS[0]!, port: 8081 }))).toBe(false);
    expect(accepts(result({ address: SERVICE, port: 80 }))).toBe(false);
  });

  it("sees by who arrives whether the source was rewritten", () => {
    const outside = { ...flow, src: OUTSIDE };
    expect(verifier("iptables").accepts(flow, reached(0, NODE))).toBe(false);
    expect(verifier("iptables").accepts(outside, reached(0, NODE))).toBe(true);
    expect(verifier("iptables").accepts(outside, reached(0, OUTSIDE))).toBe(false);
  });

  it("knows whose source each version of kube-proxy rewrites: up to 1.35, of any endpoint that meets itself", () => {
    const [itself] = ENDPOINTS;
    const hairpin = { ...flow, src: itself! };
    const accepts = (kubeProxy: KubeProxyVersion, peer: number) =>
      verifier("nftables", nftables.compile(cluster, { kubeProxy })).accepts(hairpin, reached(0, peer));
    expect([accepts("1.35", NODE), accepts("1.35", itself!)]).toEqual([true, false]);
    expect([accepts("1.36", NODE), accepts("1.36", itself!)]).toEqual([false, true]);
  });

  it("tells a refusal by ICMP from a reset and from silence", () => {
    const toEmpty = { ...flow, dst: EMPTY };
    const icmp = result({ outcome: UNREACHABLE, offender: address("192.0.2.1") });
    expect(verifier("iptables").accepts(toEmpty, icmp)).toBe(true);
    expect(verifier("iptables").accepts(toEmpty, result({ outcome: REFUSED }))).toBe(false);
    expect(verifier("iptables").accepts(toEmpty, result({ outcome: SILENT }))).toBe(false);
    expect(verifier("iptables").accepts(toEmpty, result({ outcome: FAILED, offender: 98 }))).toBe(false);
  });

  it("takes a reset for nobody's decision: wrong port in iptables, which nftables rejects", () => {
    const wrongPort = { ...flow, dport: 9 };
    const reset = result({ outcome: REFUSED });
    expect(verifier("iptables").accepts(wrongPort, reset)).toBe(true);
    const nftables = verifier("nftables");
    expect(nftables.accepts(wrongPort, reset)).toBe(false);
    expect(nftables.accepts(wrongPort, result({ outcome: UNREACHABLE, offender: NODE }))).toBe(true);
    expect(nftables.documented).toEqual({ "nftables-wrong-port-rejects": 1 });
  });

  it("takes an ICMP error of the backend about UDP for nobody's decision", () => {
    const udp = { ...flow, protocol: UDP };
    expect(verifier("iptables").accepts(udp, result({ outcome: UNREACHABLE, offender: SERVICE }))).toBe(true);
    expect(verifier("iptables").accepts(udp, result({ outcome: UNREACHABLE, offender: NODE }))).toBe(false);
  });

  it("wants EHOSTUNREACH of the socket and silence of the packet path where eBPF has no endpoint", () => {
    const toEmpty = { ...flow, dst: EMPTY };
    expect(verifier("ebpf").accepts(toEmpty, result({ outcome: NO_HOST }))).toBe(true);
    expect(verifier("ebpf").accepts(toEmpty, result({ outcome: SILENT }))).toBe(false);
    const perPacket = verifier("ebpf-tc");
    expect(perPacket.accepts(toEmpty, result({ outcome: SILENT }))).toBe(true);
    expect(perPacket.documented).toEqual({ "tc-no-backend-drops": 1 });
  });

  it("refuses an answer that recvmsg4 did not turn back into the service's", () => {
    const foreign = result({ ...reached(0), outcome: FOREIGN, offender: ENDPOINTS[0]! });
    const atSocket = verifier("ebpf");
    atSocket.record({ ...flow, protocol: UDP }, foreign);
    expect(atSocket.examples[0]!.decided).toBe("an answer from 10.128.0.1, which was not asked");
  });

  it("holds a client to its endpoint where the service has affinity, and nobody else", () => {
    const sticky = verifier("iptables");
    const toSticky = { ...flow, dst: STICKY };
    expect(sticky.accepts(toSticky, reached(0))).toBe(true);
    expect(sticky.accepts(toSticky, reached(1))).toBe(false);
    expect(sticky.accepts({ ...toSticky, src: CLIENT + 1 }, reached(1, CLIENT + 1))).toBe(true);
  });

  it("records what disagrees in words", () => {
    const iptables = verifier("iptables");
    iptables.record(flow, result({ outcome: SILENT }));
    expect(iptables.disagreements).toBe(1);
    expect(iptables.examples).toEqual([
      {
        plane: "iptables",
        flow: "tcp 10.255.0.1:40000 > 10.96.0.1:80",
        expected: "DNAT to an endpoint, masquerade hairpin",
        decided: "DROP",
      },
    ]);
  });

  it("says where a flow starts, and why it can't be sent", () => {
    expect(verifier("iptables").roleOf({ ...flow, src: NODE })).toEqual({ role: "node", reason: null });
    expect(verifier("iptables").roleOf(flow)).toEqual({ role: "client", reason: null });
    expect(verifier("ebpf-tc").roleOf({ ...flow, src: NODE }).reason).toMatch(/starts at the node/);
    expect(verifier("ebpf").roleOf({ ...flow, src: OUTSIDE }).reason).toMatch(/no socket/);
    expect(verifier("iptables").roleOf({ ...flow, protocol: 132 }).reason).toBe("SCTP");
  });
});
