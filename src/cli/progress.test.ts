import { describe, expect, it } from "vitest";
import { Progress } from "./progress.js";

/** What a pipe gets of one report. */
function shown(...report: Parameters<Progress["show"]>): string {
  let text = "";
  const pipe = { isTTY: false, write: (part: string) => (text += part) } as unknown as NodeJS.WriteStream;
  new Progress(pipe).show(...report);
  return text;
}

describe("progress", () => {
  it("says one time where nothing depends on an interim analysis", () => {
    expect(shown(12, 231, 86_000, "ebpf")).toBe("measuring 13/231: 86 s left (ebpf)\n");
    expect(shown(0, 9, null, "ebpf")).toBe("measuring 1/9: (ebpf)\n");
  });

  it("says from when to when a run can end whose cells may stop early", () => {
    expect(shown(12, 231, 86_000, "ebpf", 240_000)).toBe(
      "measuring 13/231 or more: 86 s to 4 min left (ebpf)\n",
    );
  });

  it("says the first of each phase on a pipe, however soon it comes", () => {
    let text = "";
    const pipe = { isTTY: false, write: (part: string) => (text += part) } as unknown as NodeJS.WriteStream;
    const progress = new Progress(pipe);
    for (const phase of ["a", "a", "b"]) progress.show(0, 1, null, `${phase} goes on`, null, phase);
    expect(text).toBe("measuring 1/1: (a goes on)\nmeasuring 1/1: (b goes on)\n");
  });
});
