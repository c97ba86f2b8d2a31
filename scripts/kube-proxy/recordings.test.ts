import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Cluster } from "../../src/cluster/cluster.js";
import { FAMILIES, type Family, familiesOf, familyOf } from "../../src/cluster/family.js";
import { EXPORTS } from "../../src/formats/export.js";
import { CommandTexts, compareCommands } from "../../src/kernel/kube-proxy/commands.js";
import { nodeFacts } from "../../src/kernel/kube-proxy/driver.js";
import { HandedTexts } from "../../src/kernel/kube-proxy/handover.js";
import {
  type Command,
  commandSchema,
  rulesSchema,
  writeSchema,
} from "../../src/kernel/kube-proxy/protocol.js";
import { unreadyElements } from "../../src/kernel/kube-proxy/unready.js";
import { UpdateCounter } from "../../src/kernel/kube-proxy/writes.js";
import { modelChange } from "../../src/kernel/real-program/model-change.js";
import { modelFamilies } from "../../src/kernel/real-program/model-cluster.js";
import { namesOf } from "../../src/kernel/real-program/object-state.js";
import type { ApiObject, ObjectChange } from "../../src/kubernetes/list-watch/parse.js";
import { isLargeCluster } from "../../src/planes/iptables/rules/nat-rules.js";
import { IpvsProgram } from "../../src/planes/ipvs/program.js";
import { KUBE_PROXY_RELEASES } from "../../src/planes/kube-proxy-versions.js";
import { KUBE_PROXY_VERSIONS, type KubeProxyVersion } from "../../src/planes/plane.js";
import { planeById } from "../../src/planes/registry.js";
import {
  ipsetLines,
  iptablesLines,
  ipvsadmLines,
  nftLines,
  ruleDifferences,
} from "../../src/planes/shared/rules-as-sets.js";
import { type RecordedCluster, recordedClusters } from "./clusters.js";

const stepsSchema = z.array(
  z.object({
    name: z.string(),
    writes: z.array(writeSchema),
    commands: z.array(commandSchema).optional(),
    rules: rulesSchema,
  }),
);
type Steps = z.infer<typeof stepsSchema>;

const MODES = ["iptables", "nftables", "ipvs"] as const;
type Mode = (typeof MODES)[number];

const SAVES = { 4: "iptables.save", 6: "ip6tables.save" } as const;
const TABLES = { 4: "ip kube-proxy", 6: "ip6 kube-proxy" } as const;

/** A file of a mode's rules, and what the model has to have written into it, as sets of lines. */
interface Comparison {
  readonly file: string;
  readonly linesOf: (text: string) => Set<string>;
  readonly model: Set<string>;
}

/** Files of a mode: of each family one, or one for both. */
function comparisons(mode: Mode, parts: readonly Cluster[], version: KubeProxyVersion): Comparison[] {
  const ofBoth = (file: string, format: string, linesOf: Comparison["linesOf"]): Comparison => ({
    file,
    linesOf,
    model: linesOf(parts.map((part) => written(part, format, version)).join("")),
  });
  const saves = (format: string): Comparison[] =>
    parts.map((part) => ({
      file: SAVES[familyOf(part.network)],
      linesOf: iptablesLines,
      model: iptablesLines(written(part, format, version)),
    }));
  if (mode === "iptables") return saves("iptables");
  if (mode === "ipvs")
    return [
      ofBoth("ipvs.ipvsadm", "ipvsadm", ipvsadmLines),
      ofBoth("ipvs.ipset", "ipset", ipsetLines),
      ...saves("ipvs-iptables"),
    ];
  return parts.map((part) => {
    const linesOf = (text: string) => nftLines(text, TABLES[familyOf(part.network)]);
    return { file: "nftables.nft", linesOf, model: linesOf(written(part, "nft", version)) };
  });
}

const RECORDINGS = recordedClusters().flatMap((cluster) =>
  KUBE_PROXY_VERSIONS.flatMap((version) =>
    MODES.flatMap((mode) => {
      const path = `test/data/kube-proxy/${KUBE_PROXY_RELEASES[version]}/${cluster.name}/${mode}.steps.json.gz`;
      return existsSync(path) ? [{ name: cluster.name, version, mode, cluster, path }] : [];
    }),
  ),
);

function stepsOf(path: string): Steps {
  return stepsSchema.parse(JSON.parse(gunzipSync(readFileSync(path)).toString()));
}

/** The cluster before the first change, and after each: one part per family. */
function clustersOf({ objects, options, steps }: RecordedCluster): (readonly Cluster[])[] {
  const facts = { ...nodeFacts(objects), podRange: options.podRange };
  const all = [...objects];
  const parts = () => familiesOf(modelFamilies(all, facts)).filter((part) => part !== undefined);
  return [
    parts(),
    ...steps.map(({ changes }) => {
      for (const change of changes) apply(all, change);
      return parts();
    }),
  ];
}

function apply(objects: ApiObject[], { type, object }: ObjectChange): void {
  const at = objects.findIndex(
    ({ kind, metadata }) => kind === object.kind && metadata.name === object.metadata.name,
  );
  if (type === "ADDED") objects.push(object);
  else if (type === "DELETED") objects.splice(at, 1);
  else objects[at] = object;
}

const written = (cluster: Cluster, format: string, kubeProxy: KubeProxyVersion): string =>
  [...EXPORTS.find(({ id }) => id === format)!.write(cluster, { kubeProxy })].join("");

/** Without what waits to be deleted: up to 1.35, nftables mode flushes a chain first, and deletes it a second later. */
function withoutStale(lines: ReadonlySet<string>): Set<string> {
  const all = [...lines];
  const isStale = (line: string): boolean => {
    const owned = /^(chain|set) ((?:endpoint|affinity|service|local|external|firewall)-\S+)$/.exec(line);
    if (owned === null) return false;
    const [, kind, name] = owned;
    return kind === "chain"
      ? !all.some((other) => other.startsWith(`${line}: `))
      : !all.some((other) => other.startsWith("chain ") && other.includes(`@${name} `));
  };
  const stale = new Set(all.filter(isStale));
  return new Set(all.filter((line) => !stale.has(line) && !stale.has(line.split(": ")[0]!)));
}

/** An endpoint that comes or goes, as a step's name says it. */
function endpointOf(name: string): Parameters<typeof modelChange>[1] | undefined {
  const [, address = "", joined] = /^(\S+) joins (\S+)$/.exec(name) ?? [];
  const namespace = address.includes(":") ? "dual" : "ns1";
  if (joined !== undefined) return { kind: "join", service: `${namespace}/${joined}`, address };
  const [, gone = "", left] = /^(\S+) (?:leaves|of) (\S+?)(?: is no longer ready)?$/.exec(name) ?? [];
  return left === undefined ? undefined : { kind: "leave", service: `ns1/${left}`, address: gone };
}

describe("kube-proxy, recorded over changes", () => {
  it("is there of every version and mode", () => {
    const found = new Set(RECORDINGS.map(({ version, mode }) => `${mode} ${version}`));
    const wanted = KUBE_PROXY_VERSIONS.flatMap((version) => MODES.map((mode) => `${mode} ${version}`));
    for (const each of wanted) expect(found).toContain(each);
  });

  it.each(RECORDINGS)("$version has the rules of the model after each change: $name, $mode", (one) => {
    const clusters = clustersOf(one.cluster);
    const steps = stepsOf(one.path);
    expect(steps.map(({ name }) => name)).toEqual(["start", ...one.cluster.steps.map(({ name }) => name)]);
    for (const [i, { name, rules }] of steps.entries()) {
      for (const { file, linesOf, model } of comparisons(one.mode, clusters[i]!, one.version)) {
        const recorded = rules[file];
        // Of the start they are next to them, and of large clusters they are left out.
        if (recorded === undefined) continue;
        const differences = ruleDifferences(withoutStale(linesOf(recorded)), model);
        expect({ name, file, differences }).toEqual({ name, file, differences: [] });
      }
    }
  });
});

describe("the text that kube-proxy handed over for each change", () => {
  it.each(RECORDINGS)(
    "is that of the model, byte for byte but for the order of lines: $version, $name, $mode",
    (one) => {
      const clusters = clustersOf(one.cluster);
      const texts = ([4, 6] as const).map((family) => ({ family, handed: new HandedTexts(family) }));
      const compile = (parts: readonly Cluster[], family: Family) => {
        const part = parts.find(({ network }) => familyOf(network) === family);
        return part && planeById(one.mode).compile(part, { kubeProxy: one.version });
      };
      let compared = 0;
      for (const [i, { name, writes }] of stepsOf(one.path).entries()) {
        if (i === 0) continue;
        for (const { family, handed } of texts) {
          const [before, after] = [compile(clusters[i - 1]!, family), compile(clusters[i]!, family)];
          if (before === undefined || after === undefined) continue;
          const names = namesOf(one.cluster.steps[i - 1]!.changes);
          const text = handed.compare(writes, { before, after, names });
          if (text === undefined) continue;
          expect({ name, lines: [...text.model].sort() }).toEqual({ name, lines: [...text.real].sort() });
          compared++;
        }
      }
      expect(compared).toBeGreaterThanOrEqual(one.cluster.steps.length);
    },
  );
});

describe("what kube-proxy wrote for an endpoint that comes or goes", () => {
  const isNetfilter = ({ mode }: (typeof RECORDINGS)[number]) => mode !== "ipvs";

  it.each(RECORDINGS.filter(isNetfilter))("is what the model updates: $version, $name, $mode", (one) => {
    const clusters = clustersOf(one.cluster);
    // The change of `dual` is one of IPv6.
    const counter = new UpdateCounter(one.name === "dual" ? 6 : 4);
    let compared = 0;
    for (const [i, { name, writes }] of stepsOf(one.path).entries()) {
      const { rules, chains, elements, deletedChains } = counter.count(writes);
      const expected = updateOf(one.mode, clusters, i, name, one.version);
      if (expected === undefined) continue;
      const isLarge = isLargeCluster(clusters[i]![0]!);
      expect({ name, rules, chains: isLarge ? chains - deletedChains : chains, elements }).toEqual({
        name,
        rules: expected.rules,
        chains: expected.chains,
        elements: expected.mapWrites,
      });
      compared++;
    }
    expect(compared).toBeGreaterThanOrEqual(one.name === "kinds" ? 3 : 1);
  });

  it.each(RECORDINGS.filter((one) => !isNetfilter(one)))(
    "is what the model updates, over netlink and by ipset: $version, $name, $mode",
    (one) => {
      const clusters = clustersOf(one.cluster);
      const steps = stepsOf(one.path);
      const folder = one.path.replace(/[^/]*$/, "");
      let compared = 0;
      for (const [i, { name, rules }] of steps.entries()) {
        const expected = updateOf(one.mode, clusters, i, name, one.version);
        if (expected === undefined) continue;
        const before = (file: string) =>
          i === 1 ? readFileSync(`${folder}${file}`, "utf8") : steps[i - 1]!.rules[file]!;
        const [servers, elements] = (
          [
            ["ipvs.ipvsadm", ipvsadmLines],
            ["ipvs.ipset", ipsetLines],
          ] as const
        ).map(([file, linesOf]) => ruleDifferences(linesOf(before(file)), linesOf(rules[file]!)));
        // A server that goes gets weight 0 first.
        const writes = servers!.reduce(
          (sum, line) => sum + (line.startsWith("- ") ? 2 : 1),
          elements!.length,
        );
        expect({ name, writes }).toEqual({ name, writes: expected.mapWrites });
        compared++;
      }
      expect(compared).toBeGreaterThanOrEqual(one.name === "kinds" ? 3 : 1);
    },
  );

  it.each(RECORDINGS.filter((one) => !isNetfilter(one)))(
    "is, next to IPVS, all of its iptables rules each time: $version, $name",
    (one) => {
      const clusters = clustersOf(one.cluster);
      for (const [i, { name, writes }] of stepsOf(one.path).entries()) {
        // A change concerns one family's kube-proxy.
        for (const part of clusters[i]!) {
          const family = familyOf(part.network);
          if (i > 0 && name.includes(":") !== (family === 6)) continue;
          const tool = family === 4 ? "iptables-restore" : "ip6tables-restore";
          const restored = writes.filter((write) => write.tool === tool);
          const model = iptablesLines(written(part, "ipvs-iptables", one.version));
          const own = new Set([...model].filter((line) => / -A KUBE-/.test(line)));
          const wrote = new Set(
            [...iptablesLines(restored.map(({ input }) => input).join("\n"))].filter((line) =>
              / -A KUBE-/.test(line),
            ),
          );
          expect({ name, rules: wrote.size }).toEqual({ name, rules: own.size });
        }
      }
    },
  );
});

describe("the commands that kube-proxy handed over in IPVS mode", () => {
  it.each(RECORDINGS.filter(({ mode }) => mode === "ipvs"))(
    "are those of the model, each with its bytes, and as many of a kind as it updates: $version, $name",
    (one) => {
      const clusters = clustersOf(one.cluster);
      const changed = one.cluster.steps.map(({ changes }) => changes.map(({ object }) => object));
      const isLeftOut = unreadyElements(one.cluster.objects, ...changed);
      const texts = FAMILIES.map((family) => ({ family, commands: new CommandTexts(family) }));
      const words = (commands: readonly Command[]) =>
        commands.map(({ line, bytes }) => `${line}: ${bytes} bytes`).sort();
      let updates = 0;
      for (const [i, { name, commands }] of stepsOf(one.path).entries()) {
        if (commands === undefined) throw new Error(`no commands are recorded of "${name}" in ${one.path}`);
        const handed = texts.flatMap(({ family, commands: own }) => {
          const [before, after] = [clusters[i - 1], clusters[i]].map((parts) => {
            const part = parts?.find(({ network }) => familyOf(network) === family);
            return part && new IpvsProgram(part, { kubeProxy: one.version });
          });
          return after === undefined ? [] : [own.compare({ commands }, { before, after, isLeftOut })];
        });
        for (const { real, model } of handed)
          expect({ name, commands: words(real) }).toEqual({ name, commands: words(model) });
        expect(handed.some(({ real }) => real.length > 0)).toBe(true);
        const known = knownChange(clusters, i, name);
        if (known === undefined) continue;
        const update = new IpvsProgram(known.before, { kubeProxy: one.version }).idleUpdate(known.change);
        expect({ name, differences: compareCommands(handed, update) }).toEqual({ name, differences: [] });
        updates++;
      }
      expect(updates).toBeGreaterThanOrEqual(one.name === "kinds" ? 3 : 1);
    },
  );
});

/** What the model writes for a step; undefined where it is another kind of change. */
function updateOf(
  mode: Mode,
  clusters: readonly (readonly Cluster[])[],
  step: number,
  name: string,
  version: KubeProxyVersion,
) {
  const known = knownChange(clusters, step, name);
  return (
    known && planeById(mode).compile(known.before, { kubeProxy: version }).update(known.change, "partial")
  );
}

/** A step as the model's change. */
function knownChange(clusters: readonly (readonly Cluster[])[], step: number, name: string) {
  const endpoint = endpointOf(name);
  const family = endpoint?.address.includes(":") ? 6 : 4;
  const before = clusters[step - 1]?.find(({ network }) => familyOf(network) === family);
  const change = endpoint && before && modelChange(before, endpoint);
  if (change === undefined) return undefined;
  // The model's newcomer is on another node.
  if (change.kind === "join" && name.includes("10.244.0.56")) return undefined;
  return { before: before!, change };
}
