/** Throws hostile text at the import: whatever comes in, it ends in a cluster or in one line that says what is wrong. */

import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import type { Cluster } from "../src/cluster/cluster.js";
import { clusterDigest } from "../src/cluster/digest.js";
import { generateCluster, MIXED } from "../src/cluster/generate.js";
import { parseCluster, writeCluster } from "../src/cluster/json.js";
import { InputError } from "../src/errors.js";
import { importCluster } from "../src/formats/detect.js";
import { EXPORTS } from "../src/formats/export.js";
import { compileNodeList } from "../src/planes/iptables/rules/node-list.js";
import type { NodeList } from "../src/planes/iptables/rules/saved-rules.js";
import fc from "./support/properties.js";

export interface FuzzOutcome {
  readonly accepted: number;
  readonly refused: number;
}

/** A test file's text. */
export function readFixture(name: string): string {
  return readFileSync(new URL(`data/${name}`, import.meta.url), "utf8");
}

/** Imports `count` hostile inputs. Throws with the shrunk input when one ends in anything but success or a InputError. */
export function fuzzImport(count: number, seed: number): FuzzOutcome {
  let accepted = 0;
  let refused = 0;
  fc.assert(
    fc.property(hostileText(), (text) => {
      if (importOrRefuse(text)) accepted++;
      else refused++;
    }),
    { numRuns: count, seed },
  );
  return { accepted, refused };
}

/** Between files of one node. */
const FILE_BREAK = "\u0001FILE\u0001";

function importOrRefuse(text: string): boolean {
  try {
    const { cluster, nodeList } = importCluster(text.split(FILE_BREAK));
    if (nodeList) walkNodeList(cluster, nodeList);
    // What was let in can be written, and read back by the stricter reader.
    const back = parseCluster([...writeCluster(cluster)].join(""));
    if (clusterDigest(back) !== clusterDigest(cluster))
      throw new Error("written and read back, it is another");
    return true;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    if (/[\p{C}\p{Zl}\p{Zp}]/u.test(error.message) || error.message.length > 700) {
      throw new Error(`no clean line: ${JSON.stringify(error.message)}`);
    }
    return false;
  }
}

/** A node's list that was let in can be walked, from every address of its services. */
function walkNodeList(cluster: Cluster, nodeList: NodeList): void {
  const model = compileNodeList(cluster, nodeList).model(1);
  for (let p = 0; p < cluster.servicePorts; p++) {
    const address = cluster.clusterIp[cluster.service[p]!]! | 0;
    const flow = {
      src: 0x0a0a0a0a,
      sport: 1,
      dst: address,
      dport: cluster.port[p]!,
      protocol: cluster.protocol[p]!,
    };
    model.reset(1);
    const decided = model.lookup(flow.src, flow.sport, flow.dst, flow.dport, flow.protocol, 0);
    model.reset(1);
    if (model.explain(flow, 0).decision !== decided) throw new Error("walk and explanation differ");
  }
}

/** Values that are wrong almost everywhere, each in its own way. */
const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    0,
    1,
    80,
    65535,
    65536,
    1.5,
    1e308,
    "",
    "None",
    "80",
    "::1",
    "fd00::1",
    "10.96.0.1",
    "10.0.0.256",
    "010.0.0.1",
    "10.0.0.0/8",
    "0.0.0.0/0",
    "255.255.255.255",
    "a\nb",
    "\u001b[31m",
    "\u202e",
    "../..",
    "A",
    "x".repeat(400),
    "__proto__",
    "constructor",
    [],
    {},
    [null],
    [[]],
    "ClusterIP",
    "NodePort",
    "LoadBalancer",
    "ExternalName",
    "ClientIP",
    "Local",
    "TCP",
    "UDP",
    "Service",
    "List",
    "ServiceList",
  ),
  fc
    .constantFrom('{"__proto__": {"polluted": 1}}', `${"[".repeat(500)}${"]".repeat(500)}`)
    .map((json): unknown => JSON.parse(json)),
  fc.jsonValue(),
);

function hostileText(): fc.Arbitrary<string> {
  const yaml = readFixture("online-boutique.yaml");
  const slices = readFixture("endpointslices.yaml");
  const boutique = objectsOf(yaml).slice(0, 12);
  const joined = objectsOf(slices);
  const file = [...writeCluster(importCluster(slices).cluster)].join("");
  const short = yaml.split("\n---\n").slice(2, 4).join("\n---\n");
  return fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.json(),
    yamlSoup(),
    prefixOf(fc.constantFrom(short, slices, file, JSON.stringify(joined))),
    scratched(fc.constantFrom(short, slices, file)),
    mutated(fc.constantFrom<unknown>(...boutique), 6).map((object) => JSON.stringify([object, ...boutique])),
    mutated(fc.constant<unknown>(joined), 3).map((object) => JSON.stringify(object)),
    mutated(fc.constant<unknown>(JSON.parse(file)), 3).map((object) => JSON.stringify(object)),
    ...nodeTables(),
  );
}

/** What nodes print, damaged: by characters, by words that are wrong almost everywhere, by lines in another order. */
function nodeTables(): fc.Arbitrary<string>[] {
  const names = [
    "kube-proxy-1.5.iptables-save",
    "kube-proxy-1.12.iptables-save",
    "kube-proxy-1.31.iptables-save",
    "kube-proxy.nft",
  ];
  const field = (name: string) => readFixture(`field/${name}`);
  const save = field("kube-proxy-1.36.3.iptables-save");
  const texts = [
    ...[...names, "kube-proxy.ipvsadm-save", "cilium-bpf-lb-list.txt", "cilium-service-list.txt"].map(
      (name) => readFixture(`nodes/${name}`),
    ),
    field("kube-proxy-1.35.4.nft"),
    field("kube-proxy-1.37.2.nft"),
    field("kube-proxy-1.36.3.nft").replaceAll(/^(\t\t[a-z].*)$/gm, "$1 # handle 7"),
    [save, field("ip6tables.save")].join(FILE_BREAK),
    ["ipvsadm", "ipset", "save"].map((kind) => field(`ipvs-1.36.3.${kind}`)).join(FILE_BREAK),
    `$ iptables -S -t nat\n${save
      .slice(save.indexOf("*nat"))
      .replaceAll(/^:(\S+) - .*$/gm, "-N $1")
      .replaceAll(/^:(\S+) ACCEPT .*$/gm, "-P $1 ACCEPT")}`,
  ];
  const small = generateCluster({ services: 3, seed: 1, ...MIXED, affinityShare: 0.5 });
  const maps: unknown = JSON.parse([...EXPORTS.find(({ id }) => id === "cilium")!.write(small)].join(""));
  const jsons = ["kube-proxy-nft.json", "cilium-service-list.json"].map((name): unknown =>
    JSON.parse(readFixture(`nodes/${name}`)),
  );
  return [
    prefixOf(fc.constantFrom(...texts)),
    scratched(fc.constantFrom(...texts)),
    reworded(fc.constantFrom(...texts)),
    reworded(fc.constantFrom(...texts)),
    mutated(fc.constantFrom<unknown>(...jsons, maps), 3).map((object) => JSON.stringify(object)),
  ];
}

/** A few words replaced by hostile ones or by others of the text, and a few lines moved. */
function reworded(whole: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const hostile = fc.constantFrom(
    "",
    "!",
    "-1",
    "0",
    "65536",
    "99999999999999999999",
    "10.96.0.1",
    "10.96.0.1/33",
    "10.0.0.0/0",
    "0.0.0.0/0",
    "::1",
    '"',
    "\\",
    "{",
    "}",
    ",",
    "\u0000",
    "\u202e",
    "x".repeat(300),
    "-j",
    "-g",
    "KUBE-SERVICES",
    "KUBE-MARK-MASQ",
    "RETURN",
    "--probability",
    "__proto__",
    "goto",
    "NaN",
  );
  const change = fc.tuple(fc.nat(), fc.oneof(hostile, fc.nat()), fc.boolean());
  return fc.tuple(whole, fc.array(change, { minLength: 1, maxLength: 6 })).map(([text, changes]) => {
    const words = text.split(/([ \n])/);
    const lines = () => words.join("").split("\n");
    for (const [at, word] of changes) {
      words[(at * 2) % words.length] = typeof word === "string" ? word : words[(word * 2) % words.length]!;
    }
    if (!changes[0]![2]) return words.join("");
    const moved = lines();
    const [line] = moved.splice(changes[0]![0] % moved.length, 1);
    moved.splice((changes[0]![0] * 7) % (moved.length + 1), 0, line!);
    return moved.join("\n");
  });
}

function objectsOf(yaml: string): unknown[] {
  return [...parseAllDocuments(yaml)].map((document): unknown => document.toJS());
}

/** Lines out of YAML's own signs. */
function yamlSoup(): fc.Arbitrary<string> {
  const token = fc.constantFrom(
    "kind: Service",
    "kind: List",
    "items:",
    "- ",
    "  ",
    "\n",
    "\t",
    "&a ",
    "*a",
    "<<: ",
    "!!binary ",
    "%YAML 1.1",
    "---",
    "...",
    "? ",
    ": ",
    "|",
    ">",
    "{",
    "}",
    "[",
    "]",
    "'",
    '"',
    "#",
    "metadata: {name: a}",
    "spec: {ports: [{port: 80}]}",
  );
  return fc.array(token, { maxLength: 30 }).map((tokens) => tokens.join(""));
}

function prefixOf(whole: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(whole, fc.double({ min: 0, max: 1, noNaN: true }))
    .map(([text, share]) => text.slice(0, Math.floor(share * text.length)));
}

/** A few characters overwritten, anywhere. */
function scratched(whole: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const scratch = fc.tuple(fc.nat(), fc.string({ unit: "binary", minLength: 1, maxLength: 3 }));
  return fc.tuple(whole, fc.array(scratch, { minLength: 1, maxLength: 5 })).map(([text, scratches]) =>
    scratches.reduce((damaged, [at, garbage]) => {
      const position = at % damaged.length;
      return damaged.slice(0, position) + garbage + damaged.slice(position + garbage.length);
    }, text),
  );
}

/** A copy with up to `most` values replaced, each found by a random walk from the root. */
function mutated(root: fc.Arbitrary<unknown>, most: number): fc.Arbitrary<unknown> {
  const mutation = fc.tuple(fc.array(fc.nat(1000), { minLength: 1, maxLength: 8 }), hostileValue);
  return fc
    .tuple(root, fc.array(mutation, { minLength: 1, maxLength: most }))
    .map(([original, mutations]) => {
      let copy = structuredClone(original);
      for (const [walk, value] of mutations) copy = replaceAt(copy, walk, value);
      return copy;
    });
}

function replaceAt(node: unknown, [step, ...rest]: readonly number[], value: unknown): unknown {
  if (step === undefined || typeof node !== "object" || node === null) return value;
  const keys = Object.keys(node);
  if (keys.length === 0) return value;
  const key = keys[step % keys.length]!;
  const child = replaceAt((node as Record<string, unknown>)[key], rest, value);
  if (Array.isArray(node)) return node.with(Number(key), child);
  return Object.fromEntries(Object.entries(node).map(([k, v]) => [k, k === key ? child : v]));
}
