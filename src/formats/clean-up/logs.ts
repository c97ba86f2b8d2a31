/** Dumps in logs: what journald, kubectl, containerd and klog write in front of each line, and rules within a message. */

import { InvalidInputError } from "../../errors.js";

const TIME = String.raw`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)`;
const HOST_AND_UNIT = String.raw`\S+ [^\s:[\]]+`;

/** In front of each line of a log. What follows is as its program wrote it, indented or not. */
const PREFIXES: readonly RegExp[] = [
  // journalctl, syslog: `Nov 29 12:00:00 node kube-proxy[123]: `
  new RegExp(
    String.raw`^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? ${HOST_AND_UNIT}(?:\[\d+\])?:(?: |$)`,
  ),
  // journalctl -o short-iso
  new RegExp(String.raw`^${TIME} ${HOST_AND_UNIT}\[\d+\]:(?: |$)`),
  // kubectl logs --timestamps; /var/log/pods
  new RegExp(`^${TIME}(?: std(?:out|err) [FP])?(?: |$)`),
  // kubectl logs --prefix
  /^\[pod\/[^\]\s]+\](?: |$)/,
  // docker compose logs
  /^[\w./-]+ +\| /,
];
/** Lines of journalctl's own. */
const JOURNAL_LINE = /^-- (?:Logs begin|Journal begins|Boot |Reboot|No entries)/;
/** Prefixes within prefixes: a timestamp within a pod's. */
const ROUNDS = 3;
/** Lines above the log that may be anything. */
const LINES_ABOVE = 50;

/** A text without what a log puts in front of its lines; unchanged where it is no log. Line numbers stay. */
export function withoutLog(whole: string): string {
  let text = containerLog(whole);
  for (let round = 0; round < ROUNDS; round++) {
    const prefix = prefixOf(text);
    if (prefix === undefined) break;
    text = text
      .split("\n")
      .map((line) => (JOURNAL_LINE.test(line) ? "" : line.replace(prefix, "")))
      .join("\n");
  }
  return messageOf(text);
}

function prefixOf(text: string): RegExp | undefined {
  const above = text.slice(0, LINES_ABOVE * ONE_LINE).split("\n", LINES_ABOVE);
  return PREFIXES.find((prefix) => above.filter((line) => prefix.test(line)).length > 1);
}

const ONE_LINE = 4096;

/** Docker's json-file driver: `{"log":"…\n","stream":"stdout","time":"…"}`, and journalctl -o json: `{"__CURSOR":…,"MESSAGE":"…"}`. */
function containerLog(text: string): string {
  if (!/^\s*\{"(?:log|__[A-Z_]+|MESSAGE)" ?: ?"/.test(text)) return text;
  const parts: string[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const entry = parsed(line);
    if (typeof entry !== "object" || entry === null) return text;
    const { log, MESSAGE } = entry as { log?: unknown; MESSAGE?: unknown };
    const message = typeof MESSAGE === "string" ? `${MESSAGE}\n` : log;
    if (typeof message !== "string") return text;
    parts.push(message);
  }
  return parts.join("");
}

/** `"Restoring iptables" rules="*filter\n…"` of kube-proxy -v=9, with Go's quotation marks; with --logging-format=json. */
const QUOTED = [' rules="', '"rules":"'] as const;
/** The same before 1.20: `Restoring iptables rules: *filter`, and the rest below. */
const BELOW = " rules: ";
const TABLE_AND_END = /^\*(?:raw|mangle|nat|filter)(?:\\n|\r?\n)/;

/** Where rules begin behind a sign, from a place on; undefined where none do. */
function rulesBehind(text: string, sign: string, from = 0): number | undefined {
  for (let at = text.indexOf(sign, from); at >= 0; at = text.indexOf(sign, at + 1)) {
    const start = at + sign.length;
    if (TABLE_AND_END.test(text.slice(start, start + 12))) return start;
  }
  return undefined;
}

/** Rules within one message. */
function messageOf(text: string): string {
  for (const quoted of QUOTED) {
    const start = rulesBehind(text, quoted);
    if (start === undefined) continue;
    const line = endOfLine(text, start);
    if (rulesBehind(text, quoted, line) !== undefined)
      throw new InvalidInputError(
        'the log holds several syncs ("Restoring iptables"), of which each may write a part of the rules: give the message of one full sync, or the output of iptables-save',
      );
    return `${unescaped(text.slice(start, endOfQuote(text, start, line)))}\n`;
  }
  const below = rulesBehind(text, BELOW);
  if (below !== undefined) return text.slice(below);
  if (/^\s*"/.test(text)) {
    const inner = parsed(text);
    if (typeof inner === "string") return inner;
  }
  // In one line, as printf's %q and a variable of a shell have it.
  const isOneLine = !text.trim().includes("\n") && !/^\s*[[{]/.test(text);
  return isOneLine && text.includes("\\n") ? unescaped(text) : text;
}

function endOfQuote(text: string, start: number, limit: number): number {
  for (let at = start; at < limit; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at;
  }
  return limit;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

const ESCAPED: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "", '"': '"', "\\": "\\" };

function unescaped(text: string): string {
  return text.replaceAll(/\\([ntr"\\])/g, (_, sign: string) => ESCAPED[sign]!);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Signs that a common start may end with: what follows belongs to the text. */
const AFTER_PREFIX = /^[\s|:>]$/;

/**
 * Without what every line begins with (stern's name of a pod, a table's border, marks of a quotation); undefined where there
 * is nothing that ends where a line's own text may begin.
 */
export function withoutCommonStart(text: string): string | undefined {
  const lines = text.split("\n");
  const filled = lines.filter((line) => line.trim() !== "");
  let common = filled[0] ?? "";
  for (const line of filled) {
    let same = 0;
    while (same < common.length && common[same] === line[same]) same++;
    common = common.slice(0, same);
  }
  let length = common.length;
  while (length > 0 && !AFTER_PREFIX.test(common[length - 1]!)) length--;
  if (filled.length < 2 || common.slice(0, length).trim() === "") return undefined;
  return lines.map((line) => line.slice(length)).join("\n");
}

/** `cat -n`, `nl`, `grep -n ''`: each line with its number. */
const NUMBERED = /^ {0,9}(\d{1,8})(?:\t|:|\| ?| {2})/;
const COUNTED = 3;

/** A head above numbers that are a table's own, not those of lines: cilium service list. */
const NUMBERS_HEAD = /^ *ID +/;

/** Without the numbers of lines, where the first lines count up by one. */
export function withoutNumbers(text: string): string {
  let expected: number | undefined;
  let counted = 0;
  for (const line of text.slice(0, LINES_ABOVE * ONE_LINE).split("\n", LINES_ABOVE)) {
    const found = NUMBERED.exec(line);
    if (!found && line.trim() === "") continue;
    if (!found) {
      if (counted > 0 || NUMBERS_HEAD.test(line)) return text;
      continue;
    }
    const number = Number(found[1]);
    if (number !== (expected ?? number)) return text;
    expected = number + 1;
    counted++;
  }
  if (counted < COUNTED) return text;
  return text
    .split("\n")
    .map((line) => line.replace(NUMBERED, ""))
    .join("\n");
}
