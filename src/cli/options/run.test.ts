import { describe, expect, it } from "vitest";
import { parseRunSpec } from "../../run/index.js";
import { readRunSpec, refuseWithResume, writeCommand } from "./run.js";

const commandOf = (given: Record<string, string>, imported = false) =>
  writeCommand(parseRunSpec(readRunSpec(given)), imported);

describe("options of lbscale run", () => {
  it("become a specification without the defaults", () => {
    expect(
      readRunSpec({
        planes: "ebpf,iptables",
        services: "100,1",
        replicates: "7-30",
        "slow-down": "ebpf=0.1",
        zipf: "1.1",
        popular: "last",
        "ebpf-map-max": "500",
        "ipvs-scheduler": "wlc",
      }),
    ).toEqual({
      planes: ["iptables", "ebpf"],
      services: [1, 100],
      replicates: { least: 7, most: 30 },
      slowdown: { plane: "ebpf", share: 0.1 },
      zipf: 1.1,
      popular: "last",
      planeOptions: { ebpfMapEntries: 500, ipvsScheduler: "wlc" },
    });
  });

  it("are written back as the command that repeats the run", () => {
    expect(commandOf({})).toBe("lbscale run --profile default --seed 1");
    expect(commandOf({ profile: "quick", seed: "7", services: "1,100", scenarios: "all" })).toBe(
      "lbscale run --profile quick --seed 7 --services 1,100 --scenarios all",
    );
    expect(commandOf({ "maglev-table-size": "251", "ipvs-table": "resizable" }, true)).toBe(
      "lbscale run --profile default --seed 1 --ipvs-table resizable --maglev-table-size 251 --cluster FILE",
    );
    expect(commandOf({ lane: "kernel", planes: "direct,ipvs", replicates: "3", connections: "50" })).toBe(
      "lbscale run --profile default --lane kernel --seed 1 --planes direct,ipvs --replicates 3 --connections 50",
    );
  });

  it("give the same specification again when their command is read", () => {
    const given = {
      profile: "full",
      planes: "ipvs",
      services: "5,10",
      replicates: "6-9",
      misses: "0.25",
      endpoints: "3",
    };
    const words = commandOf(given).split(" ").slice(2);
    const again: Record<string, string> = {};
    for (let i = 0; i < words.length; i += 2) again[(words[i] ?? "").slice(2)] = words[i + 1] ?? "";
    expect(parseRunSpec(readRunSpec(again))).toEqual(parseRunSpec(readRunSpec(given)));
  });

  it("are refused by name in a lane that does not use them", () => {
    expect(() => readRunSpec({ connections: "50" })).toThrow(
      "--connections is for the kernel and guest lanes: leave it out with --lane model",
    );
    for (const name of ["zipf", "misses", "ebpf-map-max", "ipvs-scheduler", "cluster"]) {
      expect(() => readRunSpec({ lane: "kernel", [name]: "1" })).toThrow(`--${name} is for the model lane`);
    }
  });

  it("are refused together with --resume where they would change the plan", () => {
    for (const name of ["planes", "services", "seed", "profile", "replicates", "zipf", "scenarios", "lane"]) {
      expect(() => refuseWithResume({ [name]: "1", cluster: "x.yaml" })).toThrow(
        `--${name} can't be given with --resume`,
      );
    }
    expect(refuseWithResume({ cluster: "x.yaml", out: "runs/1" })).toBeUndefined();
  });

  it("name kube-proxies in the kernel lane, whose paths stay out of the command", () => {
    const given = { lane: "kernel", planes: "kube-proxy/nftables@/home/me/kube-proxy,ebpf" };
    expect(readRunSpec(given).planes).toEqual(["ebpf", "kube-proxy/nftables@/home/me/kube-proxy"]);
    expect(commandOf(given)).toContain("--planes ebpf,kube-proxy/nftables@FOLDER/kube-proxy");
    expect(() => readRunSpec({ lane: "kernel", planes: "kube-proxy/nft" })).toThrow(
      /modes are iptables-legacy/,
    );
    expect(() => readRunSpec({ lane: "kernel", planes: "nft" })).toThrow(/or give kube-proxy\/MODE@VERSION/);
    expect(() => readRunSpec({ planes: "kube-proxy/nftables" })).toThrow(/choose from iptables/);
  });

  it("name Cilium's control plane in the kernel lane, and refuse it in the guest", () => {
    const given = { lane: "kernel", planes: "cilium@/home/me/cilium-lb,cilium/tc@1.20,ebpf" };
    expect(readRunSpec(given).planes).toEqual(["ebpf", "cilium@/home/me/cilium-lb", "cilium/tc@1.20"]);
    expect(commandOf(given)).toContain("--planes ebpf,cilium@FOLDER/cilium-lb,cilium/tc@1.20");
    expect(() => readRunSpec({ lane: "kernel", planes: "cilium/xdp" })).toThrow(/give cilium@1\.20/);
    expect(() => readRunSpec({ lane: "guest", planes: "cilium@1.20" })).toThrow(
      /no JIT for BPF; leave it out/,
    );
  });

  it("limit the time of a run and of a cell, in seconds, minutes or hours", () => {
    const given = { lane: "kernel", budget: "5m", duration: "30" };
    expect(readRunSpec(given)).toMatchObject({ budgetSeconds: 300, durationSeconds: 30 });
    expect(commandOf(given)).toContain("--budget 300s --duration 30s");
    expect(() => readRunSpec({ budget: "soon" })).toThrow('--budget "soon": give a time from 1s to 24h');
    expect(() => readRunSpec({ duration: "30s" })).toThrow("--duration is for the kernel and cluster lanes");
  });

  it("offer the kernel lane's planes in the kernel lane only", () => {
    expect(readRunSpec({ lane: "kernel", planes: "direct" }).planes).toEqual(["direct"]);
    expect(() => readRunSpec({ planes: "direct" })).toThrow(/choose from iptables/);
  });

  it("refuse versions of the kernel lane's own planes, and name the real program instead", () => {
    expect(() => readRunSpec({ lane: "kernel", planes: "nftables@1.35" })).toThrow(
      '--planes "nftables@1.35": in the kernel lane only real programs have versions: give kube-proxy/nftables@1.35',
    );
    expect(() => readRunSpec({ lane: "kernel", planes: "ebpf@1.35" })).toThrow(/"ebpf@1.35" is unknown/);
  });

  it("refuse kube-proxy in the guest, with the reason", () => {
    expect(() => readRunSpec({ lane: "guest", planes: "ipvs,kube-proxy/ipvs@1.37" })).toThrow(
      /^--planes "kube-proxy\/ipvs@1.37": kube-proxy is not timed in the user-mode Linux guest, where each tool .* ten times as long to start/,
    );
  });
});
