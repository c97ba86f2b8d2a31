import { expect, test } from "vitest";
import { parseObject } from "../../kubernetes/list-watch/parse.js";
import { withoutUnready } from "./unready.js";

const slice = (endpoint: object) =>
  parseObject({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "s", namespace: "a", labels: { "kubernetes.io/service-name": "s" } },
    addressType: "IPv6",
    endpoints: [endpoint],
    ports: [{ name: "", port: 80 }],
  }).object;

const LINES = ["add KUBE-6-LOOP-BACK fd00::1,tcp:80,fd00::1", "add KUBE-6-LOOP-BACK fd00::2,tcp:80,fd00::2"];

test("an endpoint that is not ready, or has hints, is left out however its address is written", () => {
  for (const address of ["fd00::1", "fd00::0:1", "FD00:0:0:0:0:0:0:0001"]) {
    const unready = slice({ addresses: [address], conditions: { ready: false } });
    expect(withoutUnready(LINES, [unready])).toEqual([LINES[1]]);
    const hinted = slice({ addresses: [address], hints: { forZones: [{ name: "z" }] } });
    expect(withoutUnready(LINES, [hinted])).toEqual([LINES[1]]);
  }
  expect(withoutUnready(LINES, [slice({ addresses: ["fd00::1"] })])).toEqual(LINES);
});
