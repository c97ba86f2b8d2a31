import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ROUTES_OF_A_NODE } from "../../../../test/support/node-routes.js";
import fc from "../../../../test/support/properties.js";
import { formatAddress, maskTo, parseAddress } from "../../../cluster/cluster.js";
import { FibTrie, type RouteType, type RouteWalk } from "./fib-trie.js";

const ip = (text: string) => parseAddress(text)!;
const noWalk = (): RouteWalk => ({ nodes: 0, comparisons: 0, backtracks: 0 });

function trieOf(routes: readonly (readonly [string, number, RouteType])[]): FibTrie {
  const trie = new FibTrie(routes.length);
  for (const [key, prefixLength, type] of routes) trie.insert(ip(key), prefixLength, type);
  return trie;
}

describe("the kernel's routing trie", () => {
  it("has the nodes that Linux 6.18 listed after the same addresses", () => {
    const lines = readFileSync("test/data/fib-trie-6.18.txt", "utf8").trim().split("\n");
    const begin = lines.indexOf("Main:");
    const addresses = lines.slice(2, begin);
    const trie = trieOf([...ROUTES_OF_A_NODE, ...addresses.map((key) => [key, 32, "local"] as const)]);
    const listed = [...trie.list()].flatMap((node) => {
      const indent = " ".repeat(3 * node.depth - 1);
      const key = formatAddress(node.key);
      if ("prefixLengths" in node)
        return [`${indent}|-- ${key}`, ...node.prefixLengths.map((length) => `${indent}   /${length}`)];
      return `${indent}+-- ${key}/${node.prefixLength} ${node.bits} ${node.full} ${node.empty}`;
    });
    // Scopes and types are in the lines of routes only.
    const recorded = lines.slice(begin + 1).map((line) => line.replace(/(^ +\/\d+) .*/, "$1"));
    expect(listed).toEqual(recorded);
    expect(addresses).toHaveLength(130);
  });

  it("finds the longest of the prefixes that cover an address, in whatever order they came", () => {
    const prefix = fc.tuple(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: 0, max: 32 }));
    // Few bits differ, so that prefixes cover each other.
    const near = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 20, max: 32 }));
    const prefixes = fc.array(fc.oneof(prefix, near), { maxLength: 60 });
    const asked = fc.array(
      fc.oneof(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: 0, max: 300 })),
    );
    fc.assert(
      fc.property(prefixes, asked, (routes, addresses) => {
        const trie = new FibTrie(0);
        const known = new Set<string>();
        for (const [address, length] of routes) {
          const base = maskTo(address, length);
          const name = `${base}/${length}`;
          expect(trie.insert(base | 0, length, "unicast")).toBe(!known.has(name));
          known.add(name);
        }
        for (const address of [...addresses, ...routes.map(([key]) => key)]) {
          const covering = routes
            .filter(([key, length]) => maskTo(key, length) === maskTo(address, length))
            .map(([, length]) => length);
          expect(trie.find(address | 0)?.prefixLength).toBe(
            covering.length === 0 ? undefined : Math.max(...covering),
          );
        }
      }),
    );
  });

  it("counts the nodes on the way to an address, each with its key, and the route of the leaf", () => {
    const trie = trieOf([["10.96.0.1", 32, "local"]]);
    const alone = noWalk();
    expect(trie.find(ip("10.96.0.1") | 0, alone)).toEqual({ type: "local", prefixLength: 32 });
    expect(alone).toEqual({ nodes: 1, comparisons: 2, backtracks: 0 });
    trie.insert(ip("10.96.0.2") | 0, 32, "local");
    const two = noWalk();
    trie.find(ip("10.96.0.2") | 0, two);
    expect(two).toEqual({ nodes: 2, comparisons: 3, backtracks: 0 });
  });

  it("counts what it reads again on the way back to a shorter prefix", () => {
    // A node of two children: 0.0.0.0, with the default route, and 10.96.0.1.
    const trie = trieOf([
      ["0.0.0.0", 0, "unicast"],
      ["10.96.0.1", 32, "local"],
    ]);
    const walk = noWalk();
    expect(trie.find(ip("10.96.0.9") | 0, walk)).toEqual({ type: "unicast", prefixLength: 0 });
    // The node, the leaf 10.96.0.1, whose key differs twice over, and 0.0.0.0 with its key and its route.
    expect(walk).toEqual({ nodes: 3, comparisons: 5, backtracks: 0 });
    const nothing = noWalk();
    expect(trieOf([["10.96.0.1", 32, "local"]]).find(ip("10.96.0.9") | 0, nothing)).toBeNull();
    expect(nothing).toEqual({ nodes: 1, comparisons: 2, backtracks: 0 });
  });

  it("doubles a node whose children fill half of twice as many, so that addresses in sequence lie at one depth", () => {
    const trie = new FibTrie(1024);
    for (let i = 0; i < 1024; i++) trie.insert((ip("10.96.0.0") + i) | 0, 32, "local");
    expect([...trie.list()].map(({ depth }) => depth)).toEqual([1, ...new Array<number>(1024).fill(2)]);
    const walk = noWalk();
    trie.find(ip("10.96.3.255") | 0, walk);
    expect(walk.nodes).toBe(2);
  });
});
