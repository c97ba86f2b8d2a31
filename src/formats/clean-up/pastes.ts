/** What people paste around a text: prompts of other commands, quotation marks of mail and chat, lines left out. */

/** A prompt that names its machine, at the start of a line: `root@me:~# `, `[root@me ~]# `. */
const PROMPT = String.raw`(?:\[[\w.-]{1,64}@[^\][\n]{1,64}\]|[\w.-]{1,64}@[\w.-]{1,64}[:~ ][^#$%>\n]{0,200})[#$%>]`;
const PROMPT_LINE = new RegExp(`^${PROMPT}`);
const NEXT_PROMPT = new RegExp(`\\n${PROMPT}`, "g");

/** Whether a line begins with a prompt. */
export function hasPrompt(line: string): boolean {
  return PROMPT_LINE.test(line);
}

/** A text from a place on, up to the prompt of the next command. */
export function untilPrompt(text: string, start: number): string {
  NEXT_PROMPT.lastIndex = start;
  const next = NEXT_PROMPT.exec(text);
  return text.slice(start, next === null ? text.length : next.index + 1);
}

/** Lines above a quotation: who wrote it, and when. */
const ABOVE_QUOTATION = 5;

/** Without the marks of a quotation, where every line has one from the first that does on. */
export function unquoted(text: string): string {
  const lines = text.startsWith(">") || text.includes("\n>") ? text.split("\n") : [];
  const first = lines.findIndex((line) => line.startsWith(">"));
  if (first < 0 || first > ABOVE_QUOTATION) return text;
  return lines.slice(first).every((line) => line.startsWith(">") || line.trim() === "")
    ? lines.map((line) => line.replace(/^> ?/, "")).join("\n")
    : text;
}

/** The text between `<pre>` or `<code>` and its end, as the source of a page has it. */
export function withoutMarkup(text: string): string {
  if (!/^\s*<(?:pre|code)\b/.test(text)) return text;
  return decoded(text.replaceAll(/<\/?(?:pre|code|span|div|br)\b[^<>\n]*>/g, ""));
}

function decoded(text: string): string {
  return text.replaceAll(/&(quot|#34|#39|lt|gt|amp);/g, (_, name: string) => ENTITIES[name]!);
}

const ENTITIES: Readonly<Record<string, string>> = {
  quot: '"',
  "#34": '"',
  "#39": "'",
  lt: "<",
  gt: ">",
  amp: "&",
};

/** Rules as they were before a page or a word processor wrote `&quot;` or “ for their quotation marks, or – for --. */
export function withPlainQuotes(text: string): string {
  return decoded(text)
    .replaceAll(/[“”„]|«[ \u202f]?|[ \u202f]?»/g, '"')
    .replaceAll(/ [–—](?=[a-z])/g, " --");
}

/** Whether a line says that others are left out. */
export function hasElision(text: string): boolean {
  return /^[ \t]{0,80}(?:\.\.\.|…|\[\.\.\.\]) ?\}?\r?$/m.test(text);
}

/** Actions of Go's templates (Helm), and of Jinja. */
const TEMPLATE =
  /\{\{-? ?(?:\.|\$|\/\*|(?:block|default|define|else|end|fail|if|include|index|lookup|nindent|printf|quote|range|required|template|toYaml|tpl|with)\b|[a-z_]+(?: ?\||[.[]| ?\}\}))|\{%-? ?(?:block|else|end|extends|for|if|include|set)/;

/** Whether a text has values that are yet to be filled in. */
export function isTemplate(text: string): boolean {
  return TEMPLATE.test(text) || /: ['"]?\$\{[A-Z_][A-Z0-9_]*\}/.test(text);
}
