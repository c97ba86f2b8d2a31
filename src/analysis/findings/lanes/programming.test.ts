import { describe, expect, it } from "vitest";
import { withCells } from "../../../../test/support/results-lanes.js";
import { coldStart, firstSyncTime, programmingTime } from "./programming.js";

const OLD = "kube-proxy/nftables@1.36";
const NEW = "kube-proxy/nftables@1.37";

describe("findings about kube-proxy itself", () => {
  it("say what a change takes by each at the largest N that several were measured at", () => {
    const found = programmingTime(
      withCells([
        ["kernel", "programming", OLD, 1000, 200e6],
        ["kernel", "programming", NEW, 1000, 40e6],
        ["kernel", "programming", OLD, 5000, 1.5e9],
        ["kernel", "programming", NEW, 5000, 130e6],
        ["kernel", "programming", NEW, 10_000, 340e6],
      ]),
    );
    expect(found?.headline).toMatch(
      /^.* takes 1\.5\u00a0s\u00a0\(1\.4–1\.7\u00a0s\) per endpoint change at 5,000 Services$/,
    );
    expect(found?.sentence).toMatch(
      /programmed in 1\.5 s by .*, 130 ms by .*: the slowest takes 12 times \[/,
    );
    expect(found?.cells).toEqual([`${OLD}/programming/5000`, `${NEW}/programming/5000`]);
  });

  it("say nothing where the intervals of slowest and fastest meet, or there is only one", () => {
    expect(
      programmingTime(
        withCells([
          ["kernel", "programming", OLD, 1000, 42e6],
          ["kernel", "programming", NEW, 1000, 40e6],
        ]),
      ),
    ).toBeNull();
    expect(programmingTime(withCells([["kernel", "programming", NEW, 1000, 40e6]]))).toBeNull();
  });

  it("say nothing of a first sync that lbscale's own planes were loaded in", () => {
    expect(firstSyncTime(withCells([["kernel", "sync", OLD, 1000, 42e6]]))).toBeNull();
  });

  it("say what smaller transactions bring a new node, of the newest rules at the largest N", () => {
    const staged = (ns: number, variant: string, services = 10_000) => {
      const results = withCells([["kernel", "cold-start", "nftables@1.37", services, ns]]);
      return results.cells.map((cell) => ({ ...cell, variant }));
    };
    const results = withCells([["kernel", "cold-start", "nftables@1.37", 10_000, 15e9]]);
    results.cells.push(
      ...staged(9e9, "250 a transaction"),
      ...staged(12e9, "1,000 a transaction"),
      ...staged(1e9, "250 a transaction", 1000),
    );
    const found = coldStart(results);
    expect(found?.sentence).toMatch(
      /10,000 services onto a new node in 15 s in one transaction, in 9 s with 250 a transaction: one transaction takes .*1\.7.* as long\.$/,
    );
    results.cells[1]!.estimate!.interval = [9e9, 16e9];
    expect(coldStart(results)?.sentence).toMatch(/: their intervals allow no difference \(/);
    expect(coldStart(withCells([["kernel", "cold-start", "nftables@1.37", 10_000, 15e9]]))).toBeNull();
  });
});
