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

/** Without the marks of a quotation, where every line has one. */
export function unquoted(text: string): string {
  if (!/^\s*>/.test(text)) return text;
  const lines = text.split("\n");
  return lines.every((line) => line.startsWith(">") || line.trim() === "")
    ? lines.map((line) => line.replace(/^> ?/, "")).join("\n")
    : text;
}

/** Whether a line says that others are left out. */
export function hasElision(text: string): boolean {
  return /^[ \t]{0,80}(?:\.\.\.|…)\r?$/m.test(text);
}
