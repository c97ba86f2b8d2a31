import { describe, expect, it } from "vitest";
import { fakeFinding, fakeResults } from "../../test/support/results.js";
import { cellId } from "../results/cells.js";
import { withCondition } from "./conditions.js";

describe("a finding's conditions", () => {
  it("say where flows enter at NodePorts, which in iptables pass all Services first", () => {
    const sentence = (entry: "clusterIp" | "nodePort") => {
      const results = fakeResults({ entry });
      const finding = {
        ...fakeFinding("iptables-factor", "iptables is slower"),
        cells: [cellId(results.cells[0]!)],
      };
      return withCondition(finding, results).sentence;
    };
    expect(sentence("nodePort")).toBe(`Through NodePorts: ${sentence("clusterIp")}`);
    expect(sentence("clusterIp")).not.toContain("NodePort");
  });
});
