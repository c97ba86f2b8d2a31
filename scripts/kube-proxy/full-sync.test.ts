import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { generateCluster } from "../../src/cluster/generate.js";
import { EXPORTS } from "../../src/formats/export.js";
import { type Write, writeSchema } from "../../src/kernel/kube-proxy/protocol.js";
import { countWrites } from "../../src/kernel/kube-proxy/writes.js";
import { KUBE_PROXY_RELEASES } from "../../src/planes/kube-proxy-versions.js";
import { KUBE_PROXY_VERSIONS, type KubeProxyVersion } from "../../src/planes/plane.js";
import fc from "../../test/support/properties.js";

const stepsSchema = z.array(z.object({ name: z.string(), writes: z.array(writeSchema) }));

/** N Services of one port with E endpoints each, none on this node, that the real kube-proxy was started on. */
const SIZES = [
  [10, 1],
  [10, 4],
  [40, 3],
] as const;
const RECORDED = KUBE_PROXY_VERSIONS.flatMap((version) => SIZES.map(([n, e]) => ({ version, n, e })));

/** Rules, chains, elements of named sets and maps, and of maps within rules. */
interface Counts {
  readonly rules: number;
  readonly chains: number;
  readonly elements: number;
}

const isOld = (version: KubeProxyVersion) => version < "1.36";

/** Of a Service; 1.37 writes the only endpoint without a map. */
function perService(version: KubeProxyVersion, e: number): Counts {
  if (isOld(version)) return { rules: 2 + 2 * e, chains: 1 + e, elements: 2 + e };
  return { rules: 1, chains: 1, elements: 2 + (version === "1.37" && e === 1 ? 0 : e) };
}

/** Of a table without Services: what is there once, and the node's address among those of NodePorts. */
function constantOf(version: KubeProxyVersion): Counts {
  return isOld(version) ? { rules: 23, chains: 16, elements: 1 } : { rules: 22, chains: 15, elements: 1 };
}

/** Declared and flushed chains, rules, and elements of named sets and maps. */
const commandsOf = (version: KubeProxyVersion, e: number) => (isOld(version) ? 6 + 4 * e : 5);
const COMMANDS: Readonly<Record<KubeProxyVersion, number>> = {
  "1.34": 81,
  "1.35": 81,
  "1.36": 79,
  "1.37": 93,
};

function firstSync(version: KubeProxyVersion, n: number, e: number, mode: string): Write[] {
  const path = `test/data/kube-proxy/${KUBE_PROXY_RELEASES[version]}/${n}x${e}/${mode}.steps.json.gz`;
  const [start] = stepsSchema.parse(JSON.parse(gunzipSync(readFileSync(path)).toString()));
  const ipv4 = start!.writes.filter(
    ({ tool, input }) => tool !== "ip6tables-restore" && !input.includes(" ip6 "),
  );
  expect(ipv4).toHaveLength(1);
  return ipv4;
}

/** The model's rules for such a cluster, counted as kube-proxy's writes are. */
function model(version: KubeProxyVersion, n: number, e: number, format: string): Counts {
  const cluster = generateCluster({
    services: n,
    seed: 7,
    localShare: 0,
    endpoints: { kind: "constant", count: e },
  });
  const { write } = EXPORTS.find(({ id }) => id === format)!;
  const text = [...write(cluster, { kubeProxy: version })].join("");
  return format === "nft" ? countListing(text) : countRestore(text);
}

function countRestore(text: string): Counts {
  const { rules, chains, elements } = countWrites([{ tool: "iptables-restore", args: [], input: text }]);
  return { rules, chains, elements };
}

/** A table as `nft -f` reads it: chains in braces, elements in one command per map. */
function countListing(text: string): Counts {
  const counts = { rules: 0, chains: 0, elements: 0 };
  let isChain = false;
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (/^(chain|set|map) \S+ \{$/.test(line)) {
      isChain = line.startsWith("chain ");
      if (isChain) counts.chains++;
    } else if (/^(add )?elements? /.test(line)) {
      counts.elements += line.slice(line.indexOf("{")).split(", ").length;
    } else if (isChain && line !== "}" && line !== "" && !/^(type|comment) /.test(line)) {
      counts.rules++;
      const [, members] = /\{ ([^}]*) \}/.exec(line) ?? [];
      counts.elements += members?.split(", ").length ?? 0;
    }
    if (line === "}") isChain = false;
  }
  return counts;
}

describe("a full sync of nftables mode", () => {
  it.each(RECORDED)("of $version hands over N times 6 + 4E, or 5, and a constant: N = $n, E = $e", (one) => {
    const { version, n, e } = one;
    const { commands, rules, elements } = countWrites(firstSync(version, n, e, "nftables"));
    expect(commands).toBe(n * commandsOf(version, e) + COMMANDS[version]);
    expect(rules).toBe(n * perService(version, e).rules + constantOf(version).rules);
    expect(elements).toBe(n * perService(version, e).elements + constantOf(version).elements);
  });

  it.each(RECORDED)("of $version writes what the model has: N = $n, E = $e", ({ version, n, e }) => {
    const [write] = firstSync(version, n, e, "nftables");
    const { rules, elements } = countWrites([write!]);
    // Base chains are deleted and declared again, and each that stays is flushed.
    const flushed = write!.input.split("\n").filter((line) => line.startsWith("flush chain ip "));
    expect(model(version, n, e, "nft")).toEqual({ rules, chains: new Set(flushed).size, elements });
  });

  it("grows in the model by the same for each Service, whatever N and E are", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...KUBE_PROXY_VERSIONS),
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 1, max: 12 }),
        (version, n, e) => {
          const each = perService(version, e);
          const { rules, chains, elements } = constantOf(version);
          expect(model(version, n + 1, e, "nft")).toEqual({
            rules: rules + (n + 1) * each.rules,
            chains: chains + (n + 1) * each.chains,
            elements: elements + (n + 1) * each.elements,
          });
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe("a full sync of iptables mode", () => {
  it.each(RECORDED)("of $version hands over N(2 + 3E) + 9 rules: N = $n, E = $e", ({ version, n, e }) => {
    const { rules, chains } = countWrites(firstSync(version, n, e, "iptables"));
    expect([rules, chains]).toEqual([n * (2 + 3 * e) + 9, n * (1 + e) + 10]);
  });

  it.each(RECORDED)("of $version writes what the model has: N = $n, E = $e", ({ version, n, e }) => {
    const [write] = firstSync(version, n, e, "iptables");
    const own = (text: string) =>
      text.split("\n").filter((line) => /^(?:-A|:)[ ]?KUBE-(?!PROXY-CANARY)/.test(line));
    const { write: exported } = EXPORTS.find(({ id }) => id === "iptables")!;
    const cluster = generateCluster({
      services: n,
      seed: 7,
      localShare: 0,
      endpoints: { kind: "constant", count: e },
    });
    // Hook rules are inserted one by one, before the restore.
    const modelled = own([...exported(cluster, { kubeProxy: version })].join(""));
    const real = own(write!.input);
    const count = (lines: readonly string[], sign: string) =>
      lines.filter((line) => line.startsWith(sign)).length;
    expect([count(modelled, "-A"), count(modelled, ":")]).toEqual([count(real, "-A"), count(real, ":")]);
  });

  it("grows in the model by 2 + 3E rules and 1 + E chains for each Service, whatever N and E are", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 12 }), (n, e) => {
        const [fewer, more] = [n, n + 1].map((services) => model("1.37", services, e, "iptables"));
        expect([more!.rules - fewer!.rules, more!.chains - fewer!.chains]).toEqual([2 + 3 * e, 1 + e]);
      }),
      { numRuns: 40 },
    );
  });
});
