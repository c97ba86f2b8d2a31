/** What `cilium service list -o json` and `cilium bpf lb list` (text or JSON) print, as frontends. */

import { z } from "zod";
import { describeIssue, isServiceName, oneLine } from "../../cluster/checks.js";
import { SCTP, TCP, UDP } from "../../cluster/cluster.js";
import { parseRawAddress, type RawAddress } from "../../cluster/raw-addresses.js";
import { InvalidInputError } from "../../errors.js";
import { type Backend, backendKey, type CiliumFrontend, type RawFrontend } from "./frontends.js";
import { SlotCounter } from "./slots.js";

const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ["TCP", TCP],
  ["UDP", UDP],
  ["SCTP", SCTP],
]);
const MAX_LINES = 10_000_000;
const portNumber = z.number().int().min(0).max(65_535);

const serviceSchema = z.object({
  spec: z.object({
    "frontend-address": z.object({
      ip: z.string(),
      port: portNumber.default(0),
      protocol: z.string().default("TCP"),
      scope: z.string().default("external"),
    }),
    "backend-addresses": z
      .array(z.object({ ip: z.string(), port: portNumber.default(0), state: z.string().default("active") }))
      .nullish()
      .transform((list) => list ?? []),
    flags: z
      .object({
        name: z.string().optional(),
        namespace: z.string().optional(),
        type: z.string().default("ClusterIP"),
        trafficPolicy: z.string().optional(),
        extTrafficPolicy: z.string().optional(),
        intTrafficPolicy: z.string().optional(),
      })
      .default({ type: "ClusterIP" }),
  }),
});

export interface ListedFrontends {
  readonly frontends: RawFrontend[];
  /** Kinds of what is left out: host ports, local redirects, frontends without a port, lost backends. */
  readonly skipped: string[];
}

/** Reads `cilium service list -o json`. Throws InvalidInputError that names the service's place and field. */
export function frontendsOfServices(list: readonly unknown[]): ListedFrontends {
  const frontends: RawFrontend[] = [];
  const skipped: string[] = [];
  for (const [i, item] of list.entries()) {
    const parsed = serviceSchema.safeParse(item);
    if (!parsed.success) throw new InvalidInputError(`cilium service [${i}]: ${describeIssue(parsed.error)}`);
    const { "frontend-address": at, "backend-addresses": to, flags } = parsed.data.spec;
    const kind = kindOf(flags.type);
    const address = parseRawAddress(at.ip);
    const protocol = PROTOCOLS.get(at.protocol.toUpperCase());
    if (kind === undefined || address === undefined || protocol === undefined || at.port === 0) {
      skipped.push(
        kind === undefined
          ? `frontend of type ${oneLine(flags.type, 40)}`
          : otherFrontend(address, protocol !== undefined),
      );
      continue;
    }
    const service = `${flags.namespace ?? ""}/${flags.name ?? ""}`;
    frontends.push({
      address,
      port: at.port,
      protocol,
      internal: at.scope === "internal",
      kind,
      externalLocal: (flags.extTrafficPolicy ?? flags.trafficPolicy) === "Local" && kind !== "ClusterIP",
      internalLocal: flags.intTrafficPolicy === "Local" && (kind === "ClusterIP" || at.scope === "internal"),
      affinitySeconds: 0,
      ranges: [],
      service: isServiceName(service) ? service : undefined,
      backends: to.flatMap(({ ip, port, state }) => {
        const backend = parseRawAddress(ip);
        return backend === undefined || port === 0 || state !== "active"
          ? []
          : [{ id: backendKey(backend, port), address: backend, port }];
      }),
    });
  }
  return { frontends, skipped };
}

function kindOf(type: string): CiliumFrontend["kind"] | undefined {
  switch (type) {
    case "ClusterIP":
    case "NodePort":
    case "LoadBalancer":
      return type;
    case "ExternalIPs":
      return "ExternalIP";
    default:
      return undefined;
  }
}

/** `10.96.0.10:53/UDP/i (1)`: until 1.15 without a protocol, which then stands for TCP. */
const LISTED_KEY = /^\[?([\da-f.:]+?)\]?:(\d{1,5})(?:\/([A-Z]{2,10}))?(\/i)?(?: \((\d{1,5})\))?$/;
const LISTED_BACKEND = /^(?:([\d.]+)|\[([\da-f:]+)\]):(\d{1,5})(?:\/[A-Za-z]+)? \(\d+\)/;

/** Kinds of frontends that lbscale's clusters don't have. */
function otherFrontend(address: RawAddress | undefined, hasProtocol: boolean): string {
  if (address === undefined) return "frontend without an address";
  return hasProtocol ? "frontend without a port" : "frontend of another protocol";
}

/** Words of a frontend's flags that say what kind it is (pkg/loadbalancer, SVCType). */
const KINDS: ReadonlyMap<string, CiliumFrontend["kind"] | undefined> = new Map([
  ["ClusterIP", "ClusterIP"],
  ["NodePort", "NodePort"],
  ["LoadBalancer", "LoadBalancer"],
  ["ExternalIPs", "ExternalIP"],
  ["HostPort", undefined],
  ["LocalRedirect", undefined],
]);
/** What replaces a frontend's address and port, or says that a slot's backend is gone. */
const LISTED_VALUE = /^(?:\[?[\da-f.:]+\]?:\d{1,5}(?:\/[A-Za-z]+)? \(|backend \d+ not found)/;

/** Why a frontend with these flags is left out; undefined for one that is not. */
function skippedKind(words: readonly string[]): string | undefined {
  if (words.includes("l7-load-balancer")) {
    return "frontend whose traffic goes to a proxy on the node (L7 load balancing)";
  }
  const kind = words.find((word) => KINDS.has(word));
  if (kind === undefined) return `frontend with flags ${oneLine(words.join(", "), 60)}`;
  return KINDS.get(kind) === undefined ? `frontend of type ${kind}` : undefined;
}

/** Reads `cilium bpf lb list`: lines of frontend and backend, in text or as a JSON object. */
export function frontendsOfList(pairs: Iterable<readonly [key: string, value: string]>): ListedFrontends {
  const found = new Map<string, RawFrontend & { backends: Backend<RawAddress>[] }>();
  const skipped: string[] = [];
  const leftOut = new Set<string>();
  const slots = new SlotCounter();
  let lines = 0;
  for (const [key, value] of pairs) {
    if (++lines > MAX_LINES) throw new InvalidInputError(`cilium bpf lb list: more than ${MAX_LINES} lines`);
    const match = LISTED_KEY.exec(key);
    if (!match)
      throw new InvalidInputError(
        `cilium bpf lb list: no frontend such as 10.96.0.10:53/UDP (1): "${oneLine(key, 60)}"`,
      );
    const address = parseRawAddress(match[1]!);
    const port = Number(match[2]);
    const protocol = PROTOCOLS.get((match[3] ?? "TCP").toUpperCase());
    if (address === undefined || protocol === undefined || !(port >= 1 && port <= 65_535)) {
      // Slots of one frontend are one.
      if (!leftOut.has(key.replace(/ \(\d+\)$/, "")))
        skipped.push(otherFrontend(address, protocol !== undefined));
      leftOut.add(key.replace(/ \(\d+\)$/, ""));
      continue;
    }
    if (!LISTED_VALUE.test(value)) {
      throw new InvalidInputError(
        `cilium bpf lb list: no backend in "${oneLine(value, 60)}": give the list without --frontends, --backends or --revnat`,
      );
    }
    if (value.lastIndexOf("[") > value.lastIndexOf("]"))
      throw new InvalidInputError(
        `cilium bpf lb list is cut off in "${oneLine(value, 60)}": save the whole output`,
      );
    const name = `${address} ${port} ${protocol} ${match[4] ?? ""}`;
    slots.add(name, value);
    const flags = / \[([^[\]]*)\]/.exec(value)?.[1];
    if (flags !== undefined || !found.has(name)) {
      const words = (flags ?? "").split(",").map((word) => word.trim());
      const why = flags === undefined ? undefined : skippedKind(words);
      if (why !== undefined) {
        skipped.push(why);
        leftOut.add(name);
        found.delete(name);
      }
      const kind = words.map((word) => KINDS.get(word)).find((k) => k !== undefined) ?? "ClusterIP";
      if (leftOut.has(name)) continue;
      found.set(name, {
        address,
        port,
        protocol,
        internal: match[4] !== undefined,
        kind,
        externalLocal: words.includes("Local"),
        internalLocal: words.includes("InternalLocal"),
        affinitySeconds: 0,
        ranges: [],
        service: undefined,
        backends: found.get(name)?.backends ?? [],
      });
    }
    if (value.startsWith("backend ")) skipped.push("slot whose backend is not found");
    const to = LISTED_BACKEND.exec(value);
    const backend = to ? parseRawAddress(to[1] ?? to[2]!) : undefined;
    const backendPort = Number(to?.[3]);
    // The master's own line shows 0.0.0.0:0.
    if (backend === undefined || !(backendPort >= 1 && backendPort <= 65_535)) continue;
    found
      .get(name)!
      .backends.push({ id: backendKey(backend, backendPort), address: backend, port: backendPort });
  }
  const frontends = [...found.values()];
  // Every cluster has an API server behind its first service.
  if (
    frontends.length > 0 &&
    frontends.every(({ backends }) => backends.length === 0) &&
    skipped.length === 0
  ) {
    throw new InvalidInputError(
      "cilium bpf lb list: no frontend has a backend: give the whole list, without --frontends",
    );
  }
  return { frontends, skipped: [...skipped, ...slots.missing()] };
}

/** Frontend and backend of each line of the text form. */
export function* pairsOfText(text: string): Iterable<readonly [string, string]> {
  let last = "";
  for (const raw of text.split("\n").slice(1)) {
    // What follows is flags in brackets: a longer line is not Cilium's.
    const line = raw.slice(0, 500).trimEnd();
    if (line.trim() === "" || line.startsWith("#")) continue;
    // A further backend of the same frontend is on a line without one, as `cilium bpf lb list` aligns them.
    const cut = /^\s/.test(line) ? ["", last, line.trim()] : /^(\S+(?: \(\d+\))?)\s+(\S.*)$/.exec(line);
    if (!cut)
      throw new InvalidInputError(`cilium bpf lb list: no frontend and backend in "${oneLine(line, 60)}"`);
    last = cut[1]!;
    yield [last, cut[2]!];
  }
}

/** The same of the JSON form. */
export function* pairsOfJson(data: Readonly<Record<string, unknown>>): Iterable<readonly [string, string]> {
  for (const [key, values] of Object.entries(data)) {
    if (!Array.isArray(values))
      throw new InvalidInputError(`cilium bpf lb list: ${oneLine(key, 60)}: expected an array`);
    for (const value of values as unknown[]) {
      if (typeof value !== "string")
        throw new InvalidInputError(`cilium bpf lb list: ${oneLine(key, 60)}: expected text`);
      yield [key, value.slice(0, 500)];
    }
  }
}
