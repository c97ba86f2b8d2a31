import { expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { labelAmong, planeReport } from "./descriptors.js";

it("planes of one label are told apart by their ids, where both are named", () => {
  const results = fakeResults({ planes: ["iptables", "nftables"] });
  const [iptables, nftables] = ["iptables", "nftables"].map((plane) => planeReport(results, plane));
  results.planes = { iptables: iptables!, nftables: nftables!, "kube-proxy/iptables@1.37": iptables! };
  const among = (...planes: string[]) => planes.map((plane) => labelAmong(results, plane, planes));
  expect(among("iptables", "nftables")).toEqual(["iptables", "nftables"]);
  expect(among("iptables", "kube-proxy/iptables@1.37")).toEqual([
    "iptables (iptables)",
    "iptables (kube-proxy/iptables@1.37)",
  ]);
});
