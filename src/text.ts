/** Numbers as readers see them, and text made safe for where it goes. Names come from files of other people. */

const NS_UNITS = [
  { name: "ns", ns: 1 },
  { name: "µs", ns: 1e3 },
  { name: "ms", ns: 1e6 },
  { name: "s", ns: 1e9 },
] as const;

/** A time with its unit and no more digits than matter: `35 ns`, `1.2 µs`, `3 ms`. */
export function formatNs(ns: number): string {
  if (!Number.isFinite(ns)) return "–";
  if (ns < 0) return `-${formatNs(-ns)}`;
  // The unit in which the rounded number stays below 1000 (999.7 ns is 1 µs).
  const unit = NS_UNITS.find((candidate) => Math.round(ns / candidate.ns) < 1000) ?? NS_UNITS.at(-1)!;
  return `${fewDigits(ns / unit.ns)} ${unit.name}`;
}

// Made when first used: the first of them loads ICU's data, 15 ms, which most commands never need.
let tickFormat: Intl.NumberFormat | undefined;
let countFormat: Intl.NumberFormat | undefined;

function formatTick(value: number): string {
  tickFormat ??= new Intl.NumberFormat("en-US", { maximumSignificantDigits: 6 });
  return tickFormat.format(value);
}

/** Formats times of one axis in one unit, that of the largest: `0`, `0.5 µs`, `1 µs`. */
export function nsFormatter(largestNs: number): (ns: number) => string {
  const unit = NS_UNITS.findLast((candidate) => largestNs >= candidate.ns) ?? NS_UNITS[0];
  return (ns) => (ns === 0 ? "0" : `${formatTick(ns / unit.ns)} ${unit.name}`);
}

function fewDigits(value: number): string {
  if (value >= 10 || value === 0) return String(Math.round(value));
  return String(Number(value >= 1 ? value.toFixed(1) : value.toPrecision(1)));
}

/** A number with thousands separators: `30,000`. */
export function formatCount(count: number): string {
  countFormat ??= new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });
  return countFormat.format(count);
}

/** A number with its noun: `1 Service`, `30,000 Services`. */
export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`;
}

/** Bytes in the unit that leaves the fewest digits: `4 KiB`, `46 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${formatCount(Number(value.toPrecision(value < 100 ? 2 : 3)))} ${units[power]}`;
}

/** Bytes of an axis over powers of ten, in decimal units: `10 kB`, `1 MB`. */
export function formatDecimalBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(bytes) / 3 + 1e-9)));
  return `${formatCount(bytes / 1000 ** power)} ${units[power]}`;
}

// Terminal sequences: CSI (ESC [ … letter), OSC (ESC ] … BEL or ESC \), and two-byte escapes (ECMA-48, 5.3-5.4, 8.3).
const TERMINAL_SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]/g;
// Bidirectional controls ("Trojan Source", CVE-2021-42574), invisible characters, line separators, lone surrogates.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** One line of visible text: no terminal codes, bidirectional controls or line breaks, and at most `maxLength` characters. */
export function plainText(text: string, maxLength = 80): string {
  const line = text
    .replace(TERMINAL_SEQUENCE, "")
    .replace(/[\t\r\n\u2028\u2029]+/g, " ")
    .replace(INVISIBLE, "")
    .replace(/ {2,}/g, " ")
    .trim();
  const characters = [...line];
  return characters.length <= maxLength ? line : `${characters.slice(0, maxLength - 1).join("")}…`;
}

const XML_ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for XML and HTML, in an element or a quoted attribute. Characters XML 1.0 forbids are dropped. */
export function escapeXml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones XML 1.0 forbids
      .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Cs}/gu, "")
      .replace(/[&<>"']/g, (character) => XML_ENTITIES[character]!)
  );
}

/** Text for a line or table cell of Markdown (CommonMark lets any ASCII punctuation be escaped by a backslash). */
export function escapeMarkdown(text: string, maxLength = 200): string {
  return plainText(text, maxLength)
    .replace(/[\\`*_[\]<>|~&#!$]/g, "\\$&")
    .replace(/:\/\//g, "\\://")
    .replace(/^(\d+)([.)])/, "$1\\$2")
    .replace(/^[-+=]/, "\\$&");
}

/**
 * A field of CSV (RFC 4180). Text that a spreadsheet would run as a formula gets an apostrophe in front
 * (OWASP, "CSV Injection"); numbers stay numbers.
 */
export function csvField(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  const safe =
    /^[=+\-@\t\r\n＝＋－＠]/.test(value.trimStart()) || /^[\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n\t']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A word of a shell's command line (POSIX, 2.2.2): nothing within single quotes means anything else. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
