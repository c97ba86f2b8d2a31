import { describe, expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { withKernel } from "../../test/support/results-lanes.js";
import { findingHeadline, findingSentence } from "./finding-sentence.js";

const finding = (id: string, sentence = "It takes 1 µs.") => ({
  id,
  headline: "",
  sentence,
  cells: [],
  value: 1,
  interval: [1, 1] as [number, number],
});

describe("findingSentence", () => {
  it("labels a model's finding next to a kernel's numbers, once, and no other", () => {
    const results = withKernel(fakeResults());
    const shown = (id: string, sentence?: string) => findingSentence(finding(id, sentence), results);
    const labelled = "In the model, not the kernel: It takes 1 µs.";
    expect(["iptables-factor", "logarithm", "established", "memory"].map((id) => shown(id))).toEqual(
      Array(4).fill(labelled),
    );
    expect(shown("connect", labelled)).toBe(labelled);
    for (const id of ["kernel-connect", "guest-update", "model-versus-kernel", "model-versus-kernel-ebpf"]) {
      expect(shown(id)).toBe("It takes 1 µs.");
    }
  });

  it("labels nothing in a run of models alone", () => {
    expect(findingSentence(finding("logarithm"), fakeResults())).toBe("It takes 1 µs.");
  });
});

describe("findingHeadline", () => {
  const shown = (id: string, headline: string, entry: "clusterIp" | "nodePort" = "clusterIp") =>
    findingHeadline({ ...finding(id), headline }, fakeResults({ entry }));

  it("says of a model that it is one, and where its flows enter at NodePorts", () => {
    expect(shown("logarithm", "It is O(1)")).toBe("Model: It is O(1)");
    expect(shown("logarithm", "It is O(1)", "nodePort")).toBe("Model, NodePorts: It is O(1)");
  });

  it("leaves alone what is a kernel's, and what says by itself that it is modelled", () => {
    expect(shown("kernel-connect", "It takes 1 µs")).toBe("It takes 1 µs");
    expect(shown("load", "Load costs modelled iptables more")).toBe("Load costs modelled iptables more");
  });
});
