/** What a terminal, a pager or an editor leaves in a text: colours, line ends of its own, marks of pages. */

/** SGR and other CSI sequences, window titles, character sets, keypad modes (ECMA-48, and xterm's own). */
const ESCAPES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b\n]*(?:\u0007|\u001b\\)|[()][A-Z0-9]|[0-9=>A-Zc])/g;

/** `less` and `more` between two screens, and `less` below the last. */
const PAGE = /^(?:lines \d+-\d+(?:\/\d+)?(?: \(END\)| \d+%)?|--More--(?:\(\d+%\))?|\(END\)|~)\r?$/;

/** Characters without a width, which pages and chats put in. */
const INVISIBLE = /\u200b|\u200c|\u200d|\u2060|\ufeff/g;

/** The text as its program wrote it. A line more or less would change the numbers that messages name, so none is removed. */
export function withoutTerminal(whole: string): string {
  let text = whole;
  if (text.includes("\u001b")) text = text.replaceAll(ESCAPES, "");
  // Of a terminal that was recorded, and of old Macs.
  if (text.includes("\r\r\n")) text = text.replaceAll("\r\r\n", "\r\n");
  if (text.includes("\r") && !text.includes("\n")) text = text.replaceAll("\r", "\n");
  if (text.includes("\nlines ") || text.includes("\n--More--") || text.includes("(END)"))
    text = text
      .split("\n")
      .map((line) => (PAGE.test(line) ? "" : line))
      .join("\n");
  text = withoutVisibleEnds(text);
  // zsh shows with % that the last line has no end.
  const trimmed = text.trimEnd();
  if (trimmed.endsWith("}%") || trimmed.endsWith("]%")) text = trimmed.slice(0, -1);
  // Pages have spaces that do not break.
  return text.replaceAll("\u00A0", " ").replaceAll(INVISIBLE, "");
}

/** `cat -A` shows a line's end as $ and a tab as ^I. */
function withoutVisibleEnds(text: string): string {
  const head = text.slice(0, 4096).split("\n").slice(0, -1);
  if (head.length < 2 || !head.every((line) => line.endsWith("$"))) return text;
  return text.replaceAll(/\$$/gm, "").replaceAll("^I", "\t");
}

/** Whether a text is one screen of `watch`, which shows what fits. */
export function isScreen(text: string): boolean {
  return /^Every \d+\.\d+s: /m.test(text);
}

/** Below this, one line may be all there is. */
const ONE_LINE = 200;

/** Whether lines became one, as by `echo $(…)` without quotation marks. */
export function isJoined(text: string): boolean {
  return text.length > ONE_LINE && !text.trim().includes("\n");
}
