import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commandLine } from "../support/in-process.js";
import { BOUTIQUE, NODE_TABLES, PUBLISHED, service } from "../support/inputs.js";

const { file, lbscale } = commandLine();

describe("lbscale generate, import, export and verify", () => {
  it.each([
    ["lookup", "--plane", "iptables", "--flow", "tcp 10.255.0.5:40000 > 10.96.0.10:80"],
    ["explain", "default/frontend", "--run", join(PUBLISHED, "default")],
    ["verify", "--flows", "100"],
    ["export", "--format", "nft"],
    ["advise", "--run", join(PUBLISHED, "default")],
  ])("says what the import made up and assumed also in %s", async (command, ...options) => {
    const [first, ...rest] = options;
    const args = first?.startsWith("--")
      ? [command, BOUTIQUE, ...options]
      : [command, BOUTIQUE, first!, ...rest];
    const { status, stderr } = await lbscale(args);
    expect(status).toBe(0);
    expect(stderr.match(/^made up, because the input leaves them to the cluster: /gm)).toHaveLength(1);
    expect(stderr.match(/^assumed, because the input does not say: pod range /gm)).toHaveLength(1);
  });

  it("is of the node and of the pod range that are asked for", async () => {
    const text = file(
      "node.yaml",
      `${service("{clusterIP: 10.96.0.9, ports: [{port: 80}]}")}---
{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a-1, labels: {kubernetes.io/service-name: a}},
  addressType: IPv4, ports: [{port: 8080, name: ""}],
  endpoints: [{addresses: [10.1.0.5], nodeName: one}, {addresses: [10.1.1.5], nodeName: two}]}
`,
    );
    const imported = (...options: string[]) => lbscale(["import", text, ...options]);
    const { stdout, stderr } = await imported("--node", "two", "--pod-range", "10.1.0.0/20");
    expect(JSON.parse(stdout).network.podCidr).toBe("10.1.0.0/20");
    expect(stderr).toMatch(/this node is two\n[\s\S]*as the input says: pod range 10\.1\.0\.0\/20/);
    expect(await imported("--node", "three")).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/node "three": give one of one, two/),
    });
    expect(await imported("--pod-range", "ten")).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/--pod-range "[^"]*": give a range such as/),
    });
  });

  it("counts what it leaves out", async () => {
    const text = [
      service("{ports: [{port: 80}]}"),
      service("{clusterIP: 'fd00::1', ports: [{port: 80}]}", "six"),
      service("{clusterIP: None, ports: [{port: 80}]}", "headless"),
      service("{type: ExternalName, externalName: example.org}", "elsewhere"),
    ].join("---\n");
    const { status, stderr } = await lbscale(["import", file("left.yaml", text)]);
    expect(status).toBe(0);
    for (const left of [/headless[^,]*1/, /ExternalName[^,]*1/]) expect(stderr).toMatch(left);
  });

  it("keeps both families, and looks at IPv6 where a flow or --family asks for it", async () => {
    const generated = (await lbscale(["generate", "--services", "3", "--family", "dual"])).stdout;
    expect(JSON.parse(generated)).toMatchObject({
      version: 2,
      ipv6: { network: { podCidr: "fd00:10:128::/105" } },
    });
    const both = file("both.json", generated);
    const exported = async (...options: string[]) => (await lbscale(["export", both, ...options])).stdout;
    const imported = async (text: string) =>
      JSON.parse((await lbscale(["import", file("exported", text)])).stdout).ipv6.services;
    expect(await imported(await exported("--format", "kubernetes"))).toEqual(
      JSON.parse(generated).ipv6.services,
    );
    expect(await exported("--format", "nft", "--family", "4")).toContain("table ip kube-proxy");
    for (const format of ["nft", "ipvsadm", "cilium"])
      expect(await imported(await exported("--format", format))).toHaveLength(3);
    const [{ clusterIp }] = JSON.parse(generated).ipv6.services;
    const flow = `tcp [fd00:10:128::9]:4000 > [${clusterIp}]:80`;
    expect((await lbscale(["lookup", both, "--plane", "ebpf", "--flow", flow])).stdout).toContain(
      "): DNAT [fd00:10:128::",
    );
  });

  it("says where each service stands in a node's own list, and what that is predicted to cost", async () => {
    const { stdout, stderr } = await lbscale(["import", NODE_TABLES, "--positions", "--ns-per-entry", "10"]);
    expect(stdout.split("\n")[1]).toBe(
      "kube-system/kube-dns:dns  10.96.0.10:53/udp          2         1      7.5      75 ns",
    );
    expect(stderr).toMatch(/10 ns per entry \(as given\)/);
    expect(stderr).toMatch(/unsupported match, .*what they decide is unknown\): -m multiport: 1/);
    const json = JSON.parse((await lbscale(["import", NODE_TABLES, "--positions", "--json"])).stdout);
    expect(json.services[0]).toEqual({
      service: "kube-system/kube-dns:dns",
      address: "10.96.0.10:53/udp",
      endpoints: 2,
      position: 1,
      entries: 7.5,
      filterEntries: 0,
      predictedNs: 7.5 * 22,
    });
    const ofRun = await lbscale(["import", NODE_TABLES, "--positions", "--run", join(PUBLISHED, "default")]);
    expect(ofRun.stdout.split("\n")[0]).toMatch(/predicted +95 % interval$/);
    expect(ofRun.stdout.split("\n")[1]).toMatch(/ ns +\[[\d.]+ ns, [\d.]+ ns\]$/);
    expect(ofRun.stderr).toMatch(/lookups of iptables in the model at 6 Services, with 95 % intervals/);
  });

  it("imports the Online Boutique as 12 services, its load balancer among them", async () => {
    const { stdout, stderr } = await lbscale(["import", BOUTIQUE]);
    const { services } = JSON.parse(stdout) as { services: { name: string; type: string }[] };
    expect(services).toHaveLength(12);
    expect(services.filter(({ type }) => type === "LoadBalancer").map(({ name }) => name)).toEqual([
      "default/frontend-external",
    ]);
    expect(stderr).toMatch(/12 Services with 12 ports and 12 endpoints/);
  });

  it("verifies that all planes decide alike", async () => {
    const { status, stdout } = await lbscale(["verify", "--services", "60", "--flows", "3000", "--json"]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ flows: 3000, disagreements: 0 });
  });

  it("verifies both families of a dual-stack cluster, each on its own", async () => {
    const verify = (...options: string[]) =>
      lbscale(["verify", "--services", "20", "--family", "dual", "--flows", "500", ...options]);
    const alike = { flows: 500, disagreements: 0 };
    const { status, stdout } = await verify("--json");
    expect([status, JSON.parse(stdout)]).toMatchObject([0, { ipv4: alike, ipv6: alike }]);
    expect(
      (await verify()).stdout.match(/^IPv[46]: 500 flows to 20 Services through iptables, .*$/gm),
    ).toHaveLength(2);
  });

  it("counts one of a thing in the singular", async () => {
    const { stdout } = await lbscale([
      "verify",
      "--services",
      "1",
      "--flows",
      "1",
      "--planes",
      "iptables,ipvs",
    ]);
    expect(stdout).toMatch(/^1 flow to 1 Service through iptables, ipvs: 0 disagreements$/m);
  });
});
