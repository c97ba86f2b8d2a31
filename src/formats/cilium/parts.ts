/**
 * `cilium-dbg bpf lb list --frontends` and `--backends` of one node, joined to what `bpf lb list` prints without an option
 * (cilium-dbg/cmd/bpf_lb_list.go, pkg/maps/lbmap/ipv4.go).
 */

import { oneLine } from "../../cluster/checks.js";
import { InvalidInputError } from "../../errors.js";
import { parseCiliumJson } from "./json.js";

type Pair = readonly [key: string, value: string];

/** `42 0[0] (3) [0x40 0x0]`; without the count in brackets until 1.16, `42 (3) [FLAGS: 0x40]` until 1.11. */
const FRONTEND =
  /^(\d{1,10})(?: \d+(?:\[\d+\])?)? \((\d{1,5})\) \[(?:FLAGS: )?0x([\da-f]{1,4})(?: 0x([\da-f]{1,2}))?\]/;
const SLOT = /\((\d{1,5})\)$/;
const BACKEND = /^[\w-]{1,10}:\/\/(\[[\d.:a-f]{2,50}\]:\d{1,5}|[\d.:a-f]{2,50})(?:\[[^\]]{0,50}\])?$/;
const WITH_PORT = /^(?:[\d.]{7,15}|\[[\d.:a-f]{2,45}\]):\d{1,5}$/;
const REVNAT = /^\[?[\d.:a-f]{2,45}\]?:\d{1,5}$/;

/** Bits of a frontend's flags (pkg/loadbalancer, serviceFlags) and the words that stand for them. */
const KINDS = [
  [0x0100, "LocalRedirect"],
  [0x0008, "HostPort"],
  [0x0020, "LoadBalancer"],
  [0x0002, "NodePort"],
  [0x0001, "ExternalIPs"],
] as const;
const SCOPES = [
  [0x0004, "Local"],
  [0x1000, "InternalLocal"],
  [0x0400, "l7-load-balancer"],
] as const;

/** What the parts hold, by the option that lists it. */
interface Parts {
  readonly frontends: Pair[];
  /** Text of a backend's address, by its id. */
  readonly backends: Map<string, string>;
  /** Entries that add nothing, by option. */
  readonly unused: Record<"--revnat" | "--source-ranges", number>;
}

/** So much of a text shows what its first row is. */
const HEAD_LENGTH = 4096;

/** Whether the first row is one of `--frontends`, whose head was that of the whole list once. */
export function isFrontends(text: string): boolean {
  const head = text.slice(0, HEAD_LENGTH);
  const json = /^\s*\{\s*"[^"]{1,80}"\s*:\s*\[\s*"([^"]{1,200})"/.exec(head);
  const row = json?.[1] ?? head.split("\n")[1]?.trim().split(/ {2,}/).at(-1) ?? "";
  return FRONTEND.test(row);
}

/** The rows of the whole list, and what was left out. */
export interface JoinedList {
  readonly pairs: Pair[];
  readonly unused: string[];
}

/**
 * Joins the lists of one node.
 * @throws InvalidInputError that says which list is missing, or that they lack the backends' ports.
 */
export function joinLists(texts: readonly string[]): JoinedList {
  const parts: Parts = {
    frontends: [],
    backends: new Map(),
    unused: { "--revnat": 0, "--source-ranges": 0 },
  };
  for (const text of texts) for (const pair of rowsOf(text)) sort(pair, parts);
  const { frontends, backends, unused } = parts;
  const whole = "give cilium-dbg bpf lb list without an option";
  const given = [
    ...(frontends.length > 0 ? ["--frontends"] : []),
    ...(backends.size > 0 ? ["--backends"] : []),
    ...Object.entries(unused).flatMap(([option, count]) => (count > 0 ? [option] : [])),
  ].join(", ");
  if (frontends.length === 0 || backends.size === 0) {
    const missing = frontends.length === 0 ? "--frontends" : "--backends";
    throw new InvalidInputError(
      `this is cilium bpf lb list ${given}, and without ${missing} it does not say which backends are whose: ${whole}`,
    );
  }
  if (![...backends.values()].some((address) => WITH_PORT.test(address))) {
    throw new InvalidInputError(
      `cilium bpf lb list --backends shows no ports here, so it can't be joined with --frontends: ${whole}, or cilium-dbg service list -o json`,
    );
  }
  return {
    pairs: frontends.map(([key, value]) => [key, joined(key, value, backends)]),
    unused: Object.entries(unused).flatMap(([option, count]) =>
      Array.from({ length: count }, () => `entry of ${option}`),
    ),
  };
}

function sort([key, value]: Pair, { frontends, backends, unused }: Parts): void {
  const backend = BACKEND.exec(value);
  if (FRONTEND.test(value)) frontends.push([key, value]);
  else if (/^\d{1,10}$/.test(key) && backend) backends.set(key, backend[1]!);
  else if (/^\d{1,10}$/.test(key) && REVNAT.test(value)) unused["--revnat"]++;
  else if (/^[\d.:a-f]{2,45}\/\d{1,3} \(\d{1,5}\)$/.test(key)) unused["--source-ranges"]++;
  else
    throw new InvalidInputError(
      `cilium bpf lb list: neither of --frontends nor of --backends: "${oneLine(`${key} ${value}`, 80)}"`,
    );
}

/** A row as the whole list has it: the master's flags in words, a slot's backend by its address. */
function joined(key: string, value: string, backends: ReadonlyMap<string, string>): string {
  const [, id = "", revNat = "", low = "", high = "0"] = FRONTEND.exec(value)!;
  const slot = SLOT.exec(key)?.[1] ?? "0";
  if (slot === "0") {
    const flags = Number.parseInt(low, 16) | (Number.parseInt(high, 16) << 8);
    const kind = KINDS.find(([bit]) => (flags & bit) !== 0)?.[1] ?? "ClusterIP";
    const scopes = SCOPES.filter(([bit]) => (flags & bit) !== 0).map(([, word]) => word);
    return `0.0.0.0:0 (${revNat}) (0) [${[kind, ...scopes].join(", ")}]`;
  }
  const address = backends.get(id);
  return address !== undefined && WITH_PORT.test(address)
    ? `${address} (${revNat}) (${slot})`
    : `backend ${id} not found`;
}

/** Rows of a table or of a JSON object. */
function* rowsOf(text: string): Iterable<Pair> {
  if (/^\s*\{/.test(text)) {
    yield* jsonRows(text);
    return;
  }
  let last = "";
  for (const raw of text.split("\n")) {
    const line = raw.slice(0, 500).trimEnd();
    if (line.trim() === "" || /^(?:SERVICE ADDRESS|ID |SOURCE RANGE)/.test(line)) continue;
    // A further value of the same key is on a line without one.
    const cut = /^\s/.test(line) ? ["", last, line.trim()] : /^(\S+(?: \(\d+\))?)(?:\s+(\S.*))?$/.exec(line);
    if (!cut) throw new InvalidInputError(`cilium bpf lb list: no key and value in "${oneLine(line, 60)}"`);
    last = cut[1]!;
    yield [last, cut[2] ?? ""];
  }
}

function* jsonRows(text: string): Iterable<Pair> {
  for (const [key, values] of Object.entries(parseCiliumJson(text) as Record<string, unknown>)) {
    for (const value of Array.isArray(values) ? (values as unknown[]) : [values]) {
      if (typeof value !== "string")
        throw new InvalidInputError(`cilium bpf lb list: ${oneLine(key, 60)}: expected text`);
      yield [key, value.slice(0, 500)];
    }
  }
}
