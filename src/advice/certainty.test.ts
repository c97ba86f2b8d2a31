import { describe, expect, it } from "vitest";
import { readFixture } from "../../test/fuzz-import.js";
import { importCluster } from "../formats/detect.js";
import { explainService } from "./explain.js";
import { formatPlane } from "./explain-text.js";

const SAVE = readFixture("field/kube-proxy-1.36.3.iptables-save");
const CONDITION = SAVE.replace(
  "-A KUBE-SERVICES -d 10.96.0.11/32",
  "-A KUBE-SERVICES -d 10.96.0.11/32 -m set --match-set X src -j DROP\n-A KUBE-SERVICES -d 10.96.0.11/32",
);

/** What `explain` says of iptables, for the service port at an address, walking the node's own list or not. */
function headingAt(text: string, address: number, own: boolean): string {
  const { cluster, nodeList } = importCluster(text);
  const servicePort = cluster.service.findIndex((s) => cluster.clusterIp[s] === address);
  const { planes } = explainService(cluster, servicePort, {
    planes: ["iptables"],
    seed: 1,
    ...(own && nodeList && { nodeList }),
  });
  return formatPlane(planes[0]!).heading;
}

describe("what explain answers where an import does not understand a condition", () => {
  it("is unknown for the flow that the condition could decide in the node's own list, and no other", () => {
    expect(headingAt(CONDITION, 0x0a60000b, true)).toMatch(
      /: unknown: .*, unless a condition holds that is not understood \(-m set/,
    );
    expect(headingAt(CONDITION, 0x0a60000c, true)).not.toContain("unknown");
    expect(headingAt(SAVE, 0x0a60000b, true)).not.toContain("unknown");
  });

  it("is unknown under other rules too, for the flow that may meet what the import left out, and no other", () => {
    expect(headingAt(CONDITION, 0x0a60000b, false)).toMatch(
      /unknown: .*left out on import: KUBE-SERVICES: -m set/,
    );
    expect(headingAt(CONDITION, 0x0a60000c, false)).not.toContain("unknown");
  });
});
