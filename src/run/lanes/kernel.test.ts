import { describe, expect, it } from "vitest";
import { requireUse } from "./kernel.js";

const nothing = { limitsTime: false, connects: false, runsNft: false };
const spec = { lane: "kernel", seed: 1 } as const;

describe("options of the kernel lane that nothing of a run would use", () => {
  it.each([
    ["duration", { durationSeconds: 5 }, { limitsTime: true }],
    ["connections", { connections: 100 }, { connects: true }],
    ["nft", { nft: "/x/nft" }, { runsNft: true }],
  ])("are refused by name: %s", (name, given, used) => {
    expect(() => requireUse({ ...spec, ...given }, nothing)).toThrow(
      new RegExp(`^${name}: .*: leave it out$`),
    );
    expect(requireUse({ ...spec, ...given }, { ...nothing, ...used })).toBeUndefined();
  });

  it("are not refused where none is given", () => {
    expect(requireUse(spec, nothing)).toBeUndefined();
  });
});
