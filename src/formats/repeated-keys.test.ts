import { describe, expect, it } from "vitest";
import { parseUniqueJson } from "../cluster/unique-json.js";
import { importCluster } from "./detect.js";

const SERVICE = `"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}`;
const SPEC = `"clusterIP": "10.0.0.1", "ports": [{"port": 80}]`;

describe("a key that one object has twice", () => {
  it.each([
    ["JSON of Kubernetes", `{${SERVICE}, "spec": {${SPEC}, "clusterIP": "10.0.0.2"}}`],
    [
      "two objects in one",
      `{${SERVICE}, "spec": {${SPEC}},\n${SERVICE.replace('"a"', '"b"')}, "spec": {${SPEC}}}`,
    ],
    ["JSON lines", `{${SERVICE}, "spec": {${SPEC}}}\n{${SERVICE}, "spec": {${SPEC}}, "spec": {${SPEC}}}`],
    ["a key that is escaped", `{${SERVICE}, "spec": {${SPEC}, "cluster\\u0049P": "10.0.0.2"}}`],
    ["YAML in flow style", `{${SERVICE.replaceAll('"', "")}, spec: {${SPEC}}, kind: Service}`],
    ["YAML", `kind: Service\nkind: Service\nmetadata: {name: a}\n`],
    ["nft -j", `{"nftables": [{"metainfo": {}}], "nftables": []}`],
    [
      "cilium service list",
      `[{"spec": {"flags": {}, "frontend-address": {"ip": "10.0.0.1", "port": 1, "ip": "10.0.0.2"}}}]`,
    ],
    ["cilium bpf lb list", `{"10.0.0.1:80/TCP (0)": [], "10.0.0.1:80/TCP (0)": []}`],
    ["a cluster of lbscale", `{"lbscale": "cluster", "version": 1, "services": [], "services": []}`],
  ])("is refused in %s", (_format, text) => {
    expect(() => importCluster(text)).toThrow("is given twice in one");
  });

  it("is no matter where two objects have it, or a string looks like one", () => {
    const text = `{"a": {"b": 1}, "c": [{"b": 2}, {"b": "\\"b\\":"}], "b": "{\\"a\\": 1, \\"a\\": 2}" }`;
    expect(parseUniqueJson(text)).toEqual(JSON.parse(text));
  });

  it("is named with its line", () => {
    expect(() => parseUniqueJson('{\n"a": 1,\n"a": 2}')).toThrow('"a" is given twice in one object (line 3)');
  });
});
