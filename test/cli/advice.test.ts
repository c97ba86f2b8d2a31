import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { commandLine } from "../support/in-process.js";
import { BOUTIQUE, NODE_TABLES, PUBLISHED } from "../support/inputs.js";

/** Services of all kinds: one of policy Local, without a local endpoint, has the load balancer 203.0.113.20. */
const KINDS = fileURLToPath(new URL("../data/kube-proxy/clusters/kinds.json", import.meta.url));

const { lbscale } = commandLine();

describe("lbscale lookup, explain and advise", () => {
  it("walks a node's own list, rules of others included", async () => {
    const flow = "tcp 10.244.9.9:40000 > 10.96.9.9:443";
    const { stdout } = await lbscale(["lookup", NODE_TABLES, "--plane", "iptables", "--flow", flow]);
    expect(stdout).toMatch(/DNAT to 10\.244\.2\.8:8443\n.*\nwork: 10 rules/);
  });

  it("shows one decision with its exact work", async () => {
    const flow = "tcp 10.255.0.5:40000 > 10.96.0.1:80";
    const { stdout } = await lbscale(["lookup", BOUTIQUE, "--plane", "nftables", "--flow", flow, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      decision: "DNAT 10.128.0.1:8080",
      // One endpoint, kube-proxy 1.37: 14 rules and 6 lookups over all hooks, half of the rules in filter hooks.
      work: { rulesVisited: 7, filterRulesVisited: 7, mapLookups: 6 },
    });
    expect((await lbscale(["lookup", BOUTIQUE, "--plane", "iptables", "--flow", flow])).stdout).toMatch(
      /jump to KUBE-SERVICES[\s\S]*KUBE-SVC of default\/frontend:http[\s\S]*iptables, kube-proxy 1\.37\.2: DNAT 10\.128\.0\.1:8080/,
    );
  });

  it("walks the rules of the kube-proxy that is asked for", async () => {
    const flow = "tcp 10.255.0.5:40000 > 10.96.0.1:80";
    const rules = async (...more: string[]) =>
      JSON.parse((await lbscale(["lookup", BOUTIQUE, ...more, "--flow", flow, "--json"])).stdout);
    const old = { kubeProxy: "1.35.4", work: { rulesVisited: 8, filterRulesVisited: 7, mapLookups: 5 } };
    expect(await rules("--plane", "nftables", "--kube-proxy", "1.35")).toMatchObject(old);
    expect(await rules("--plane", "nftables@1.35", "--kube-proxy", "1.37")).toMatchObject(old);
    const explained = await lbscale([
      "explain",
      BOUTIQUE,
      "frontend",
      "--planes",
      "nftables",
      "--kube-proxy",
      "1.35",
      "--run",
      join(PUBLISHED, "default"),
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
    expect((await lbscale([...own, "--kube-proxy", "1.36"])).stdout).toContain(
      "iptables, kube-proxy 1.36.3: ",
    );
  });

  it("goes through Calico's Maglev for a client outside, where it is asked for, and for no other plane", async () => {
    const flow = ["--flow", "tcp 198.51.100.9:40000 > 203.0.113.20:80"];
    const ask = (plane: string) =>
      lbscale(["lookup", KINDS, "--node", "me", "--plane", plane, "--calico-maglev", ...flow]);
    expect((await ask("calico-ebpf")).stdout).toMatch(
      /place \d+ of 503 by lookup3[\s\S]*cali_v4_mglv\[service \d+, place \d+\][\s\S]*: DNAT 10\.244[\s\S]*2 map lookups/,
    );
    const { stdout, stderr, status } = await ask("ebpf");
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(
      "lbscale: --calico-maglev makes no difference to ebpf: leave it out, or choose calico-ebpf\n",
    );
  });

  it("proposes close matches for a service that does not exist", async () => {
    const { stdout, stderr, status } = await lbscale([
      "explain",
      BOUTIQUE,
      "default/fronted",
      "--run",
      join(PUBLISHED, "default"),
    ]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(
      /\nlbscale: no Service "default\/fronted" in this cluster: did you mean default\/frontend\?\n$/,
    );
  });

  it("advises on a cluster from a run, in words and for programs", async () => {
    const run = join(PUBLISHED, "default");
    const { stdout, status } = await lbscale(["advise", BOUTIQUE, "--run", run]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/iptables +[\d.]+ [nµ]s .*31 rules, 13 chains[\s\S]*This assumes:/);
    expect(stdout).toMatch(/^Prediction, not measured here: time until 12 service-ports are programmed:$/m);
    expect(stdout).toMatch(
      /^kube-proxy 1\.36, nftables +less than \d+ ms +less than \d+ ms +AMD EPYC, 2 cores \(results\/kernel\)$/m,
    );
    const json = JSON.parse((await lbscale(["advise", BOUTIQUE, "--run", run, "--json"])).stdout);
    expect(json.planes).toHaveLength(6);
    expect(json.findings.length).toBeGreaterThan(5);
  });

  it("advises on the rules of the kube-proxy that is asked for", async () => {
    const run = join(PUBLISHED, "default");
    const advice = ["advise", BOUTIQUE, "--run", run, "--planes"];
    expect((await lbscale([...advice, "nftables@1.35"])).stdout).toMatch(
      /nftables@1\.35 .* 6 rules, 3 chains/,
    );
    expect((await lbscale([...advice, "nftables@1.36"])).stdout).toMatch(/nftables@1\.36 .* 1 rule, 1 chain/);
    const { status, stderr } = await lbscale([...advice, "nftables", "--kube-proxy", "1.35"]);
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/lbscale: --kube-proxy: the run in .* modelled 1\.37; leave out --run/),
    ]);
  });
});
