/** Words of nft's language, one pass over the text, without regular expressions that could backtrack on untrusted input. */

/** A line's end is a word too: it ends a statement, as `;` does. */
export const NEWLINE = "\n";

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const HASH = 0x23;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** Splits a ruleset into words, signs (`{`, `}`, `,`, `;`), line ends and quoted strings; comments are left out. */
export class NftLexer {
  readonly #text: string;
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  /** The line of the last word, from 1. */
  get line(): number {
    return this.#line;
  }

  /** The next word, or undefined at the end. A quoted string keeps its first quote, which no other word begins with. */
  next(): string | undefined {
    const text = this.#text;
    for (;;) {
      const code = text.charCodeAt(this.#at);
      switch (code) {
        case SPACE:
        case TAB:
        case CARRIAGE_RETURN:
          this.#at++;
          continue;
        case LINE_FEED:
          this.#at++;
          this.#line++;
          return NEWLINE;
        case OPEN:
        case CLOSE:
        case COMMA:
        case SEMICOLON:
          return text[this.#at++];
        case QUOTE:
          return this.#quoted();
        case HASH:
          this.#at = endOfLine(text, this.#at);
          continue;
        default:
          return Number.isNaN(code) ? undefined : this.#word();
      }
    }
  }

  /** nft's strings have no escapes, and end on their line. To look for that end first would cost a line for each. */
  #quoted(): string {
    const start = this.#at;
    for (;;) {
      const code = this.#text.charCodeAt(++this.#at);
      if (code !== QUOTE && code !== LINE_FEED && !Number.isNaN(code)) continue;
      const string = this.#text.slice(start, this.#at);
      if (code === QUOTE) this.#at++;
      return string;
    }
  }

  #word(): string {
    const start = this.#at;
    for (;;) {
      const code = this.#text.charCodeAt(++this.#at);
      if (
        Number.isNaN(code) ||
        code <= SPACE ||
        code === OPEN ||
        code === CLOSE ||
        code === COMMA ||
        code === SEMICOLON ||
        code === QUOTE
      )
        return this.#text.slice(start, this.#at);
    }
  }
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}
