import { describe, expect, it } from "vitest";
import { withCells } from "../../../test/support/results-lanes.js";
import { firstSyncTime, programmingTime } from "./programming.js";

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
      /^At 5,000 Services one endpoint change takes .* 1\.5\u00a0s\u00a0\(1\.4–1\.7\u00a0s\)$/,
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
});
