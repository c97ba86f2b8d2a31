/** `ipvsadm -Sn` (--save): virtual services and their servers. It holds no names, and doesn't say what an address is. */

import { buildCluster } from "../cluster/build.js";
import { oneLine, refuseConflicts } from "../cluster/checks.js";
import { type Cluster, parseAddress, SCTP, TCP, UDP } from "../cluster/cluster.js";
import { inferNetwork } from "../cluster/infer-network.js";
import { InvalidInputError } from "../errors.js";
import { assemble, emptyPort, type FoundPort } from "./assemble.js";

const MAX_LINES = 10_000_000;
const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ["-t", TCP],
  ["-u", UDP],
  ["--tcp-service", TCP],
  ["--udp-service", UDP],
  ["--sctp-service", SCTP],
]);
/** ipvsadm's default where `-p` has no number. */
const DEFAULT_PERSISTENCE_SECONDS = 300;

/** Reads ipvsadm's rules. Throws InvalidInputError that names the line. */
export function importIpvsadm(text: string): { cluster: Cluster; report: string[] } {
  const ports = new Map<string, FoundPort>();
  const schedulers = new Set<string>();
  let marks = 0;
  let otherServers = 0;
  const lines = text.split("\n");
  if (lines.length > MAX_LINES) throw new InvalidInputError(`ipvsadm: more than ${MAX_LINES} lines`);
  for (const [index, raw] of lines.entries()) {
    const words = raw.trim().split(/\s+/);
    const where = `ipvsadm, line ${index + 1}`;
    if (words[0] === "" || words[0]!.startsWith("#")) continue;
    if (words[0] !== "-A" && words[0] !== "-a") {
      throw new InvalidInputError(`${where}: expected -A or -a, not "${oneLine(words[0]!, 40)}"`);
    }
    // Services by firewall mark have no address; kube-proxy makes none.
    if (words[1] === "-f") {
      if (words[0] === "-A") marks++;
      continue;
    }
    const protocol = PROTOCOLS.get(words[1] ?? "");
    const frontend = addressPort(words[2]);
    if (protocol === undefined || !frontend) {
      if (/^\[/.test(words[2] ?? "")) continue;
      throw new InvalidInputError(
        `${where}: expected -t, -u or --sctp-service with ADDRESS:PORT (save with -n)`,
      );
    }
    const key = `${protocol} ${words[2]}`;
    const options = optionsOf(words.slice(3));
    if (words[0] === "-A") {
      if (ports.has(key)) throw new InvalidInputError(`${where}: ${oneLine(words[2]!, 40)} is given twice`);
      const port = emptyPort(protocol, frontend.port);
      port.clusterIp = frontend.address;
      const seconds = options.get("-p");
      if (seconds !== undefined)
        port.affinitySeconds = /^\d{1,9}$/.test(seconds) ? Number(seconds) : DEFAULT_PERSISTENCE_SECONDS;
      schedulers.add(options.get("-s") ?? "wlc");
      ports.set(key, port);
      continue;
    }
    const port = ports.get(key);
    const server = addressPort(options.get("-r"));
    if (!port)
      throw new InvalidInputError(
        `${where}: a server of ${oneLine(words[2]!, 40)}, which is no virtual service yet`,
      );
    if (!server) throw new InvalidInputError(`${where}: expected -r ADDRESS:PORT`);
    // Weight 0: being drained, no new connection goes there.
    if (options.get("-w") === "0") otherServers++;
    else port.endpoints.push({ ...server, local: false });
  }
  const { records } = assemble(ports.values());
  if (records.length === 0)
    throw new InvalidInputError("ipvsadm holds no virtual service with an IPv4 address");
  refuseConflicts(records);
  const cluster = buildCluster(records, inferNetwork(records), {
    kind: "imported",
    format: "ipvsadm",
    parameters: {
      virtualServices: ports.size,
      schedulers: [...schedulers].slice(0, 20).map((name) => oneLine(name, 20)),
    },
  });
  return {
    cluster,
    report: [
      `${cluster.services} addresses with ${cluster.servicePorts} ports and ${cluster.endpoints} endpoints, from ${ports.size} virtual services (scheduler ${oneLine([...schedulers].join(", "), 60)})`,
      "every address is taken as a cluster IP: IPVS does not tell external addresses and NodePorts from them, nor masquerade, policies and source ranges",
      ...(otherServers > 0
        ? [`left out: ${otherServers} servers of weight 0, which get no new connection`]
        : []),
      ...(marks > 0 ? [`left out: ${marks} virtual services by firewall mark`] : []),
    ],
  };
}

/** Options with the word behind them; one without is there with an empty value. */
function optionsOf(words: readonly string[]): Map<string, string> {
  const options = new Map<string, string>();
  for (const [i, word] of words.entries()) {
    if (!word.startsWith("-")) continue;
    const next = words[i + 1] ?? "";
    options.set(word, next.startsWith("-") ? "" : next);
  }
  return options;
}

function addressPort(text: string | undefined): { address: number; port: number } | undefined {
  const match = /^([\d.]+):(\d{1,5})$/.exec(text ?? "");
  const address = match ? parseAddress(match[1]!) : undefined;
  const port = Number(match?.[2]);
  return address === undefined || !(port >= 1 && port <= 65_535) ? undefined : { address, port };
}
