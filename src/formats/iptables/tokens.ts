/** Words of a line of iptables-save: quoted ones may hold spaces, and a backslash before a quote. */

import { InvalidInputError } from "../../errors.js";

export interface Token {
  readonly text: string;
  /** A quoted word is never an option. */
  readonly quoted: boolean;
}

const WORD = /"((?:[^"\\]|\\.)*)"|(\S+)/g;
const MAX_WORDS = 500;

/** Splits a line. Throws InvalidInputError for a quote that doesn't end. */
export function tokenize(line: string, where: string): Token[] {
  const tokens: Token[] = [];
  for (const [, quoted, plain] of line.matchAll(WORD)) {
    if (plain?.startsWith('"'))
      throw new InvalidInputError(
        `${where}: a quote does not end: the line is cut, or broken in two by a terminal`,
      );
    if (tokens.length >= MAX_WORDS) throw new InvalidInputError(`${where}: more than ${MAX_WORDS} words`);
    tokens.push(
      quoted === undefined
        ? { text: plain!, quoted: false }
        : { text: quoted.includes("\\") ? quoted.replace(/\\(.)/g, "$1") : quoted, quoted: true },
    );
  }
  return tokens;
}
