import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { z } from "zod";
import { writeSchema } from "./protocol.js";
import { countWrites, UpdateCounter, withoutRepeats } from "./writes.js";

const stepsSchema = z.array(z.object({ name: z.string(), writes: z.array(writeSchema) }));

/** What the real kube-proxy wrote when plain's three endpoints became four. */
function join(version: string, mode: string) {
  const text = gunzipSync(readFileSync(`test/data/kube-proxy/${version}/kinds/${mode}.steps.json.gz`));
  const steps = stepsSchema.parse(JSON.parse(text.toString()));
  return countWrites(steps.find(({ name }) => name === "10.244.1.55 joins plain")!.writes);
}

test("writes of a join: nftables since 1.36 declares and flushes a chain, and adds a rule with all endpoints", () => {
  for (const version of ["1.36.3", "1.37.2"]) {
    expect(join(version, "nftables")).toMatchObject({
      rules: 1,
      chains: 1,
      elements: 4,
      deletions: 1,
      commands: 3,
    });
  }
});

test("writes of a join: nftables up to 1.35 writes the chain of every endpoint again", () => {
  for (const version of ["1.34.4", "1.35.4"]) {
    expect(join(version, "nftables")).toMatchObject({ rules: 2 + 2 * 4, chains: 1 + 4, elements: 4 });
  }
});

test("writes of a join: iptables writes the rules of every Service's address, and of the one that changed", () => {
  const counts = ["1.34.4", "1.35.4", "1.36.3", "1.37.2"].map((version) => join(version, "iptables"));
  // SVC and four SEP chains, and the 11 that are in every sync.
  for (const { chains, deletions } of counts) expect([chains, deletions]).toEqual([11 + 4, 0]);
  expect(new Set(counts.map(({ rules }) => rules)).size).toBe(1);
  expect(counts[0]!.rules).toBeGreaterThan(3 * 4 + 10);
});

test("writes: what iptables-restore deletes is counted", () => {
  const input =
    "*nat\n:KUBE-SVC-A - [0:0]\n:KUBE-SEP-B - [0:0]\n-A KUBE-SVC-A -j KUBE-SEP-C\n-X KUBE-SEP-B\nCOMMIT\n";
  expect(countWrites([{ tool: "iptables-restore", args: [], input }])).toEqual({
    bytes: input.length,
    rules: 1,
    chains: 2,
    elements: 0,
    deletions: 1,
    commands: 4,
  });
});

test("writes: an update counts a chain once, elements that come or go, and one family only", () => {
  const lines = [
    "add chain ip kube-proxy service-A-ns/a/tcp/",
    "flush chain ip kube-proxy service-A-ns/a/tcp/",
    "flush chain ip kube-proxy service-B-ns/b/tcp/",
    "add rule ip kube-proxy service-A-ns/a/tcp/ dnat to numgen random mod 2 map { 0 : 10.0.0.1 . 80 , 1 : 10.0.0.2 . 80 }",
    "delete element ip kube-proxy no-endpoint-services { 10.96.0.1 . tcp . 80 }",
    "add rule ip6 kube-proxy services accept",
  ];
  const input = `${lines.join("\n")}\n`;
  const counter = new UpdateCounter();
  expect(counter.count([{ tool: "nft", args: [], input }])).toMatchObject({
    rules: 1,
    chains: 2,
    elements: 3,
  });
  // Of the other family one rule; a set of one address is a comparison, whatever colons it has.
  const six = new UpdateCounter(6);
  expect(six.count([{ tool: "nft", args: [], input }])).toMatchObject({ rules: 1, chains: 0, elements: 0 });
  const one = "add rule ip6 kube-proxy firewall-A ip6 saddr != { fd00::1 } drop\n";
  expect(six.count([{ tool: "nft", args: [], input: one }])).toMatchObject({ rules: 1, elements: 0 });
  const nat = "*nat\n:KUBE-SVC-A - [0:0]\n-A KUBE-SVC-A -j KUBE-SEP-B\nCOMMIT\n";
  const writes = ["iptables-restore", "ip6tables-restore"].map((tool) => ({ tool, args: [], input: nat }));
  expect(counter.count(writes)).toMatchObject({ rules: 1, chains: 1, elements: 0 });
});

test("writes: an update counts a chain that is to be deleted once, however often it is flushed", () => {
  const counter = new UpdateCounter();
  const flush = { tool: "nft", args: [], input: "flush chain ip kube-proxy service-B-ns/b/tcp/\n" };
  const chains = [[flush], [flush], [], [flush]].map((writes) => counter.count(writes).chains);
  expect(chains).toEqual([1, 0, 0, 1]);
});

test("writes: chains that iptables mode declares to delete them are counted, and told from the others", () => {
  const input = [
    "*nat",
    ":KUBE-SVC-A - [0:0]",
    ":KUBE-SEP-B - [0:0]",
    ":KUBE-SEP-C - [0:0]",
    "-A KUBE-SVC-A -j KUBE-SEP-D",
    "-X KUBE-SEP-B",
    "-X KUBE-SEP-C",
    "COMMIT\n",
  ].join("\n");
  const counted = new UpdateCounter().count([{ tool: "iptables-restore", args: [], input }]);
  expect(counted).toEqual({ rules: 1, chains: 3, elements: 0, deletedChains: 2 });
});

test("writes: what a second sync for the same change writes again counts once, line by line", () => {
  const restore = (input: string) => ({ tool: "iptables-restore", args: [], input });
  const [first, second] = ["*nat\n:A - [0:0]\n-A A -j B\nCOMMIT\n", "*nat\n:A - [0:0]\n-X C\n-X C\nCOMMIT\n"];
  const nft = { tool: "nft", args: ["-f", "-"], input: "add table ip kube-proxy\n" };
  expect(withoutRepeats([restore(first!), nft, restore(second!), restore(first!)])).toEqual([
    restore("*nat\n:A - [0:0]\n-A A -j B\nCOMMIT\n-X C\n-X C\n"),
    nft,
  ]);
});
