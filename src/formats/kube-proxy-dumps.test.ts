import { describe, expect, it } from "vitest";
import { readFixture } from "../../test/fuzz-import.js";
import { type Comparison, differences } from "../../test/same-decisions.js";
import type { Cluster } from "../cluster/cluster.js";
import { formatAddress, formatCidr } from "../cluster/cluster.js";
import { generateCoverageFlows } from "../cluster/coverage-flows.js";
import type { PlaneId } from "../planes/plane.js";
import type { Situation } from "../planes/situation.js";
import { type ImportOptions, importCluster } from "./detect.js";

const field = (name: string) => readFixture(`field/${name}`);
const NODE = 0xc000020a;

/** The 14 Services of all kinds that every dump here was written for, on the node that wrote it. */
function served(network: Cluster["network"]): Cluster {
  return { ...importCluster(field("objects.list.json")).cluster, network };
}

/** Service-ports by cluster IP, whatever they are called. */
function endpointsOf(cluster: Cluster): string[] {
  return Array.from({ length: cluster.servicePorts }, (_, p) => {
    const first = cluster.endpointStart[p]!;
    const endpoints = Array.from(
      { length: cluster.endpointStart[p + 1]! - first },
      (_unused, e) =>
        `${formatAddress(cluster.endpointAddress[first + e]!)}:${cluster.endpointPort[first + e]}`,
    );
    return `${formatAddress(cluster.clusterIp[cluster.service[p]!]!)}:${cluster.port[p]} ${endpoints.sort().join(" ")}`;
  }).sort();
}

interface Dump {
  readonly name: string;
  readonly texts: readonly string[];
  readonly plane: PlaneId;
  readonly writer?: RegExp;
  readonly options?: ImportOptions;
  readonly of?: Comparison["of"];
}

const nft = (version: string, writer: RegExp): Dump => ({
  name: `nftables of ${version}`,
  texts: [field(`kube-proxy-${version}.nft`)],
  plane: "nftables",
  writer,
});

const DUMPS: readonly Dump[] = [
  nft("1.34.4", /kube-proxy 1\.34 or 1\.35,/),
  nft("1.35.4", /kube-proxy 1\.34 or 1\.35,/),
  nft("1.36.3", /kube-proxy 1\.36,/),
  nft("1.37.2", /kube-proxy 1\.37,/),
  {
    name: "iptables",
    texts: [field("kube-proxy-1.36.3.iptables-save")],
    plane: "iptables",
    writer: /kube-proxy 1\.33 or newer/,
    options: { nodeAddresses: [NODE] },
  },
  {
    name: "IPVS with its sets and rules",
    texts: ["ipvsadm", "ipset", "save"].map((kind) => field(`ipvs-1.36.3.${kind}`)),
    plane: "ipvs",
    // IPVS does not hold whose a NodePort without servers is, nor which Services keep internal traffic on the node.
    of: ({ count, internalLocal, destination }: Readonly<Situation>) =>
      !internalLocal && !(count === 0 && destination.includes("node-port")),
  },
];

describe("a dump of kube-proxy", () => {
  it.each(DUMPS)(
    "$name decides as the objects it was written for",
    ({ texts, plane, writer, options, of }) => {
      const { cluster, report } = importCluster(texts, options);
      expect([cluster.services, cluster.servicePorts, cluster.endpoints]).toEqual([14, 14, 22]);
      expect(cluster.network.nodeAddresses).toEqual([NODE]);
      expect(formatCidr(cluster.network.podCidr)).toBe("10.244.0.0/16");
      expect(formatCidr(cluster.network.serviceCidr)).toBe("10.96.0.0/12");
      if (writer) expect(report.join("\n")).toMatch(writer);
      expect(report.join("\n")).not.toContain("not understood");
      const objects = served(cluster.network);
      const flows = generateCoverageFlows(objects, 4_000, 1);
      expect(differences(objects, cluster, flows, { plane, ...(of && { of }) })).toEqual([]);
    },
  );

  const whole = field("kube-proxy-1.37.2.nft");
  const old = field("kube-proxy-1.35.4.nft");
  const VARIANTS: readonly (readonly [name: string, texts: readonly string[]])[] = [
    [
      "with handles (nft -a)",
      [whole.replaceAll(/^(\t\t(?!elements|type|comment|size|flags| ).*)$/gm, "$1 # handle 7")],
    ],
    ["with handles, endpoint chains", [old.replaceAll(/\{$/gm, "{ # handle 3")]],
    ["in numbers (nft -n)", [numeric(whole)]],
    ["in numbers, endpoint chains", [numeric(old)]],
    ["with CRLF", [whole.replaceAll("\n", "\r\n")]],
    ["twice", [whole, whole]],
    ["a family in each file", whole.split(/(?=^table ip6 )/m)],
    ["object by object (nft list map, nft list chain)", objects(whole)],
    ["as a transaction (nft -f, kube-proxy -v=9)", [transaction(whole)]],
    ["as a transaction, endpoint chains", [transaction(old)]],
    [
      "in a code fence, below a prompt",
      [`root@me:~# nft list ruleset\n\`\`\`\n${whole}\`\`\`\nroot@me:~#\n`],
    ],
  ];
  it.each(VARIANTS)("of nftables %s holds the same", (_name, texts) => {
    const { cluster } = importCluster(texts);
    expect(endpointsOf(cluster)).toEqual(endpointsOf(importCluster(whole).cluster));
    expect(cluster.network).toEqual(importCluster(whole).cluster.network);
  });
});

/** As `nft -n` prints. */
function numeric(text: string): string {
  return text
    .replaceAll(/(?<=[ \t])tcp(?= )/g, "6")
    .replaceAll(/(?<=[ \t])udp(?= )/g, "17")
    .replaceAll(/(?<=[ \t])sctp(?= )/g, "132")
    .replaceAll("ct state new", "ct state 0x8")
    .replaceAll("ct status dnat", "ct status 0x20")
    .replaceAll("type local", "type 2");
}

/** Each map, set and chain in a table of its own. */
function objects(text: string): string[] {
  const [ip = ""] = text.split(/^table ip6 /m);
  return [...ip.matchAll(/^\t(?:chain|map|set) .*\{\n(?:\t\t.*\n)*\t\}\n/gm)].map(
    ([object]) => `table ip kube-proxy {\n${object}}\n`,
  );
}

/** As knftables writes it, below the header of klog. */
function transaction(text: string): string {
  const [ip = ""] = text.split(/^table ip6 /m);
  const lines = [
    'I0611 12:34:56.789012       1 proxier.go:1856] "Running nftables transaction" transaction=<',
    'add table ip kube-proxy { comment "rules for kube-proxy" ; }',
  ];
  for (const [, kind, name, body] of ip.matchAll(/^\t(chain|map|set) (\S+) \{\n((?:\t\t.*\n)*)\t\}\n/gm)) {
    const parts = body!
      .replaceAll(/,\n\s+/g, ", ")
      .split("\n")
      .map((line) => line.trim());
    const elements = parts.find((part) => part.startsWith("elements"));
    const head = parts
      .filter((part) => /^(type|comment|flags|timeout)/.test(part))
      .map((part) => part.replace(/;$/, ""));
    lines.push(`add ${kind} ip kube-proxy ${name} { ${head.map((part) => `${part} ;`).join(" ")} }`);
    if (kind === "chain") {
      lines.push(`flush chain ip kube-proxy ${name}`);
      for (const rule of parts.filter((part) => part !== "" && !head.includes(part.replace(/;$/, ""))))
        lines.push(`add rule ip kube-proxy ${name} ${rule}`);
    } else if (elements) {
      for (const element of elements.slice("elements = { ".length, -2).split(", "))
        lines.push(`add element ip kube-proxy ${name} { ${element} }`);
    }
  }
  return `${lines.join("\n\t")}\n >\n`;
}
