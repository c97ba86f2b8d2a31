/** The real kube-proxy in IPVS mode, in a guest: needs what kube-proxy.test.ts needs. */

import { describe, expect, test } from "vitest";
import { CLI, expectNoDifference, lacking, run } from "./kube-proxy-tools.js";

const RECORD = "dist/scripts/record-kube-proxy.js";

describe.skipIf(lacking !== null)("kube-proxy 1.36 in IPVS mode", () => {
  test("writes today what was recorded", () => {
    const { status, stdout, stderr } = run(RECORD, "--check", "--mode", "ipvs", "1.36");
    expect({ status, stderr, stdout: status === 0 ? "" : stdout }).toEqual({
      status: 0,
      stderr: "",
      stdout: "",
    });
  });

  test("writes a cluster of both families as modelled", () => {
    const { status, stdout } = run(
      ...[CLI, "verify", "--services", "10", "--seed", "5", "--family", "dual"],
      ...["--kube-proxy", "1.36", "--mode", "ipvs"],
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/: 0 differences\n$/) });
  });

  test("writes a cluster and 3 changes as modelled", () => {
    expectNoDifference(100, "1.36", "ipvs", 3);
  });
});
