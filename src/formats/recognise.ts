/**
 * What a text is, by its first line that says so: people paste prompts, code fences and warnings above it. Line by line,
 * and every pattern on a line is anchored: time is linear in the text, whatever it is.
 */

import { withoutCommonStart, withoutLog, withoutNumbers } from "./clean-up/logs.js";
import { hasPrompt, unquoted, untilPrompt, withoutMarkup } from "./clean-up/pastes.js";
import { isScreen, withoutTerminal } from "./clean-up/terminal.js";
import { HINTS, JSON_HEADS, LINES, type TextKind } from "./line-kinds.js";

/** Lines that are no part of a dump. */
export interface SurroundingLines {
  readonly above: number;
  readonly below: number;
  /** One of them, the nearest. */
  readonly line: string;
}

export interface RecognisedText {
  readonly kind: TextKind;
  /** The text from its first line that counts up to the end of its code fence, if it has one. */
  readonly text: string;
  /** What is above it and below it in the same paste, prompts and warnings aside. */
  readonly around?: SurroundingLines;
  /** Whether `watch` cut it to a screen. */
  readonly isScreen?: boolean;
}

/** Lines above the text that may be anything. */
const MAX_OTHER_LINES = 50;
/** Of JSON, so much is looked at. */
const JSON_HEAD = 4096;

/** Tells what a text is. Time is linear in its length. */
export function recognise(whole: string): RecognisedText {
  const text = withoutNumbers(withoutLog(unquoted(withoutMarkup(withoutTerminal(whole)))));
  const found = recogniseLines(text);
  const bare = found.kind === "unknown" ? withoutCommonStart(text) : undefined;
  const again = bare === undefined ? found : recogniseLines(bare);
  const better = again.kind === "unknown" ? found : again;
  return isScreen(text) ? { ...better, isScreen: true } : better;
}

function recogniseLines(text: string): RecognisedText {
  let others = 0;
  let above = 0;
  let nearest = "";
  let pasted = false;
  let fence = "";
  let hint: TextKind | undefined;
  /** Where YAML may begin. */
  let weak: RecognisedText | undefined;
  // At a line's start no YAML has one: what comes above it is prose.
  const hasFence = text.includes("\n```") || text.includes("\n~~~");
  for (let start = 0; start < text.length; ) {
    const end = endOfLine(text, start);
    const line = text.slice(start, Math.min(end, start + JSON_HEAD)).trim();
    const kind = hasPrompt(line) ? undefined : kindOf(line);
    if (line.startsWith("```") || line.startsWith("~~~")) fence = line.slice(0, 3);
    else if (kind !== undefined && kind !== "noise" && !(isYaml(kind) && fence === "" && hasFence)) {
      const found = jsonKind(kind === "weak" ? "kubernetes" : kind, text, start);
      // Comments above are the text's own: they count in the numbers of lines that messages name.
      const first = pasted || found === "cilium" ? start : 0;
      // Below keys at the margin, no YAML has a bracket there: those are HTTP's headers, of curl -i.
      if (kind === "kubernetes" && weak !== undefined && !/^[[{]/.test(text.slice(start, start + 1)))
        return weak;
      const pasteOf = untilPrompt(untilFence(text, first, fence), 0);
      const own = isYaml(kind) ? untilTail(pasteOf) : pasteOf;
      const rest = text.slice(first + own.length);
      const below = linesThatCount(rest, fence);
      const around = {
        above: first === start ? above : 0,
        below: below.length,
        line: nearest || (below[0] ?? ""),
      };
      const recognised = {
        kind: found,
        text: own,
        ...(around.above + around.below > 0 && { around }),
      };
      if (kind !== "weak") return recognised;
      weak ??= recognised;
      if (++others > MAX_OTHER_LINES) break;
    } else if (kind !== "noise" && ++others > MAX_OTHER_LINES) break;
    if (hint === undefined || hint === "log") hint = hintOf(line) ?? hint;
    pasted ||= line !== "" && !line.startsWith("#");
    if (kind === undefined && isOther(line)) {
      above++;
      nearest = line;
    }
    start = end + 1;
  }
  return weak ?? { kind: hint ?? "unknown", text };
}

function kindOf(line: string): TextKind | "noise" | "weak" | undefined {
  const kind = LINES.find(([pattern]) => pattern.test(line))?.[1];
  // `error: …` and `table ip kube-proxy` look like YAML and like a ruleset.
  return (kind === "weak" || kind === "nft") && hintOf(line) !== undefined ? undefined : kind;
}

function hintOf(line: string): TextKind | undefined {
  return HINTS.find(([pattern]) => pattern.test(line))?.[1];
}

/** Whether a line is neither empty nor a command that a person typed. */
function isOther(line: string): boolean {
  return line !== "" && !hasPrompt(line) && !/^(?:[#$%>❯]|```|~~~|\(END\)|Every \d)/.test(line);
}

function linesThatCount(text: string, fence: string): string[] {
  const inFence = fence === "" ? text : text.replace(fence, "");
  return inFence.split("\n").filter((line) => isOther(line.trim()));
}

function isYaml(kind: TextKind | "weak"): boolean {
  return kind === "kubernetes" || kind === "weak";
}

function jsonKind(kind: TextKind, text: string, start: number): TextKind {
  if (kind !== "kubernetes") return kind;
  const head = text.slice(start, start + JSON_HEAD).trimStart();
  return JSON_HEADS.find(([pattern]) => pattern.test(head))?.[1] ?? kind;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

/** Lines below that may be anything. */
const MAX_TAIL_LINES = 8;
/** What YAML and JSON may have at the margin, besides what LINES has. */
const AT_MARGIN = /^(?:[\s}\])"'#.?&!%]|<<:)/;

/** YAML or JSON without lines at the margin that neither has: a shell's prompt, what time and curl say, thanks. */
function untilTail(text: string): string {
  let others = 0;
  for (let end = text.length; end > 0 && others <= MAX_TAIL_LINES; ) {
    const start = text.lastIndexOf("\n", end - 2) + 1;
    const line = text.slice(start, Math.min(end, start + JSON_HEAD));
    if (line.trim() !== "") {
      if (AT_MARGIN.test(line) || (!hasPrompt(line) && kindOf(line) !== undefined)) return text.slice(0, end);
      others++;
    }
    end = start;
  }
  return text;
}

/** Up to the line that closes a code fence. */
function untilFence(text: string, start: number, fence: string): string {
  if (fence === "") return start === 0 ? text : text.slice(start);
  const end = text.indexOf(`\n${fence}`, start);
  return text.slice(start, end < 0 ? text.length : end + 1);
}
