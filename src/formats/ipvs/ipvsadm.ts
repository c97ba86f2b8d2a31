/** `ipvsadm -Sn` and `ipvsadm -Ln`: virtual services and their servers, without names. */

import { oneLine } from "../../cluster/checks.js";
import { SCTP, TCP, UDP } from "../../cluster/cluster.js";
import type { Family } from "../../cluster/family.js";
import type { Omission } from "../../cluster/omissions.js";
import { parseRawAddress, type RawAddress, rawRangeText } from "../../cluster/raw-addresses.js";
import { InvalidInputError } from "../../errors.js";

const MAX_LINES = 10_000_000;
const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ["-t", TCP],
  ["-u", UDP],
  ["--tcp-service", TCP],
  ["--udp-service", UDP],
  ["--sctp-service", SCTP],
]);
const SAVED_PROTOCOLS: Readonly<Record<string, string>> = { TCP: "-t", UDP: "-u", SCTP: "--sctp-service" };
/** ipvsadm's default where `-p` has no number. */
const DEFAULT_PERSISTENCE_SECONDS = 300;

/** A virtual service and the servers that get new connections. */
export interface VirtualService<Address = number> {
  readonly protocol: number;
  readonly address: Address;
  readonly port: number;
  /** 0 = not persistent. */
  readonly affinitySeconds: number;
  readonly servers: { readonly address: Address; readonly port: number }[];
}

/** Virtual services of both families. */
export interface IpvsTable {
  readonly services: VirtualService<RawAddress>[];
  readonly schedulers: ReadonlySet<string>;
  /** Servers of weight 0. */
  readonly drained: number;
  /** Virtual services by firewall mark, and for every port: kube-proxy makes none. */
  readonly marks: number;
  readonly anyPort: readonly { readonly protocol: number; readonly address: RawAddress }[];
}

/** Reads ipvsadm's rules. Throws InvalidInputError that names the line. */
export function parseIpvsadm(text: string): IpvsTable {
  const services = new Map<string, VirtualService<RawAddress>>();
  const skipped = new Set<string>();
  const schedulers = new Set<string>();
  const anyPort: { protocol: number; address: RawAddress }[] = [];
  const counts = { drained: 0, marks: 0 };
  /** ipvsadm always writes the weight; text that was written by hand may leave it out. */
  let weighed = false;
  for (const { words, where } of linesOf(text)) {
    const [verb, option = "", at = ""] = words;
    if (verb !== "-A" && verb !== "-a") {
      throw new InvalidInputError(`${where}: expected -A or -a, not "${oneLine(verb!, 40)}"`);
    }
    const protocol = PROTOCOLS.get(option);
    const frontend = addressPort(at);
    const key = `${option} ${at}`;
    if (protocol === undefined || !frontend || frontend.port === 0) {
      // A line that is not for us must not refuse the others.
      const other = otherKind(option, at, protocol !== undefined);
      if (other === undefined) {
        throw new InvalidInputError(
          `${where}: expected -t, -u or --sctp-service with ADDRESS:PORT in numbers, not "${oneLine(at, 40)}" (save with -n, and change nothing)`,
        );
      }
      if (verb === "-A") {
        if (other === "marks") counts.marks++;
        else anyPort.push({ protocol: protocol!, address: frontend!.address });
        skipped.add(key);
      } else if (!skipped.has(key)) throw lostServer(where, at);
      continue;
    }
    if (words.indexOf("-A", 1) > 0 || words.indexOf("-a", 1) > 0)
      throw new InvalidInputError(`${where}: several rules in one line: give the output with its line ends`);
    const options = optionsOf(words.slice(3));
    if (verb === "-A") {
      if (services.has(key)) throw new InvalidInputError(`${where}: ${oneLine(at, 40)} is given twice`);
      const seconds = options.get("-p");
      schedulers.add(options.get("-s") ?? "wlc");
      services.set(key, {
        protocol,
        ...frontend,
        affinitySeconds:
          seconds === undefined
            ? 0
            : /^\d{1,9}$/.test(seconds)
              ? Number(seconds)
              : DEFAULT_PERSISTENCE_SECONDS,
        servers: [],
      });
      continue;
    }
    const service = services.get(key);
    const server = addressPort(options.get("-r"));
    if (!service) throw lostServer(where, at);
    if (!server || server.port === 0)
      throw new InvalidInputError(
        `${where}: expected -r ADDRESS:PORT in numbers (save with -n, and change nothing)`,
      );
    if (typeof server.address !== typeof service.address)
      throw new InvalidInputError(
        `${where}: a server of the other family than its virtual service, which kube-proxy makes none of`,
      );
    weighed ||= options.has("-w");
    if (weighed && !options.has("-w")) throw cutOff(where);
    // Weight 0: being drained, no new connection goes there.
    if (options.get("-w") === "0") counts.drained++;
    else service.servers.push(server);
  }
  return { services: [...services.values()], schedulers, anyPort, ...counts };
}

/** Virtual services for every port, of a family: what is sent to their addresses is balanced, and by no Service that is read. */
export function everyPort({ anyPort }: IpvsTable, family: Family): Omission[] {
  return anyPort
    .filter(({ address }) => typeof address === (family === 6 ? "bigint" : "number"))
    .map(({ protocol, address }) => ({
      what: "virtual service for every port",
      packets: [{ protocol, dst: rawRangeText({ base: address, prefixLength: family === 6 ? 128 : 32 }) }],
    }));
}

function cutOff(where: string): InvalidInputError {
  return new InvalidInputError(
    `${where}: a server without its weight or its last columns: the output is cut off, save all of it`,
  );
}

function lostServer(where: string, at: string): InvalidInputError {
  return new InvalidInputError(
    `${where}: a server of ${oneLine(at, 40)}, which is no virtual service yet: the output is cut off above, or in another order`,
  );
}

/** What a virtual service is that no Service of ours can be; undefined for any other line. */
function otherKind(option: string, at: string, hasProtocol: boolean): "marks" | "anyPort" | undefined {
  if (option === "-f" || option === "--fwmark-service") return "marks";
  if (!hasProtocol) return undefined;
  return addressPort(at)?.port === 0 ? "anyPort" : undefined;
}

/** Lines as words, a table of `ipvsadm -L` in the words of `-S`. */
function* linesOf(text: string): Iterable<{ words: string[]; where: string }> {
  let current: string[] = [];
  let number = 0;
  let columns = 0;
  for (const raw of text.split("\n")) {
    if (++number > MAX_LINES) throw new InvalidInputError(`ipvsadm: more than ${MAX_LINES} lines`);
    const words = raw.trim().split(/\s+/);
    const where = `ipvsadm, line ${number}`;
    const [first = ""] = words;
    if (first === "" || first.startsWith("#") || first === "IP") continue;
    if (first === "Prot") {
      if (words[2] === "Scheduler") continue;
      throw new InvalidInputError(
        "this is ipvsadm -L with counters, which shows no scheduler and no weight: give ipvsadm -Sn",
      );
    }
    const protocol = SAVED_PROTOCOLS[first];
    if (first === "->") {
      if (words[1] === "RemoteAddress:Port") {
        columns = words.length;
        continue;
      }
      const [, server = "", , weight] = words;
      columns = Math.max(columns, words.length);
      if (weight === undefined || words.length < columns) throw cutOff(where);
      yield { words: ["-a", ...current, "-r", server, "-w", weight], where };
    } else if (protocol !== undefined || first === "FWM") {
      const [, at = "", scheduler = "", ...flags] = words;
      current = [protocol ?? "-f", at];
      const persistent = flags.indexOf("persistent");
      const seconds = persistent < 0 ? [] : ["-p", flags[persistent + 1] ?? ""];
      yield { words: ["-A", ...current, "-s", scheduler, ...seconds], where };
    } else yield { words, where };
  }
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

/** Also as /proc/net/ip_vs prints those of IPv4: 0A600001:01BB. */
function addressPort(text: string | undefined): { address: RawAddress; port: number } | undefined {
  if (/^[0-9A-F]{8}:[0-9A-F]{4}$/.test(text ?? "")) {
    const [address = "", port = ""] = text!.split(":");
    return { address: Number.parseInt(address, 16), port: Number.parseInt(port, 16) };
  }
  const match = /^(?:([\d.]{7,15})|\[([\da-f:]{2,39})\]):(\d{1,5})$/i.exec(text ?? "");
  const address = match ? parseRawAddress(match[1] ?? match[2]!) : undefined;
  const port = Number(match?.[3]);
  return address === undefined || !(port <= 65_535) ? undefined : { address, port };
}
