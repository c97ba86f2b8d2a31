/**
 * The table that `cilium-dbg service list` prints (cilium-dbg/cmd/service_list.go), as what `-o json` prints of the same:
 *
 * ```text
 * ID   Frontend               Service Type   Backend
 * 3    10.96.0.10:53/UDP      ClusterIP      1 => 10.244.1.69:53/UDP (active)
 *                                            2 => 10.244.1.109:53/UDP (active)
 * ```
 *
 * Protocols are there since 1.17, types since 1.6, states since 1.10.
 */

import { oneLine } from "../../cluster/checks.js";
import { InvalidInputError } from "../../errors.js";

/** A frontend with its first backend, if it has one. `/i`: the scope of the cluster's own traffic. */
const ROW =
  /^(?:\d{1,10}\s+)?(\[[\d.:a-f]{2,45}\]|[\d.]{7,15}):(\d{1,5})(?:\/([A-Z]{2,10}))?(\/i)?(?:\s+([A-Z]\w{1,30}))?(?:\s+(\d{1,7} => .*))?$/;
const BACKEND =
  /^(\d{1,7}) => (\[[\d.:a-f]{2,45}\]|[\d.]{7,15}):(\d{1,5})(?:\/[A-Z]{2,10})?(?: \(([a-z]{1,20})\))?(?: \(preferred\))?$/;

interface Row {
  readonly spec: {
    readonly "frontend-address": { ip: string; port: number; protocol: string; scope: string };
    readonly "backend-addresses": { ip: string; port: number; state: string }[];
    readonly flags: { readonly type: string };
  };
}

/** Whether a text is that table. */
export function isServiceTable(text: string): boolean {
  return /^\s*ID +Frontend/.test(text);
}

/** What `-o json` prints, of each row, and kinds of what a cut or filtered table lacks. */
export interface ServiceTable {
  readonly list: readonly Row[];
  readonly lost: readonly string[];
}

/**
 * Reads the table.
 * @throws InvalidInputError that names a row that can't be read, such as one whose addresses are masked; or says that no row has a backend.
 */
export function servicesOfTable(text: string): ServiceTable {
  const list: Row[] = [];
  const lost: string[] = [];
  let expected = 1;
  for (const raw of text.split("\n").slice(1)) {
    const line = raw.slice(0, 500).trim();
    if (line === "" || line.startsWith("#")) continue;
    const row = ROW.exec(line);
    if (row) {
      list.push(rowOf(row));
      expected = 1;
    }
    const cell = row ? row[6] : line;
    if (cell === undefined) continue;
    const backend = BACKEND.exec(cell.trim());
    const last = list.at(-1);
    if (!backend || last === undefined) throw noRow(line);
    const [, slot = "", ip = "", port = "", state = "active"] = backend;
    // They count up from 1.
    if (Number(slot) > expected) lost.push("rows of backends: the table is cut or filtered");
    expected = Number(slot) + 1;
    last.spec["backend-addresses"].push({ ip: plainAddress(ip), port: Number(port), state });
  }
  // Every cluster has an API server behind its first service.
  if (list.every(({ spec }) => spec["backend-addresses"].length === 0))
    throw new InvalidInputError(
      "cilium service list: no frontend has a backend: give the whole output, or -o json",
    );
  return { list, lost };
}

function rowOf([, ip = "", port = "", protocol = "TCP", internal, type = "ClusterIP"]: RegExpExecArray): Row {
  const scope = internal === undefined ? "external" : "internal";
  return {
    spec: {
      "frontend-address": { ip: plainAddress(ip), port: Number(port), protocol, scope },
      "backend-addresses": [],
      flags: { type },
    },
  };
}

function plainAddress(ip: string): string {
  return ip.replace(/^\[|\]$/g, "");
}

function noRow(line: string): InvalidInputError {
  return new InvalidInputError(
    /\d\.[x*]/i.test(line)
      ? `cilium service list: an address is masked in "${oneLine(line, 60)}": give the addresses, made up if need be`
      : `cilium service list: neither a frontend nor a backend in "${oneLine(line, 60)}": give the whole output`,
  );
}
