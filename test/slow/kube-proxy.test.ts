/** The real kube-proxy: needs Linux, root, scripts/install-kernel-tools.sh and scripts/install-kube-proxy.sh. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  CLI,
  expectNoDifference,
  fakeKubeProxy,
  folder,
  kubeProxy,
  lacking,
  OBJECTS,
  run,
} from "./kube-proxy-tools.js";

const RECORD = "dist/scripts/record-kube-proxy.js";
const CLUSTERS = 20;

if (lacking !== null && process.env.CI !== "true") console.warn(`kube-proxy is not tested: ${lacking}`);

test.runIf(process.env.CI === "true")("kube-proxy is built where CI is set", () => {
  expect(lacking).toBeNull();
});

describe.skipIf(lacking !== null)("kube-proxy", () => {
  test.each([
    ["iptables", ["1.35", "1.37"]],
    ["nftables", ["1.35", "1.37"]],
  ])("recordings: %s mode of kube-proxy %s writes today what it wrote then", (mode, versions) => {
    const { status, stdout, stderr } = run(RECORD, "--check", "--mode", mode, ...versions);
    expect({ status, stderr, stdout: status === 0 ? "" : stdout }).toEqual({
      status: 0,
      stderr: "",
      stdout: "",
    });
  });

  const clusters = Array.from({ length: CLUSTERS }, (_, seed) => ({
    seed,
    version: seed % 2 === 0 ? "1.37" : "1.35",
    mode: seed % 4 < 2 ? "iptables" : "nftables",
  }));
  test.each(clusters)(
    "models: cluster $seed and 10 changes, as kube-proxy $version writes them in $mode mode",
    ({ seed, version, mode }) => expectNoDifference(seed, version, mode, 10),
  );

  // Each in both modes, of one version in turn. A kernel without nfacct can't be had by an option:
  // --no-nfacct is from the source.
  test.each(
    [
      "--masquerade-all",
      "--nodeport-addresses 192.0.2.0/24",
      "--nodeport-addresses primary",
      "--no-iptables-localhost-nodeports",
      "--pod-range none",
      "--pod-range none --masquerade-all --nodeport-addresses 0.0.0.0/0",
    ].map((options, i) => [options, ["1.35", "1.37"][i % 2]!] as const),
  )("options: %s, as kube-proxy %s writes them", (options, version) => {
    for (const mode of ["iptables", "nftables"]) {
      const range = options.includes("--pod-range") ? [] : ["--pod-range", "10.244.0.0/16"];
      const { status, stdout, stderr } = run(
        ...[CLI, "verify", OBJECTS, "--node", "me", "--kube-proxy", version, "--mode", mode],
        ...range,
        ...options.split(" "),
      );
      expect({ version, mode, status, stderr, stdout: status === 0 ? "" : stdout }).toMatchObject({
        version,
        mode,
        status: 0,
        stdout: "",
      });
    }
  });

  test.each(["6", "dual"])(
    "families: a cluster of --family %s and 5 changes, as kube-proxy 1.35 and 1.37 write them",
    (family) => {
      for (const [version, mode] of [
        ["1.35", "iptables"],
        ["1.37", "nftables"],
      ] as const) {
        const { status, stdout } = run(
          ...[CLI, "verify", "--services", "40", "--seed", "5", "--family", family],
          ...["--kube-proxy", version, "--mode", mode, "--changes", "5"],
        );
        expect({ version, mode, status, stdout }).toMatchObject({
          status: 0,
          stdout: expect.stringMatching(/: 0 differences\n1\. [\s\S]*\n5\. .*: 0 differences/),
        });
      }
    },
  );

  // Hints next to policies Local, names of 63 characters, all protocols at one port, ranges that touch, odd timeouts, slices
  // that proxies don't ask for.
  test.each(
    ["1.35", "1.36", "1.37"].flatMap((version) => [
      { what: "64 Services that are odd", objects: ODD, version },
      { what: "external IPs that are load balancers' addresses too", objects: BOTH_LISTS, version },
      { what: "every kind of Service next to endpoints in every state", objects: STATES, version },
      { what: "Services in the ranges of several ServiceCIDRs", objects: RANGES, version },
      {
        what: "Services of both families in the ranges of several ServiceCIDRs",
        objects: DUAL_RANGES,
        version,
      },
    ]),
  )("models: $what, as kube-proxy $version writes them", ({ objects, version }) => {
    for (const mode of ["iptables", "nftables"]) {
      const { status, stdout, stderr } = run(
        ...[CLI, "verify", objects, "--kube-proxy", version, "--mode", mode],
      );
      expect({ mode, status, stderr, stdout: status === 0 ? "" : stdout }).toMatchObject({
        mode,
        status: 0,
        stdout: "",
      });
    }
  });

  // It counts all endpoints that it knows, of which all but two per Service are of no use here.
  test.each([
    ["1.35", 100],
    ["1.37", 101],
  ] as const)(
    "models: what kube-proxy %s does with 10 Services of %i endpoints, few of them ready",
    (version, endpoints) => {
      const path = join(folder, `idle-${endpoints}.json`);
      writeFileSync(path, JSON.stringify(withIdleEndpoints(10, endpoints)));
      const { status, stdout, stderr } = run(
        ...[CLI, "verify", path, "--kube-proxy", version, "--mode", "iptables", "--changes", "2"],
      );
      expect({ status, stdout, stderr }).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/: 0 differences\n1\. [\s\S]*\n2\. .*: 0 differences/),
      });
    },
  );

  test("models: external IPs that are load balancers' addresses too, as kube-proxy 1.36 writes them in IPVS mode", () => {
    const { status, stdout } = run(...[CLI, "verify", BOTH_LISTS, "--kube-proxy", "1.36", "--mode", "ipvs"]);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/: 0 differences, writes as modelled, /),
    });
  });

  test("verify: a difference has exit code 1 and names the Service", () => {
    // Of a version whose layout is another: the model of 1.37 against a kube-proxy of 1.35 that claims to be 1.37.
    const { status, stdout, stderr } = run(
      ...[
        CLI,
        "verify",
        OBJECTS,
        "--kube-proxy",
        fakeKubeProxy("claiming", "1.37", `exec ${kubeProxy("1.35")} "$@"`),
        "--mode",
        "nftables",
      ],
    );
    expect(status).toBe(1);
    expect(stdout).toContain("@@ ns1/plain @@");
    expect(stderr).toMatch(/^lbscale: kube-proxy 1\.37 nftables: .* lines of rules differ\n$/);
  });
});

/** Objects of Services whose first two endpoints are ready, and the others not, terminating in turn. */
function withIdleEndpoints(services: number, endpoints: number): object {
  const items = Array.from({ length: services }, (_, s) => [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: `svc-${s}`, namespace: "idle" },
      spec: { clusterIP: `10.96.0.${10 + s}`, clusterIPs: [`10.96.0.${10 + s}`], ports: [PORT] },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      addressType: "IPv4",
      metadata: {
        name: `svc-${s}-a`,
        namespace: "idle",
        labels: { "kubernetes.io/service-name": `svc-${s}` },
      },
      ports: [{ name: "", port: 8080, protocol: "TCP" }],
      endpoints: Array.from({ length: endpoints }, (_, e) => ({
        addresses: [`10.244.${s + 1}.${e + 1}`],
        conditions: { ready: e < 2, serving: true, terminating: e >= 2 && e % 2 === 0 },
      })),
    },
  ]);
  const node = {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "me" },
    status: { addresses: [{ type: "InternalIP", address: "192.0.2.10" }] },
  };
  return { apiVersion: "v1", kind: "List", items: [node, ...items.flat()] };
}

const PORT = { port: 80, targetPort: 8080, protocol: "TCP" };
const ODD = "test/data/kube-proxy/clusters/odd.json";
const STATES = "test/data/kube-proxy/clusters/states.json";
const RANGES = "test/data/kube-proxy/clusters/ranges.json";
const DUAL_RANGES = "test/data/kube-proxy/clusters/dual-ranges.json";
const BOTH_LISTS = "test/data/kube-proxy/clusters/both-lists.json";
