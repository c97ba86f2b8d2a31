import { describe, expect, it } from "vitest";
import { commandLine } from "../support/in-process.js";
import { service } from "../support/inputs.js";

const { file, lbscale } = commandLine();

const FLOW = "tcp 10.255.0.5:40000 > 10.0.0.1:80";
const YAML = file("service.yaml", service("{clusterIP: 10.0.0.1, ports: [{port: 80}]}"));

describe("an option that a command would ignore", () => {
  it.each([
    ["--json", ["import", YAML, "--json"]],
    ["--run", ["import", YAML, "--run", "x"]],
    ["--ns-per-entry", ["import", YAML, "--ns-per-entry", "2"]],
    ["--endpoints", ["verify", YAML, "--endpoints", "3"]],
    ["--shape", ["export", YAML, "--format", "nft", "--shape", "clean"]],
    ["--shape", ["verify", YAML, "--shape", "mixed"]],
    ["--vips", ["export", YAML, "--format", "nft", "--vips", "random"]],
    ["--seed", ["export", YAML, "--format", "nft", "--seed", "9"]],
    ["--seed", ["verify", YAML, "--seed", "9"]],
    ["--seed", ["serve", YAML, "--seed", "9"]],
    ["--local-share", ["serve", YAML, "--local-share", "0.5"]],
    ["--node", ["verify", "--services", "3", "--node", "one"]],
    ["--node-address", ["run", "--node-address", "192.0.2.1"]],
    ["--pod-range", ["run", "--resume", "--out", "x", "--pod-range", "10.0.0.0/8"]],
    ["--profile", ["advise", YAML, "--run", "x", "--profile", "full"]],
    ["--out", ["advise", YAML, "--run", "x", "--out", "y"]],
    ["--mode", ["verify", "--services", "3", "--mode", "nftables"]],
    ["--changes", ["verify", "--services", "3", "--changes", "2"]],
    ["--timeout", ["verify", "--services", "3", "--timeout", "9"]],
    ["--planes", ["verify", "--services", "3", "--kube-proxy", "1.37", "--planes", "iptables"]],
    ["--lane", ["verify", "--services", "3", "--kube-proxy", "1.37", "--lane", "kernel"]],
    ["--ipvs-scheduler", ["run", "--planes", "ebpf", "--ipvs-scheduler", "wlc"]],
    ["--masquerade-all", ["lookup", YAML, "--plane", "ebpf", "--flow", FLOW, "--masquerade-all"]],
    ["--calico-maglev", ["lookup", YAML, "--plane", "ebpf", "--flow", FLOW, "--calico-maglev"]],
    ["--kube-proxy", ["explain", YAML, "web", "--planes", "ebpf", "--kube-proxy", "1.36"]],
    ["--theme", ["report", "x", "--formats", "html,md", "--theme", "dark"]],
    ["--size", ["report", "x", "--formats", "slides-pdf", "--size", "square"]],
    ["--verbose", ["report", "x", "--formats", "md", "--verbose"]],
    ["--chart", ["report", "x", "--formats", "md", "--chart", "lookup"]],
    ["--out", ["report", "x", "--formats", "text", "--out", "y"]],
    ["--theme", ["compare", "x", "y", "--theme", "dark"]],
    ["--probe-guest", ["doctor", "--lane", "model", "--probe-guest"]],
    ["--lane", ["doctor", "--clean", "--lane", "model"]],
  ])("is refused by name: %s of %j", async (option, args) => {
    const { status, stdout, stderr } = await lbscale(args);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr.trim().split("\n").at(-1)).toContain(option);
  });
});

describe("what the user knows of a node", () => {
  it("chooses it for the models as well", async () => {
    const node = (name: string, address: string) => ({
      kind: "Node",
      apiVersion: "v1",
      metadata: { name },
      status: { addresses: [{ type: "InternalIP", address }] },
    });
    const web = {
      kind: "Service",
      apiVersion: "v1",
      metadata: { name: "web" },
      spec: { clusterIP: "10.96.0.5", ports: [{ port: 80 }] },
    };
    const items = [node("one", "192.0.2.1"), node("two", "192.0.2.2"), web];
    const nodes = file("nodes.json", JSON.stringify({ kind: "List", apiVersion: "v1", items }));
    const { status, stderr } = await lbscale(["verify", nodes, "--flows", "100", "--node", "two"]);
    expect([status, stderr]).toEqual([0, expect.stringContaining("192.0.2.2")]);
  });

  it("counts in every command that reads one: the address of a node whose iptables-save does not say it", async () => {
    const rules = file(
      "rules",
      [
        "*nat",
        ":PREROUTING ACCEPT [0:0]",
        ":KUBE-SERVICES - [0:0]",
        ":KUBE-NODEPORTS - [0:0]",
        ":KUBE-EXT-AAAAAAAAAAAAAAAA - [0:0]",
        ":KUBE-SVC-AAAAAAAAAAAAAAAA - [0:0]",
        ":KUBE-SEP-AAAAAAAAAAAAAAAA - [0:0]",
        "-A PREROUTING -j KUBE-SERVICES",
        '-A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "d/s cluster IP" -m tcp --dport 80 -j KUBE-SVC-AAAAAAAAAAAAAAAA',
        "-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS",
        '-A KUBE-NODEPORTS -p tcp -m comment --comment "d/s" -m tcp --dport 30080 -j KUBE-EXT-AAAAAAAAAAAAAAAA',
        "-A KUBE-EXT-AAAAAAAAAAAAAAAA -j KUBE-SVC-AAAAAAAAAAAAAAAA",
        "-A KUBE-SVC-AAAAAAAAAAAAAAAA -j KUBE-SEP-AAAAAAAAAAAAAAAA",
        "-A KUBE-SEP-AAAAAAAAAAAAAAAA -p tcp -m tcp -j DNAT --to-destination 10.244.1.5:8080",
        "COMMIT",
        "",
      ].join("\n"),
    );
    const flow = ["--plane", "iptables", "--flow", "tcp 198.51.100.7:4000 > 192.0.2.10:30080"];
    const lookup = async (...options: string[]) =>
      (await lbscale(["lookup", rules, ...flow, ...options])).stdout;
    expect(await lookup()).toContain(
      "iptables: unknown: PASS, unless 192.0.2.10 is an address of this node, which the input does not say: give it with --node-address",
    );
    expect(await lookup("--node-address", "192.0.2.9")).toContain("iptables: PASS\n");
    expect(await lookup("--node-address", "192.0.2.10")).toContain("iptables: DNAT 10.244.1.5:8080");
    const { stderr } = await lbscale(["verify", rules, "--flows", "100", "--node-address", "192.0.2.10"]);
    expect(stderr).toContain("node address 192.0.2.10");
  });
});
