import { describe, expect, it } from "vitest";
import { findCapabilities } from "./capabilities.js";
import { KERNEL_PLANE_IDS, type KernelPlaneId } from "./plane.js";
import type { Capability } from "./tasks.js";
import type { KernelLane } from "./testbed/sandbox.js";

/** A machine whose kernel has no IPVS, and what was tried on it. */
function machine() {
  const tried: { lane: KernelLane; planes: readonly KernelPlaneId[] }[] = [];
  const attempt = async (lane: KernelLane, planes: readonly KernelPlaneId[]): Promise<Capability[]> => {
    tried.push({ lane, planes });
    return planes.map((plane) => ({
      name: `plane ${plane}`,
      lacks: lane === "kernel" && plane === "ipvs" ? "no ip_vs" : null,
    }));
  };
  return { tried, attempt };
}

describe("findCapabilities", () => {
  it("boots no guest unless asked to, and names the option that does", async () => {
    const { tried, attempt } = machine();
    const found = await findCapabilities(false, attempt);
    expect(tried).toEqual([{ lane: "kernel", planes: KERNEL_PLANE_IDS }]);
    expect(found.filter(({ lacks }) => lacks !== null)).toEqual([
      { name: "plane ipvs", lacks: "not in this kernel, and not tried in a user-mode Linux guest" },
    ]);
  });

  it("boots it on request for the planes alone that this kernel lacks", async () => {
    const { tried, attempt } = machine();
    const found = await findCapabilities(true, attempt);
    expect(tried.slice(1)).toEqual([{ lane: "guest", planes: ["ipvs"] }]);
    expect(found.at(-1)).toEqual({
      name: "plane ipvs, in a user-mode Linux guest",
      lacks: null,
    });
  });
});
