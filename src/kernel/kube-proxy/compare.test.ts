import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Family } from "../../cluster/family.js";
import { parseObjects } from "../../kubernetes/list-watch/parse.js";
import { formatDifferences } from "../real-program/differences.js";
import { type CompareOptions, compareToModel } from "./compare.js";

const FOLDER = "test/data/kube-proxy";
const objects = [...parseObjects(readFileSync(`${FOLDER}/clusters/kinds.json`, "utf8"))].map(
  ({ object }) => object,
);
const IPTABLES = "iptables.save";
const NFTABLES = "nftables.nft";
const recorded = (file: string): string => readFileSync(`${FOLDER}/1.36.3/kinds/${file}`, "utf8");
const WORDS = { program: "kube-proxy 1.36.3 nftables", what: "rules" };
const START = { objects, ignoreStale: false };
const LATER = { objects, ignoreStale: true };

function comparison(file: string, edit: (dump: string) => string, options: CompareOptions = START) {
  return compareToModel({ [file]: recorded(file) }, { [file]: edit(recorded(file)) }, options);
}

const without = (pattern: RegExp) => (dump: string) => {
  const edited = dump.replace(pattern, "");
  expect(edited).not.toBe(dump);
  return edited;
};

test.each([IPTABLES, NFTABLES])("comparison: %s as it was recorded has no difference from itself", (file) => {
  const { lines, differences } = comparison(file, (dump) => dump);
  expect(lines).toBeGreaterThan(150);
  expect(differences).toEqual([]);
});

test("comparison: a missing rule without a comment of its own is named by its chain", () => {
  const { differences } = comparison(
    IPTABLES,
    without(/^-A KUBE-SVC-\w+ ! -s .*"ns1\/np:p cluster IP".*\n/m),
  );
  expect(differences.map(({ service }) => service)).toContain("ns1/np");
  expect(new Set(differences.map(({ from }) => from))).toEqual(new Set(["kube-proxy", "lbscale"]));
});

test("comparison: a missing element is named by its Service", () => {
  const { differences } = comparison(NFTABLES, without(/10\.96\.0\.11 \. tcp \. 80 : goto [^,]*,\s*/));
  expect(differences).toEqual([
    {
      service: "ns1/plain",
      from: "kube-proxy",
      line: expect.stringContaining("element 10.96.0.11 . tcp . 80"),
    },
  ]);
});

test("comparison: an element that only the model has is a difference", () => {
  const { differences } = comparison(NFTABLES, (dump) =>
    dump.replace(/(map service-nodeports \{[^}]*elements = \{ )/, "$1tcp . 31999 : goto reject-chain, "),
  );
  expect(differences.map(({ from }) => from)).toEqual(["lbscale"]);
});

test("comparison: a chain that nothing leads to counts at the start, and later not", () => {
  const stale = "\tchain endpoint-5GW76CWE-ns1/gone/tcp/__10.244.0.5/8080 {\n\t}\n";
  const real = recorded(NFTABLES).replace(/(\tchain services \{\n)/, `${stale}$1`);
  const compare = (options: typeof START) =>
    compareToModel({ [NFTABLES]: real }, { [NFTABLES]: recorded(NFTABLES) }, options).differences;
  expect(compare(START).map(({ service }) => service)).toEqual(["ns1/gone"]);
  expect(compare(LATER)).toEqual([]);
});

test("comparison: chains that a packet reaches count later too", () => {
  const { differences } = comparison(IPTABLES, without(/^-A KUBE-SEP-\w+ .*"ns1\/plain" .*DNAT.*\n/m), LATER);
  expect(differences.some(({ service }) => service === "ns1/plain")).toBe(true);
});

test("comparison: a family counts where the model has it", () => {
  const real = { [IPTABLES]: recorded(IPTABLES), "ip6tables.save": recorded("ip6tables.save") };
  const compare = (...families: Family[]) =>
    compareToModel(real, { [IPTABLES]: recorded(IPTABLES) }, { ...START, families }).differences.length;
  expect([compare(4), compare(6) > 0, compare(4, 6) > 0]).toEqual([0, true, true]);
  const { [IPTABLES]: _, ...six } = real;
  expect(compareToModel(real, six, { ...START, families: [6] }).differences).toEqual([]);
});

test("diff: a hunk per Service, and rules of none", () => {
  const differences = [
    { service: "ns1/a", from: "kube-proxy", line: "x" },
    { service: undefined, from: "lbscale", line: "y" },
    { service: "ns1/a", from: "lbscale", line: "z" },
  ] as const;
  expect(formatDifferences(differences, { ...WORDS, limit: 100 }).split("\n")).toEqual([
    "--- kube-proxy 1.36.3 nftables",
    "+++ lbscale",
    "@@ ns1/a @@",
    "-x",
    "+z",
    "@@ rules of no Service @@",
    "+y",
    "",
  ]);
  expect(formatDifferences(differences, { ...WORDS, limit: 3 })).toContain("… and 4 lines more");
});

test("comparison: IPVS lets an endpoint of this node loop back, ready or not; a model may leave out one that is not", () => {
  const file = "ipvs.ipset";
  const dump = `create KUBE-LOOP-BACK hash:ip,port,ip\nadd KUBE-LOOP-BACK 10.244.0.5,tcp:8080,10.244.0.5\n`;
  const differing = (ready: boolean) =>
    compareToModel(
      { [file]: dump },
      { [file]: dump.replace(/^add.*\n/m, "") },
      { objects: [...objects, sliceWith("10.244.0.5", ready)], ignoreStale: false },
    ).differences.length;
  expect([differing(true), differing(false)]).toEqual([1, 0]);
});

function sliceWith(address: string, ready: boolean) {
  return {
    ...objects.find(({ kind }) => kind === "EndpointSlice")!,
    endpoints: [{ addresses: [address], conditions: { ready }, nodeName: "me" }],
  };
}

test("comparison: comments of endpoints' rules count until the large-cluster mode begins or ends", () => {
  const edit = (dump: string) =>
    dump.replace(/^(-A KUBE-SEP-\w+ .*) -m comment --comment "?[^" ]*"?( -j KUBE-MARK-MASQ)$/m, "$1$2");
  expect(edit(recorded(IPTABLES))).not.toBe(recorded(IPTABLES));
  expect(comparison(IPTABLES, edit).differences).toHaveLength(2);
  expect(comparison(IPTABLES, edit, { ...START, ignoreComments: true }).differences).toEqual([]);
});
