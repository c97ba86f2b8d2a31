/** JSON in which no key is given twice: `JSON.parse` keeps the last in silence, and a service is lost. */

import { InvalidInputError } from "../errors.js";
import { oneLine } from "./checks.js";

/**
 * Parses JSON.
 *
 * @throws SyntaxError for what is no JSON
 * @throws InvalidInputError that names a key which one object has twice, and its line
 */
export function parseUniqueJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  refuseRepeatedKeys(text);
  return value;
}

/** One pass over text that is JSON: a string that a colon follows is a key of the innermost object. */
function refuseRepeatedKeys(text: string): void {
  /** The keys so far of each open object and array; made where the first key is met. */
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at++) {
    const sign = text.charCodeAt(at);
    if (sign === OPEN_BRACE || sign === OPEN_BRACKET) open.push(undefined);
    else if (sign === CLOSE_BRACE || sign === CLOSE_BRACKET) open.pop();
    else if (sign === QUOTE) {
      const end = endOfString(text, at);
      let next = end + 1;
      while (isSpace(text.charCodeAt(next))) next++;
      if (text.charCodeAt(next) === COLON) {
        const key = keyOf(text.slice(at, end + 1));
        const depth = open.length - 1;
        const keys = open[depth] ?? new Set();
        open[depth] = keys;
        if (keys.has(key)) {
          const line = text.slice(0, at).split("\n").length;
          throw new InvalidInputError(
            `key "${oneLine(key, 60)}" is given twice in one object (line ${line}): give each object on its own`,
          );
        }
        keys.add(key);
      }
      at = next - 1;
    }
  }
}

const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET, QUOTE, BACKSLASH, COLON] = Array.from(
  '{}[]"\\:',
  (sign) => sign.charCodeAt(0),
);

function isSpace(sign: number): boolean {
  return sign === 0x20 || (sign >= 0x09 && sign <= 0x0d);
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}

/** `"a"` may be written `"\u0061"` too. */
function keyOf(quoted: string): string {
  return quoted.includes("\\") ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
}
