import { expect, test } from "vitest";
import { readFixture } from "../../../test/fuzz-import.js";
import { importCluster } from "../../formats/detect.js";
import { kubeProxyOptionsFor } from "./kube-proxy.js";

const { cluster } = importCluster(readFixture("kube-proxy/1.36.3/no-pod-range/nftables.nft"));

test("options of kube-proxy: a dump's flags hold where none is given", () => {
  expect(kubeProxyOptionsFor(cluster, {})).toEqual({ kubeProxy: "1.36", podDetector: false });
});

test("options of kube-proxy: what is given goes before a dump's flags", () => {
  expect(kubeProxyOptionsFor(cluster, { "kube-proxy": "1.34", "pod-range": "10.1.0.0/16" })).toEqual({
    kubeProxy: "1.34",
  });
});

test("options of kube-proxy: a cluster file with flags that no option takes is refused", () => {
  const source = { ...cluster.source, parameters: { flags: { kubeProxy: "0.1" } } };
  expect(() => kubeProxyOptionsFor({ ...cluster, source }, {})).toThrow(/kubeProxy "0\.1": give one of/);
  const odd = { ...cluster.source, parameters: { flags: [1] } };
  expect(() => kubeProxyOptionsFor({ ...cluster, source: odd }, {})).toThrow(/import it again/);
});
