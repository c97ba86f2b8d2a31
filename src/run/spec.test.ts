import { describe, expect, it } from "vitest";
import { parseRunSpec } from "./index.js";
import { LANES } from "./lanes/index.js";
import { lanesUsing, OPTION_FIELDS } from "./options.js";
import { callOf, InvalidRunSpecError, type RunSpecInput } from "./spec.js";

describe("a run's specification", () => {
  it("is the model lane with seed 1 when nothing is asked for", () => {
    expect(parseRunSpec({})).toEqual({ lane: "model", seed: 1 });
  });

  it.each([
    ["a field that does not exist", { plains: ["ebpf"] }, /plains/],
    ["text where numbers belong", { services: "1,100" }, /^services: /],
    ["no services at all", { services: [] }, /^services: /],
    ["half a service", { services: [1.5] }, /^services\.0: /],
    [
      "more replicates at least than at most",
      { replicates: { least: 7, most: 3 } },
      /least must not be more/,
    ],
    ["popular services without a skew", { popular: "last" }, /^popular: .*give zipf too/],
    ["an option that no plane has", { planeOptions: { speed: 9 } }, /no plane has an option speed/],
    [
      "a value that an option does not take",
      { planeOptions: { maglevTableSize: 5 } },
      /maglevTableSize 5: give one of/,
    ],
    [
      "connections in the model lane",
      { connections: 100 },
      /^connections: only lanes kernel and guest use it/,
    ],
    [
      "time for a cell in the model lane",
      { durationSeconds: 10 },
      /^durationSeconds: only lanes kernel and cluster use it/,
    ],
    [
      "a plane's option in the kernel lane",
      { lane: "kernel", planeOptions: { ipvsScheduler: "rr" } },
      /^planeOptions: only lane model/,
    ],
  ])("refuses %s", (_what, spec, message) => {
    expect(() => parseRunSpec(spec)).toThrow(message);
  });

  it("has no option that no lane uses", () => {
    expect(OPTION_FIELDS.filter((option) => lanesUsing(LANES, option).length === 0)).toEqual([]);
  });

  it("is refused with an error that names its kind", () => {
    expect(() => parseRunSpec({ seed: -1 })).toThrow(InvalidRunSpecError);
  });
});

describe("the call that results hold of a specification", () => {
  it("repeats what has nothing to hide as it is", () => {
    const spec = { profile: "quick", planes: ["iptables", "nftables@1.37"], services: [1, 20], zipf: 1.1 };
    expect(callOf(spec)).toBe(`runBenchmark(${JSON.stringify(spec)})`);
    expect(callOf({})).toBe("runBenchmark({})");
  });

  it("names no cluster, nothing in it, and no path", () => {
    const secret = {
      kubeconfig: "/home/me/.kube/secret-file",
      context: "secret-context",
      namespace: "secret-namespace",
      nodeSelector: { "secret-label": "secret-value" },
      tolerations: [{ key: "secret-taint", operator: "Equal" as const, value: "secret-pool" }],
      image: "registry.secret.example/pause",
    };
    const stored = { nodes: 2, rate: 300, protocols: ["udp" as const], planeName: "mine", names: true };
    const lane = { lane: "cluster" as const, seed: 4 };
    const call = callOf({ ...lane, clusterLane: { ...secret, ...stored, keep: true } });
    expect(call).not.toMatch(/secret|home|keep/);
    expect(call).toBe(`runBenchmark(${JSON.stringify({ ...lane, clusterLane: stored })})`);
    const spec: RunSpecInput = {
      lane: "kernel",
      nft: "/home/me/secret/nft",
      planes: ["kube-proxy/nftables@/home/secret/kube-proxy", "cilium@C:\\secret\\cilium-lb", "ebpf"],
    };
    expect(callOf(spec)).not.toMatch(/secret|home/);
    expect(callOf(spec)).toContain("kube-proxy/nftables@FOLDER/kube-proxy");
  });
});
