import { expect, it } from "vitest";
import { emptyCell } from "../../plan.js";
import { emptyReplicate } from "../replicate.js";
import { markUnmeasured } from "./rounds.js";

const cell = (lane: "kernel" | "guest" | "model", scenario: string, plane = "iptables") =>
  emptyCell({ plane, lane, scenario }, { services: 1, endpoints: null, variant: "" }, 4);

it("cells that a kernel had no time for say so, and no other cell does", () => {
  const measured = cell("kernel", "connect");
  measured.replicates.push({ ...emptyReplicate(0), samples: [1], median: 1, wallMs: 1 });
  const failed = cell("kernel", "connect", "nftables");
  failed.warnings.push("a replicate failed: refused");
  const late = [cell("kernel", "established"), cell("kernel", "update"), cell("model", "lookup")];
  const others = [
    cell("guest", "connect"),
    cell("kernel", "memory"),
    cell("kernel", "connect", "kube-proxy/nftables@1.37"),
  ];
  markUnmeasured({ cells: [measured, failed, ...late, ...others] }, "kernel");
  for (const { warnings } of late)
    expect(warnings).toEqual(["a replicate failed: the run's time budget was used up before it"]);
  expect(failed.warnings).toEqual(["a replicate failed: refused"]);
  for (const { warnings } of [measured, ...others]) expect(warnings).toEqual([]);
});
