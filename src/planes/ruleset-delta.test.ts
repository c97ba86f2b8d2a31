/** One change as text for the node's own tools. */

import { describe, expect, it } from "vitest";
import { trials } from "../../test/support/trials.js";
import { applyChange, type Change } from "../cluster/change.js";
import type { Cluster } from "../cluster/cluster.js";
import { FAMILIES, FAMILY_NAMES, type Family } from "../cluster/family.js";
import { generateCluster, MIXED } from "../cluster/generate.js";
import { NotRepresentableError } from "../errors.js";
import { IptablesProgram } from "./iptables/program.js";
import { HandedRules } from "./iptables/rules/handed-rules.js";
import { ChainNames } from "./iptables/rules/rule-comments.js";
import { RuleText } from "./iptables/rules/rule-text.js";
import { iptablesRestore, iptablesSync } from "./iptables/ruleset.js";
import { IpvsProgram } from "./ipvs/program.js";
import { ipvsadmRestore } from "./ipvs/ruleset.js";
import { ipvsadmChange } from "./ipvs/ruleset-delta.js";
import { NftablesProgram } from "./nftables/program.js";
import { nftHandedTransaction } from "./nftables/rules/handed-text.js";
import { nftChange } from "./nftables/ruleset-delta.js";
import type { UpdateMode } from "./plane.js";
import { planeById } from "./registry.js";
import { changedService } from "./shared/changed-services.js";

const clustersOf = (family: Family) => {
  const of = { ...MIXED, seed: 8, ...(family === 6 && { family }) };
  const small = generateCluster({
    ...of,
    services: 60,
    affinityShare: 0.2,
    sourceRangeShare: 1,
    localShare: 0.25,
    endpoints: { kind: "lognormal", median: 3, sigma: 1, max: 20 },
  });
  return {
    small,
    large: generateCluster({ ...of, services: 300, endpoints: { kind: "constant", count: 4 } }),
  };
};
const NAMED = FAMILIES.map((family) => ({ family, name: FAMILY_NAMES[family], ...clustersOf(family) }));

/** Joins and leaves of service-ports that have an endpoint, of every `step`-th. */
function changesOf(cluster: Cluster, step: number): Change[] {
  const changes: Change[] = [];
  for (let servicePort = 0; servicePort < cluster.servicePorts; servicePort += step) {
    changes.push({ kind: "join", servicePort });
    const endpoint = cluster.endpointStart[servicePort]!;
    if (endpoint < cluster.endpointStart[servicePort + 1]!)
      changes.push({ kind: "leave", servicePort, endpoint });
  }
  return changes;
}

const linesOf = (chunks: Iterable<string>) => [...chunks].join("").split("\n").slice(0, -1);

describe.each(NAMED)("iptables-restore --noflush of $name", ({ small, large }) => {
  function syncOf(cluster: Cluster, change: Change, mode: UpdateMode) {
    const options = { seed: 5 };
    const before = new IptablesProgram(cluster, options);
    const after = new IptablesProgram(applyChange(cluster, change), options);
    const service = cluster.service[change.servicePort]!;
    return { before, after, lines: linesOf(iptablesSync({ before, after, service }, mode)) };
  }

  it.each([
    ["partial", "small", small],
    ["full", "small", small],
    ["partial", "large", large],
    ["full", "large", large],
  ] as const)(
    "reads as many rules and chains in a %s sync of a %s cluster as are counted",
    (mode, _, cluster) => {
      for (const change of changesOf(cluster, cluster === small ? 10 : trials(40, 10))) {
        const { before, lines } = syncOf(cluster, change, mode);
        const counted = before.update(change, mode);
        const count = (first: string) => lines.filter((line) => line.startsWith(first)).length;
        expect([count("-A"), count(":")]).toEqual([counted.rules, counted.chains]);
      }
    },
  );

  it("makes of the old rules the new ones, and leaves base chains alone", () => {
    for (const change of changesOf(small, 10)) {
      const { before, after, lines } = syncOf(small, change, "partial");
      const table = load(new Map(), linesOf(iptablesRestore(before)));
      expect(lines.filter((line) => /^:(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)/.test(line))).toEqual(
        [],
      );
      expect(load(table, lines)).toEqual(load(new Map(), linesOf(iptablesRestore(after))));
    }
  });
});

/** What iptables-restore does with rules: chains that are declared are emptied, others stay. */
function load(chains: Map<string, string[]>, lines: readonly string[]): Map<string, string[]> {
  let table = "";
  for (const line of lines) {
    const [word = "", chain = ""] = line.split(" ");
    if (word.startsWith("*")) table = word;
    else if (word.startsWith(":")) chains.set(`${table} ${word.slice(1)}`, []);
    else if (word === "-A") chains.get(`${table} ${chain}`)!.push(line);
    else if (word === "-X") chains.delete(`${table} ${chain}`);
  }
  return chains;
}

describe.each(NAMED)("nft of $name", ({ small, family }) => {
  const table = `${family === 4 ? "ip" : "ip6"} kube-proxy`;
  const textOf = (change: Change, leftover: readonly string[] = []) => {
    const after = applyChange(small, change);
    return nftChange(small, after, small.service[change.servicePort]!, leftover);
  };

  it("reads as many rules, chains and elements of named maps as are counted", () => {
    for (const change of changesOf(small, 1)) {
      const lines = textOf(change).text.split("\n");
      const counted = new NftablesProgram(small).update(change);
      const rules = lines.filter((line) => /^\t\t(?!type |size |flags |timeout )/.test(line));
      const inRules = rules.reduce((sum, rule) => {
        const [, members] = /(?:map|!=) \{ (.*) \}/.exec(rule) ?? [];
        return sum + (members === undefined ? 0 : members.split(", ").length);
      }, 0);
      const flushed = lines.filter((line) => line.startsWith("flush chain")).length;
      // A verdict that changes is an element deleted and one added.
      const elements = lines.filter((line) => / element .* \{ /.test(line)).length;
      expect([rules.length, flushed, elements + inRules]).toEqual([
        counted.rules,
        counted.chains,
        counted.mapWrites,
      ]);
    }
  });

  it("names what lost its user, and deletes it later unless it has one again", () => {
    const servicePort = small.affinitySeconds.findIndex((seconds) => seconds > 0);
    const p = small.portStart[servicePort]!;
    const change: Change = { kind: "leave", servicePort: p, endpoint: small.endpointStart[p]! };
    const { stale, text } = textOf(change);
    const chain = stale.find((object) => object.startsWith("chain endpoint-"))!;
    expect(stale.some((object) => object.startsWith("set affinity-"))).toBe(true);
    expect(text).toContain(`flush ${chain.replace("chain ", `chain ${table} `)}\n`);
    expect(text).not.toContain("\ndelete chain");
    const later = textOf({ kind: "join", servicePort: small.servicePorts - 1 }, stale).text;
    expect(later).toContain(`\ndelete ${chain.replace("chain ", `chain ${table} `)}\n`);
    const again = textOf({ kind: "join", servicePort: p }, stale).text;
    expect(again).not.toContain("\ndelete ");
  });
});

describe.each(NAMED)("ipvsadm of $name", ({ small, large }) => {
  it("makes of the old servers the new ones", () => {
    for (const change of changesOf(small, 10)) {
      const after = applyChange(small, change);
      const servers = new Set(serversIn(ipvsadmRestore(new IpvsProgram(small))));
      for (const line of linesOf([ipvsadmChange(small, after, small.service[change.servicePort]!)])) {
        const server = line.slice(3).replace(/ -m -w \d$/, "");
        if (line.startsWith("-a")) servers.add(server);
        if (line.startsWith("-d")) expect(servers.delete(server)).toBe(true);
      }
      expect([...servers].sort()).toEqual(serversIn(ipvsadmRestore(new IpvsProgram(after))));
    }
  });

  it("takes the weight of a server before it deletes it", () => {
    const change: Change = { kind: "leave", servicePort: 0, endpoint: 0 };
    const [first, second] = linesOf([ipvsadmChange(large, applyChange(large, change), 0)]);
    expect(first).toMatch(/^-e .* -m -w 0$/);
    expect(second).toBe(first!.replace("-e", "-d").replace(" -m -w 0", ""));
  });
});

function serversIn(chunks: Iterable<string>): string[] {
  return linesOf(chunks)
    .filter((line) => line.startsWith("-a"))
    .map((line) => line.slice(3).replace(/ -m -w \d$/, ""))
    .sort();
}

describe("names that would be rules", () => {
  const [{ small, large }] = NAMED as [(typeof NAMED)[number]];
  const change: Change = { kind: "join", servicePort: 0 };
  const hostile = { serviceName: () => "default/a\n-A INPUT -j ACCEPT" };

  it("are refused in changes too", () => {
    const before: Cluster = { ...large, ...hostile };
    const after: Cluster = { ...applyChange(large, change), ...hostile };
    const programs = { before: new IptablesProgram(before), after: new IptablesProgram(after), service: 0 };
    expect(() => [...iptablesSync(programs, "partial")]).toThrow(NotRepresentableError);
    expect(() => nftChange(before, after, 0)).toThrow(NotRepresentableError);
  });

  it.each([
    ["a Service's with a line break", hostile],
    ["a Service's with a quote", { serviceName: () => 'default/a" -j ACCEPT' }],
    ["a port's with a line break", { portName: () => "http\nflush ruleset" }],
    ["a port's with a backslash", { portName: () => "a\\" }],
  ])("are refused in the text that kube-proxy hands over: %s", (_, names) => {
    const textOf = (mode: string, cluster: Cluster) => {
      const plane = planeById(mode);
      return [...plane.updateText!(plane.compile(cluster), change)].join("");
    };
    for (const mode of ["iptables", "nftables"])
      expect(() => textOf(mode, { ...small, ...names })).toThrow(NotRepresentableError);
    // IPVS mode's rules name no Service.
    expect(textOf("ipvs", { ...small, ...names })).toBe(textOf("ipvs", small));
  });

  it("are refused in nft's text where only the Service before the change had them", () => {
    const before = new NftablesProgram({ ...small, ...hostile });
    const services = changedService(0);
    expect(() => nftHandedTransaction({ before, after: new NftablesProgram(small), services })).toThrow(
      NotRepresentableError,
    );
  });

  it.each([RuleText, HandedRules])(
    "would be comments and nothing else, were they let through: %o",
    (Text) => {
      const write = (name: string): string[] => {
        const cluster: Cluster = { ...small, serviceName: () => name };
        const text = new Text(cluster, new ChainNames(cluster));
        new IptablesProgram(cluster).natRules(text);
        return linesOf(text.chunks());
      };
      const lines = write('a"b');
      expect(lines.filter((line) => line.includes('a"b'))).toEqual([]);
      expect(lines.filter((line) => line.includes('--comment "a\\"b')).length).toBeGreaterThan(
        small.services,
      );
      expect(() => write("a\nb")).toThrow(NotRepresentableError);
    },
  );
});
