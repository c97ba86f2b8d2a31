import { beforeEach, describe, expect, it } from "vitest";
import { formatLeft, Progress } from "./progress.js";

let now: number;
let text: string;
const pipe = { isTTY: false, write: (part: string) => (text += part) } as unknown as NodeJS.WriteStream;
const progress = () => new Progress(pipe, "measuring", () => now);

beforeEach(() => {
  now = 0;
  text = "";
});

/** What a pipe gets of one report. */
function shown(...report: Parameters<Progress["show"]>): string {
  text = "";
  progress().show(...report);
  return text;
}

describe("progress", () => {
  it("says one time, and of what is probable alone that it is about", () => {
    expect(shown(12, 231, 86_000, "ebpf")).toBe("measuring 13/231: 90 s left (ebpf)\n");
    expect(shown(0, 9, null, "ebpf")).toBe("measuring 1/9: (ebpf)\n");
    expect(shown(12, 231, 86_000, "ebpf", { isForecast: true })).toBe(
      "measuring 13 of about 231: 90 s left (ebpf)\n",
    );
  });

  it("rounds the time left up, to a unit that grows with it", () => {
    const left = [0, 900, 9100, 10_100, 86_000, 90_001, 3_600_000, 5_400_001, 7_200_000];
    expect(left.map(formatLeft)).toEqual([
      ...["1 s", "1 s", "10 s", "15 s", "90 s", "2 min", "60 min", "1 h 45 min", "2 h"],
    ]);
    for (let ms = 0; ms < 20_000_000; ms += 7919) {
      const [amount = "", unit, more = "0"] = formatLeft(ms).split(" ");
      const said = { s: 1000, min: 60_000, h: 3_600_000 }[unit!]! * Number(amount) + 60_000 * Number(more);
      expect(said).toBeGreaterThanOrEqual(ms);
      expect(said).toBeLessThanOrEqual(Math.max(1.5 * ms, ms + 1000));
    }
  });

  it("says the end that it said before, while a later one is no more than the estimate's noise", () => {
    const display = progress();
    const left = (atMs: number, leftMs: number) => {
      now = atMs;
      text = "";
      display.show(1, 9, leftMs, "ebpf");
      return /: (.*) left/.exec(text)?.[1];
    };
    expect(left(0, 80_000)).toBe("80 s");
    expect(left(10_000, 75_000)).toBe("70 s");
    expect(left(20_000, 80_000)).toBe("80 s");
    expect(left(30_000, 40_000)).toBe("40 s");
  });

  it("says the first of each phase on a pipe, however soon it comes", () => {
    const display = progress();
    for (const phase of ["a", "a", "b"]) display.show(0, 1, null, `${phase} goes on`, { phase });
    expect(text).toBe("measuring 1/1: (a goes on)\nmeasuring 1/1: (b goes on)\n");
  });
});
