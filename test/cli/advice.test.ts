import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BOUTIQUE, lbscale, NODE_TABLES, PUBLISHED } from "../support/cli.js";
import { inProcess } from "../support/in-process.js";

describe("lbscale lookup, explain and advise", () => {
  it("walks a node's own list, rules of others included", async () => {
    const flow = "tcp 10.244.9.9:40000 > 10.96.9.9:443";
    const { stdout } = await inProcess(["lookup", NODE_TABLES, "--plane", "iptables", "--flow", flow]);
    expect(stdout).toMatch(/DNAT to 10\.244\.2\.8:8443\n.*\nwork: 10 rules/);
  });

  it("shows one decision with its exact work", async () => {
    const flow = "tcp 10.255.0.5:40000 > 10.96.0.1:80";
    const { stdout } = await inProcess(["lookup", BOUTIQUE, "--plane", "nftables", "--flow", flow, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      decision: "DNAT 10.128.0.1:8080",
      // One endpoint, kube-proxy 1.37: 14 rules and 6 lookups over all hooks, half of the rules in filter hooks.
      work: { rulesVisited: 7, filterRulesVisited: 7, mapLookups: 6 },
    });
    expect((await inProcess(["lookup", BOUTIQUE, "--plane", "iptables", "--flow", flow])).stdout).toMatch(
      /jump to KUBE-SERVICES[\s\S]*KUBE-SVC of default\/frontend:http[\s\S]*iptables, kube-proxy 1\.37\.2: DNAT 10\.128\.0\.1:8080/,
    );
  });

  it("walks the rules of the kube-proxy that is asked for", async () => {
    const flow = "tcp 10.255.0.5:40000 > 10.96.0.1:80";
    const rules = async (...more: string[]) =>
      JSON.parse((await inProcess(["lookup", BOUTIQUE, ...more, "--flow", flow, "--json"])).stdout);
    const old = { kubeProxy: "1.35.4", work: { rulesVisited: 8, filterRulesVisited: 7, mapLookups: 5 } };
    expect(await rules("--plane", "nftables", "--kube-proxy", "1.35")).toMatchObject(old);
    expect(await rules("--plane", "nftables@1.35", "--kube-proxy", "1.37")).toMatchObject(old);
    const explained = lbscale([
      "explain",
      BOUTIQUE,
      "frontend",
      "--planes",
      "nftables",
      "--kube-proxy",
      "1.35",
    ]);
    expect(explained.stdout).toMatch(
      /nftables, kube-proxy 1\.35\.4, nft 1\.0\.6: DNAT[\s\S]*12 \(×1\) +15 +5/,
    );
    // A node's own list is walked as it stands only where nobody asks for a version.
    const own = [
      "lookup",
      NODE_TABLES,
      "--plane",
      "iptables",
      "--flow",
      "tcp 10.244.9.9:40000 > 10.96.9.9:443",
    ];
    expect((await inProcess([...own, "--kube-proxy", "1.36"])).stdout).toContain(
      "iptables, kube-proxy 1.36.3: ",
    );
  });

  it("explains a service on every plane, and predicts from the published run by name and machine", async () => {
    const { stdout, status } = lbscale(["explain", BOUTIQUE, "frontend"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /iptables, kube-proxy 1\.37\.2: DNAT[\s\S]*KUBE-SVC of default\/frontend:http[\s\S]*120 \(×10\) +\d+ +6 +70\.5 +135/,
    );
    expect(stdout).toMatch(/the published run \d{4}-\d\d-\d\d-default[^(]*\([^)]+\).*not of a kernel/);
    const json = JSON.parse(lbscale(["explain", BOUTIQUE, "frontend", "--planes", "ebpf", "--json"]).stdout);
    expect(json.planes[0].sizes[2]).toMatchObject({ services: 120, work: { mapLookups: 3 } });
    expect(json.predictedFrom.cpu).not.toBe("");
  });

  it("proposes close matches for a service that does not exist", async () => {
    const { stdout, stderr, status } = lbscale(["explain", BOUTIQUE, "default/fronted"]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(
      /\nlbscale: no service "default\/fronted" in this cluster: did you mean default\/frontend\?\n$/,
    );
  });

  it("advises on a cluster from a run, in words and for programs", async () => {
    const run = join(PUBLISHED, "2026-11-29-default");
    const { stdout, status } = await inProcess(["advise", BOUTIQUE, "--run", run]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/iptables +[\d.]+ [nµ]s .*31 rules, 13 chains[\s\S]*This assumes:/);
    expect(stdout).toMatch(/^Prediction, not measured here: time until 12 service-ports are programmed:$/m);
    expect(stdout).toMatch(
      /^kube-proxy 1\.36, nftables +less than 320 ms +less than 270 ms +Intel, otherwise idle$/m,
    );
    const json = JSON.parse((await inProcess(["advise", BOUTIQUE, "--run", run, "--json"])).stdout);
    expect(json.planes).toHaveLength(6);
    expect(json.findings.length).toBeGreaterThan(5);
  });

  it("advises on the rules of the kube-proxy that is asked for", async () => {
    const run = join(PUBLISHED, "2026-11-29-default");
    const advice = ["advise", BOUTIQUE, "--run", run, "--planes"];
    expect((await inProcess([...advice, "nftables@1.35"])).stdout).toMatch(
      /nftables@1\.35 .* 6 rules, 3 chains/,
    );
    expect((await inProcess([...advice, "nftables@1.36"])).stdout).toMatch(
      /nftables@1\.36 .* 1 rule, 1 chain/,
    );
    const { status, stderr } = await inProcess([...advice, "nftables", "--kube-proxy", "1.35"]);
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/lbscale: --kube-proxy: the run in .* modelled 1\.37; leave out --run/),
    ]);
  });
});
