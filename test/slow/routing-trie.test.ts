/** The model of the kernel's IPv4 routing trie, held to the kernel's own, in a network namespace. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildCluster } from "../../src/cluster/build.js";
import { formatAddress, maskTo, parseAddress, UDP } from "../../src/cluster/cluster.js";
import { DEFAULT_NETWORK } from "../../src/cluster/network.js";
import { ipvs } from "../../src/planes/ipvs/index.js";
import { FibTrie, type ListedNode } from "../../src/planes/ipvs/routing/fib-trie.js";
import { Random } from "../../src/random.js";
import { ROUTES_OF_A_NODE } from "../support/node-routes.js";

const ip = (text: string) => parseAddress(text)!;
const POD = { address: ip("10.128.0.1"), port: 8080, local: false };

/** Why the kernel can't be asked here; in CI it must be. */
const missing =
  process.getuid?.() !== 0 ||
  spawnSync("sh", ["-c", "command -v ip && command -v unshare && command -v iptables"]).status !== 0
    ? "a network namespace needs Linux, root, ip and iptables"
    : null;
const inKernel = missing !== null && process.env.CI === undefined ? it.skip : it;
/** Some kernels have no tracepoint. */
const whereTraced =
  missing === null && /tracefs$/m.test(readFileSync("/proc/filesystems", "utf8")) ? it : it.skip;

/** What a node has before kube-proxy starts: the loopback's, an interface's, a default route. */
const SETUP = `set -e
ip link set lo up
ip link add uplink type bridge
ip addr add 172.18.0.2/16 broadcast 172.18.255.255 dev uplink
ip link set uplink up
ip route add default via 172.18.0.1 onlink dev uplink
ip link add kube-ipvs0 type dummy 2>/dev/null || ip link add kube-ipvs0 type bridge
`;

/** Adds addresses to a device, in order, and asks for routes; everything goes with the namespace. */
function ask(addresses: readonly number[], asked: readonly number[]) {
  const added = addresses.map((address) => `addr add ${formatAddress(address)}/32 dev kube-ipvs0`);
  const routes = asked.map((address) => `route get fibmatch ${formatAddress(address)}`);
  const script = `${SETUP}
ip -batch - <<'END'
${added.join("\n")}
END
echo ==
cat /proc/net/fib_trie
echo ==
cat /proc/net/fib_triestat
echo ==
ip -batch - <<'END'
${routes.join("\n")}
END
`;
  const { status, stdout, stderr } = spawnSync("unshare", ["--net", "sh"], {
    input: script,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const [, trie, statistics, found] = stdout.split("==\n") as [string, string, string, string];
  return { trie, statistics, found };
}

/** A node as /proc/net/fib_trie prints it, without what the model has not: scopes and types. */
function line(node: ListedNode): string {
  const indent = "   ".repeat(node.depth - 1);
  if ("prefixLengths" in node)
    return `${indent}|-- ${formatAddress(node.key)} /${node.prefixLengths.join(" /")}`;
  const { prefixLength, bits, full, empty } = node;
  return `${indent}+-- ${formatAddress(node.key)}/${prefixLength} ${bits} ${full} ${empty}`;
}

/** The lines of the table main, which is one trie with local where there are no rules of one's own. */
function linesOf(text: string): string[] {
  const lines: string[] = [];
  const [main] = text.split("Local:\n") as [string];
  for (const row of main.split("\n").slice(1)) {
    const prefix = /^ +(\/\d+) /.exec(row);
    if (prefix) lines[lines.length - 1] += ` ${prefix[1]}`;
    else if (row !== "") lines.push(row.slice(2));
  }
  return lines;
}

function modelOf(addresses: readonly number[]): FibTrie {
  const trie = new FibTrie(addresses.length);
  for (const [key, length, type] of ROUTES_OF_A_NODE) trie.insert(ip(key), length, type);
  for (const address of addresses) trie.insert(address, 32, "local");
  return trie;
}

/** The route of an address, as `ip route get fibmatch` begins to print it. */
function routeOf(trie: FibTrie, address: number): string {
  const { type, prefixLength } = trie.find(address)!;
  if (prefixLength === 0) return "default";
  if (prefixLength === 32) return `local ${formatAddress(address)}`;
  const network = `${formatAddress(maskTo(address, prefixLength))}/${prefixLength}`;
  return type === "local" ? `local ${network}` : network;
}

const random = Random.fromSeed(1, "routing-trie");
const distinct = (count: number, next: () => number): number[] => {
  const all = new Set<number>();
  while (all.size < count) all.add(next() >>> 0);
  return [...all];
};
const ADDRESSES: Readonly<Record<string, (count: number) => number[]>> = {
  "in sequence": (count) => Array.from({ length: count }, (_, i) => ip("10.96.0.1") + i),
  "in sequence, added in random order": (count) => {
    const all = ADDRESSES["in sequence"]!(count);
    random.shuffle(all);
    return all;
  },
  "random in the service range": (count) => distinct(count, () => ip("10.96.0.0") + random.below(1 << 20)),
  "random in two ranges": (count) =>
    distinct(count, () => ip(random.below(2) === 0 ? "10.96.0.0" : "198.18.0.0") + random.below(1 << 16)),
};

/** No other test's address: what the kernel is asked about is told apart by it. */
const TRACED = "10.111.222.33";

/**
 * A client on a wire, an address of kube-ipvs0, KUBE-SERVICES' question whether an address is local, and two
 * packets of one connection; prints what the kernel's tracepoint has seen. A rule about connections makes the
 * kernel track them.
 */
const TRACE = `set -e
mount -t tracefs none "$0"
events="$0/instances/lbscale-$$"
mkdir "$events"
unshare --net sleep 60 & client=$!
trap 'kill $client $server; echo 0 > "$events/events/fib/fib_table_lookup/enable"; rmdir "$events"' EXIT
until [ "$(readlink /proc/$client/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
ip link set lo up
ip link add uplink type veth peer name peer netns $client
ip addr add 172.18.0.2/16 dev uplink
ip link set uplink up
for device in all uplink; do echo 0 > /proc/sys/net/ipv4/conf/$device/rp_filter; done
ip link add kube-ipvs0 type dummy 2>/dev/null || ip link add kube-ipvs0 type bridge
ip addr add ${TRACED}/32 dev kube-ipvs0
nsenter --net=/proc/$client/ns/net sh -c 'ip addr add 172.18.0.3/16 dev peer; ip link set peer up; ip route add default via 172.18.0.2'
# Until then the kernel throws packets away.
until ip link show uplink | grep -q 'state UP'; do sleep 0.05; done
until nsenter --net=/proc/$client/ns/net ip link show peer | grep -q 'state UP'; do sleep 0.05; done
iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j ACCEPT
iptables -A INPUT -m conntrack --ctstate NEW
node -e 'require("dgram").createSocket("udp4").bind(5353)' & server=$!
until grep -q :14E9 /proc/net/udp; do sleep 0.05; done
echo 1 > "$events/events/fib/fib_table_lookup/enable"
nsenter --net=/proc/$client/ns/net bash -c 'exec 3<>/dev/udp/${TRACED}/5353; echo a >&3; echo b >&3'
until [ "$(grep -c 'iif [^1].* -> ${TRACED}/' "$events/trace")" -ge 3 ]; do sleep 0.05; done
cat "$events/trace"
`;

/** Searches for the traced address's route, in order: by addrtype in the table local, or for a packet that came in. */
function tracedSearches(): string[] {
  const folder = mkdtempSync(join(tmpdir(), "lbscale-fib-"));
  try {
    const { status, stdout, stderr } = spawnSync("unshare", ["--net", "--mount", "sh", "-c", TRACE, folder], {
      encoding: "utf8",
      timeout: 60_000,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const searches = stdout.split("\n").filter((row) => row.includes(`-> ${TRACED}/`));
    // The client's own, before it sends, enter by its loopback, which is interface 1.
    return searches
      .map((row) =>
        /table 255 oif 0 iif 0/.test(row) ? "addrtype" : /iif 1 /.test(row) ? "client" : "input",
      )
      .filter((search) => search !== "client");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("the model of the kernel's routing trie", () => {
  inKernel.each(
    Object.keys(ADDRESSES).flatMap((kind) => [1, 100, 1000, 10_000].map((count) => [kind, count] as const)),
  )("has the kernel's nodes for addresses %s: %i", (kind, count) => {
    const addresses = ADDRESSES[kind]!(count);
    const others = Array.from({ length: 50 }, () => ip("10.96.0.0") + random.below(1 << 20));
    const asked = [
      ...addresses.slice(0, 50),
      ...others,
      ip("172.18.3.4"),
      ip("203.0.113.9"),
      ip("127.9.9.9"),
    ];
    const { trie, statistics, found } = ask(addresses, asked);
    const model = modelOf(addresses);
    const nodes = [...model.list()];
    expect(nodes.map(line)).toEqual(linesOf(trie));
    const leaves = nodes.filter((node) => "prefixLengths" in node);
    const said = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(statistics)![1]);
    expect({
      leaves: leaves.length,
      internal: nodes.length - leaves.length,
      deepest: Math.max(...leaves.map(({ depth }) => depth - 1)),
    }).toEqual({
      leaves: said("Leaves"),
      internal: said("Internal nodes"),
      deepest: said("Max depth"),
    });
    // `local 10.96.0.1 dev …`, `172.18.0.0/16 dev …`, `default via …`.
    const matched = found.trim().split("\n");
    expect(asked.map((address) => routeOf(model, address))).toEqual(
      matched.map((row) => /^(local )?\S+/.exec(row)![0]),
    );
  });

  whereTraced("is searched twice for the first packet of a connection, and once for the next", () => {
    expect(tracedSearches()).toEqual(["addrtype", "input", "input"]);
    const cluster = buildCluster(
      [{ name: "a/b", clusterIp: ip(TRACED), ports: [{ protocol: UDP, port: 5353, endpoints: [POD] }] }],
      DEFAULT_NETWORK,
      { kind: "synthetic", parameters: {} },
    );
    const connections = ipvs.compile(cluster).connections(1, { fill: 0 });
    const flow = { src: ip("10.255.0.7"), sport: 40_000, dst: ip(TRACED), dport: 5353, protocol: UDP };
    const [first, next] = [1, 2].map(() => {
      const path: string[] = [];
      connections.explainConnect({ ...flow, src: flow.src | 0, dst: flow.dst | 0 }, 0, path);
      return path.filter((step) => step.includes("nodes of its trie"));
    });
    expect([first!.length, next!.length]).toEqual([2, 1]);
  });
});
