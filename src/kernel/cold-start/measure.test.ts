import { describe, expect, it } from "vitest";
import { generateCluster } from "../../cluster/generate.js";
import { NftablesProgram } from "../../planes/nftables/program.js";
import { stagesOf } from "./measure.js";

const program = new NftablesProgram(generateCluster({ services: 7, seed: 1 }));
const rulesOf = (text: string) => text.split("\n").filter((line) => line.startsWith("add rule"));

describe("the transactions of a cold start", () => {
  it("are kube-proxy's commands: the table with the first services, and the rest in stages", () => {
    const [whole] = stagesOf(program, null);
    const stages = stagesOf(program, 3);
    expect(stages.map((text) => rulesOf(text).length)).toEqual([3, 3, 1]);
    expect(stages.flatMap(rulesOf)).toEqual(rulesOf(whole!));
    expect(stages.map((text) => text.startsWith("add table ip kube-proxy"))).toEqual([true, false, false]);
  });

  it("flush each chain before they fill it, and add elements one by one", () => {
    const lines = stagesOf(program, null)[0]!.split("\n");
    for (const rule of rulesOf(lines.join("\n"))) {
      const chain = rule.split(" ")[4]!;
      expect(lines.indexOf(`flush chain ip kube-proxy ${chain}`)).toBeLessThan(lines.indexOf(rule));
    }
    const elements = lines.filter((line) => line.startsWith("add element ip kube-proxy service-ips"));
    expect(elements).toHaveLength(program.maps.serviceIps.length / 5);
  });
});
