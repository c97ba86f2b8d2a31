import { describe, expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { withKernel } from "../../test/support/results-lanes.js";
import { findingSentence } from "./finding-sentence.js";

const finding = (id: string, sentence = "It takes 1 µs.") => ({
  ...{ id, headline: "", sentence, cells: [], value: 1 },
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
