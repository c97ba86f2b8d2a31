import { describe, expect, it } from "vitest";
import { readFixture } from "../../test/fuzz-import.js";
import { importCluster } from "../formats/detect.js";
import { leftOutOf } from "./certainty.js";
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

  it("is unknown in a cluster whose import left out kube-proxy's rules or set entries", () => {
    expect(headingAt(CONDITION, 0x0a60000c, false)).toMatch(/unknown: .*1 rule or set entry that the import/);
  });
});

describe("what an import left out", () => {
  const LEFT_OUT = ["1 rule or set entry that the import left out"];

  it("is said of a rule in kube-proxy's nftables table that it does not write", () => {
    const text = readFixture("nodes/kube-proxy.nft");
    const strange = text.replace(
      "\tchain masquerading {\n",
      "\tchain masquerading {\n\t\tip saddr 192.0.2.7 drop\n",
    );
    expect(leftOutOf(importCluster(text).cluster)).toEqual([]);
    expect(leftOutOf(importCluster(strange).cluster)).toEqual(LEFT_OUT);
  });

  it("is said of an entry of kube-proxy's sets that is no address and port", () => {
    const files = ["ipvs-1.36.3.ipvsadm", "ipvs-1.36.3.ipset"].map((name) => readFixture(`field/${name}`));
    const leftOut = (ipset: string) => leftOutOf(importCluster([files[0]!, ipset]).cluster);
    expect(leftOut(files[1]!)).toEqual([]);
    expect(leftOut(`${files[1]}add KUBE-CLUSTER-IP 10.96.0.10,tcp:http\n`)).toEqual(LEFT_OUT);
  });
});
