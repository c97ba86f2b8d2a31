import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { lbscale, MAIN } from "../support/cli.js";
import { BOUTIQUE, NODE_TABLES, PUBLISHED, publishedRun, service } from "../support/inputs.js";

describe("lbscale generate, import, export and verify", () => {
  it("generates a cluster that import takes again, unchanged", () => {
    const { stdout } = lbscale(["generate", "--services", "20", "--shape", "mixed", "--seed", "4"]);
    expect(lbscale(["import", "-"], stdout).stdout).toBe(stdout);
  });

  it.each([
    ["lookup", "--plane", "iptables", "--flow", "tcp 10.255.0.5:40000 > 10.96.0.10:80"],
    ["explain", "default/frontend"],
    ["verify", "--flows", "100"],
    ["export", "--format", "nft"],
    ["advise", "--run", join(PUBLISHED, "2026-11-29-default")],
  ])("says what the import made up and assumed also in %s", (command, ...options) => {
    const [first, ...rest] = options;
    const args = first?.startsWith("--")
      ? [command, BOUTIQUE, ...options]
      : [command, BOUTIQUE, first!, ...rest];
    const { status, stderr } = lbscale(args);
    expect(status).toBe(0);
    expect(stderr.match(/^made up, because the input leaves them to the cluster: /gm)).toHaveLength(1);
    expect(stderr.match(/^assumed, because the input does not say: pod range /gm)).toHaveLength(1);
  });

  it("is of the node and of the pod range that are asked for", () => {
    const text = `${service("{clusterIP: 10.96.0.9, ports: [{port: 80}]}")}---
{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a-1, labels: {kubernetes.io/service-name: a}},
  addressType: IPv4, ports: [{port: 8080, name: ""}],
  endpoints: [{addresses: [10.1.0.5], nodeName: one}, {addresses: [10.1.1.5], nodeName: two}]}
`;
    const imported = (...options: string[]) => lbscale(["import", "-", ...options], text);
    const { stdout, stderr } = imported("--node", "two", "--pod-range", "10.1.0.0/20");
    expect(JSON.parse(stdout).network.podCidr).toBe("10.1.0.0/20");
    expect(stderr).toMatch(/this node is two\n[\s\S]*as the input says: pod range 10\.1\.0\.0\/20/);
    expect(imported("--node", "three")).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/node "three": give one of one, two/),
    });
    expect(imported("--pod-range", "ten")).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/--pod-range "[^"]*": give a range such as/),
    });
  });

  it("counts what it leaves out", () => {
    const text = [
      service("{ports: [{port: 80}]}"),
      service("{clusterIP: 'fd00::1', ports: [{port: 80}]}", "six"),
      service("{clusterIP: None, ports: [{port: 80}]}", "headless"),
      service("{type: ExternalName, externalName: example.org}", "elsewhere"),
    ].join("---\n");
    const { status, stderr } = lbscale(["import", "-"], text);
    expect(status).toBe(0);
    for (const left of [/headless[^,]*1/, /ExternalName[^,]*1/]) expect(stderr).toMatch(left);
  });

  it("keeps both families, and looks at IPv6 where a flow or --family asks for it", () => {
    const both = lbscale(["generate", "--services", "3", "--family", "dual"]).stdout;
    expect(JSON.parse(both)).toMatchObject({
      version: 2,
      ipv6: { network: { podCidr: "fd00:10:128::/105" } },
    });
    const objects = lbscale(["export", "-", "--format", "kubernetes"], both);
    const back = lbscale(["import", "-"], objects.stdout);
    expect(JSON.parse(back.stdout).ipv6.services).toEqual(JSON.parse(both).ipv6.services);
    const ipv4 = lbscale(["export", "-", "--format", "nft", "--family", "4"], both);
    expect(ipv4.stdout).toContain("table ip kube-proxy");
    for (const format of ["nft", "ipvsadm", "cilium"]) {
      const node = lbscale(["import", "-"], lbscale(["export", "-", "--format", format], both).stdout);
      expect(JSON.parse(node.stdout).ipv6.services).toHaveLength(3);
    }
    const verified = lbscale(["verify", "-", "--flows", "100"], both);
    expect(verified.stderr).toContain("IPv6 is not looked at here (3 services): add --family 6");
  });

  it("says where each service stands in a node's own list, and what that is predicted to cost", () => {
    const { stdout, stderr } = lbscale(["import", NODE_TABLES, "--positions", "--ns-per-entry", "10"]);
    expect(stdout.split("\n")[1]).toBe(
      "kube-system/kube-dns:dns  10.96.0.10:53/udp          2         1      7.5      75 ns",
    );
    expect(stderr).toMatch(/10 ns per entry \(as given\)/);
    expect(stderr).toMatch(/taken as not matching: -m multiport: 1/);
    const json = JSON.parse(lbscale(["import", NODE_TABLES, "--positions", "--json"]).stdout);
    expect(json.services[0]).toEqual({
      service: "kube-system/kube-dns:dns",
      address: "10.96.0.10:53/udp",
      endpoints: 2,
      position: 1,
      entries: 7.5,
      filterEntries: 0,
      predictedNs: 7.5 * 22,
    });
    const ofRun = lbscale(["import", NODE_TABLES, "--positions", "--run", join(PUBLISHED, publishedRun())]);
    expect(ofRun.stdout.split("\n")[0]).toMatch(/predicted +95 % interval$/);
    expect(ofRun.stdout.split("\n")[1]).toMatch(/ ns +\[[\d.]+ ns, [\d.]+ ns\]$/);
    expect(ofRun.stderr).toMatch(/lookups of iptables in the model at 6 services, with 95 % intervals/);
  });

  it("imports the Online Boutique as 12 services, its load balancer among them", () => {
    const { stdout, stderr } = lbscale(["import", BOUTIQUE]);
    const { services } = JSON.parse(stdout) as { services: { name: string; type: string }[] };
    expect(services).toHaveLength(12);
    expect(services.filter(({ type }) => type === "LoadBalancer").map(({ name }) => name)).toEqual([
      "default/frontend-external",
    ]);
    expect(stderr).toMatch(/12 services with 12 ports and 12 endpoints/);
  });

  it("verifies that all planes decide alike", () => {
    const { status, stdout } = lbscale(["verify", "--services", "60", "--flows", "3000", "--json"]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ flows: 3000, disagreements: 0 });
  });

  it("stops quietly when its reader has seen enough", () => {
    const command = `"${process.execPath}" "${MAIN}" generate --services 50000 | head -n 1`;
    expect(execFileSync("bash", ["-o", "pipefail", "-c", command], { encoding: "utf8" })).toMatch(
      /^\{"lbscale"/,
    );
  });
});
