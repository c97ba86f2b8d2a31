import { describe, expect, it } from "vitest";
import { buildCluster } from "../../cluster/build.js";
import { parseAddress, TCP } from "../../cluster/cluster.js";
import { generateCluster } from "../../cluster/generate.js";
import { DEFAULT_NETWORK } from "../../cluster/network.js";
import { buildTable } from "./blob.js";
import { IptablesProgram } from "./program.js";
import { base32Sha256, endpointHash, servicePortHash } from "./rules/names.js";
import { formatThreshold, pickThreshold, type RuleSink, RuleWriter } from "./rules/rules.js";

const constant = (services: number, count: number, extra = {}) =>
  generateCluster({ services, seed: 3, endpoints: { kind: "constant", count }, ...extra });

describe("iptables rules", () => {
  it.each([
    [1, 0, 5],
    [1, 1, 10],
    [10, 2, 5 + 10 * 8],
    [100, 4, 5 + 100 * 14],
    [300, 10, 5 + 300 * 32],
  ])("for %i ClusterIP services with %i endpoints are 5 + S(2 + 3E) = %i", (services, endpoints, rules) => {
    expect(new IptablesProgram(constant(services, endpoints)).size().rules).toBe(rules);
  });

  it.each([
    [1, 1248 + 1792],
    [4, 1248 + 4 * 1792],
    [20, 1248 + 20 * 1792],
  ])("take 1248 + 1792 E bytes per service with %i endpoints", (endpoints, bytes) => {
    const size = (services: number) => new IptablesProgram(constant(services, endpoints)).bytes();
    expect((size(20) - size(10)) / 10).toBe(bytes);
  });

  it("take 1248 + 928 E bytes per service above 1000 endpoints, where kube-proxy drops comments", () => {
    const size = (services: number) => new IptablesProgram(constant(services, 4)).bytes();
    expect((size(600) - size(300)) / 300).toBe(1248 + 928 * 4);
  });

  it("lose their comments as soon as kube-proxy knows more than 1000 endpoints, used or not", () => {
    const cluster = constant(300, 3);
    const bytes = (idleEndpoints: number) => new IptablesProgram({ ...cluster, idleEndpoints }).bytes();
    expect(bytes(100)).toBe(bytes(0));
    expect(bytes(101)).toBeLessThan(bytes(100));
  });

  it("fill the blob exactly", () => {
    const program = new IptablesProgram(constant(50, 3));
    expect(program.natTable().words.byteLength).toBe(program.bytes());
  });

  it("are refused past the kernel's 2 GiB, in words that say what to do", () => {
    const tooMany = (sink: RuleSink): void => {
      const writer = new RuleWriter(sink);
      writer.chain("KUBE-SERVICES");
      for (let i = 0; i < 5_000_000; i++) {
        Object.assign(writer.begin(true), { protocol: TCP, dport: 80 });
        writer.jump("KUBE-SERVICES");
      }
    };
    expect(() => buildTable(tooMany, 1)).toThrow(/2\.3 GiB.*use fewer services or endpoints/);
  });

  it("take chain names from kube-proxy's hash", () => {
    const cluster = buildCluster(
      [
        {
          name: "ns1/svc1",
          clusterIp: parseAddress("172.30.0.41")!,
          ports: [
            {
              name: "p80",
              protocol: TCP,
              port: 80,
              endpoints: [{ address: parseAddress("10.180.0.1")!, port: 80 }],
            },
          ],
        },
      ],
      DEFAULT_NETWORK,
      { kind: "imported", format: "test", parameters: {} },
    );
    // proxier_test.go: KUBE-SVC-XPGD46QRK7WJZT7O, KUBE-SEP-SXIVWICOYRO3J4NJ.
    expect(servicePortHash(cluster, 0)).toBe("XPGD46QRK7WJZT7O");
    expect(endpointHash(cluster, 0, 0)).toBe("SXIVWICOYRO3J4NJ");
    // kube-proxy nftables names use eight characters of the same hash.
    expect(base32Sha256("ns1/svc1:p80tcp", 4)).toBe("XPGD");
  });

  it("store one third as the 31-bit threshold that reads back 0.33333333349", () => {
    expect(formatThreshold(pickThreshold(3))).toBe("0.33333333349");
    expect(formatThreshold(pickThreshold(2))).toBe("0.50000000000");
  });
});

describe("a partial sync", () => {
  it("declares KUBE-FIREWALL only with its rule, for NodePorts at localhost, which IPv6 has not", () => {
    const join = { kind: "join", servicePort: 0 } as const;
    const written = (cluster: ReturnType<typeof constant>, localhostNodePorts = true) => {
      const program = new IptablesProgram(cluster, { localhostNodePorts });
      const { rules, chains } = program.update(join);
      return [rules, chains];
    };
    const [rules, chains] = written(constant(10, 2));
    // verify --kube-proxy --changes compares both with what kube-proxy writes.
    const without = [rules! - 1, chains! - 1];
    expect(written(constant(10, 2), false)).toEqual(without);
    expect(written(constant(10, 2, { family: 6 }))).toEqual(without);
  });
});
