/**
 * What IPVS mode hands over besides text, its calls of `ipset` and its requests by netlink, against those that lbscale says it
 * makes: command by command, and counted by kind.
 */

import type { Family } from "../../cluster/family.js";
import type { IpvsProgram } from "../../planes/ipvs/program.js";
import {
  commandBytes,
  contestedBy,
  ipsetCreations,
  ipsetRewrites,
  ipvsCommands,
  isAbout,
  readsOfSync,
} from "../../planes/ipvs/text/commands.js";
import type { UpdateCommands } from "../../planes/ipvs/update.js";
import { type CountDifference, compareCounts } from "../real-program/differences.js";
import type { HandedText } from "./handover.js";
import type { Command, Sync } from "./protocol.js";

/** A change as IPVS mode meets it. */
export interface CommandsChange {
  /** Undefined: the first sync. */
  readonly before: IpvsProgram | undefined;
  readonly after: IpvsProgram;
  /** Whether a command is left out of the comparison (`unreadyElements`). */
  readonly isLeftOut?: (line: string) => boolean;
  /** Destinations that had connections when the change was made, in the words of `ipvsadm -R`. */
  readonly connected?: ReadonlySet<string>;
}

/** Commands of both for one change, and what reading them took where that is known. */
export interface HandedCommands {
  readonly real: readonly Command[];
  readonly model: readonly Command[];
  readonly reads: readonly CountDifference[];
}

/** Kinds of commands, by how they begin. */
const KINDS = {
  "virtual services added": "-A ",
  "virtual services changed": "-E ",
  "virtual services deleted": "-D ",
  "destinations added": "-a ",
  "weights set": "-e ",
  "destinations deleted": "-d ",
  "addresses added": "addr add ",
  "addresses deleted": "addr del ",
  "elements of sets added": "add ",
  "elements of sets deleted": "del ",
} as const;
type Kind = keyof typeof KINDS;
type Counts = Readonly<Record<string, number>>;

const BYTES = "bytes of commands";

/** Follows the destinations that wait, with weight 0, until their connections are gone. */
export class CommandTexts {
  readonly #family: Family;
  readonly #waiting = new Set<string>();

  constructor(family: Family) {
    this.#family = family;
  }

  /** A change's commands, those of earlier syncs for it among them. */
  compare(sync: Pick<Sync, "commands" | "reads">, change: CommandsChange): HandedCommands {
    const { before, after, isLeftOut = () => false, connected = new Set<string>() } = change;
    const contested = new Set([...contestedBy(before ?? after), ...contestedBy(after)]);
    const isCompared = (line: string) => !isLeftOut(line) && !isAbout(line, contested);
    const own = sync.commands.filter(({ line }) => familyOf(line) === this.#family && isCompared(line));
    const hasSynced = own.some(({ line }) => line.startsWith("create "));
    const model = [
      ...ipvsCommands(before, after, { connected, waiting: this.#waiting }),
      ...(hasSynced ? [...ipsetCreations(after), ...rewritten(before, after)] : []),
    ].filter(isCompared);
    const written = netCommands(withoutFreshRewrites(own, before, after));
    const hadWaiting = this.#waiting.size > 0;
    const real = this.#withoutLate(written, model);
    this.#follow(real);
    return {
      real,
      model: model.map((line) => ({ line, bytes: commandBytes(line, after) })),
      reads: hadWaiting || this.#waiting.size > 0 ? [] : this.#compareReads(sync, change, real),
    };
  }

  /** Without the deletion of those that waited: when they are looked at is a matter of the clock. */
  #withoutLate(commands: readonly Command[], model: readonly string[]): Command[] {
    const due = new Set(model);
    return commands.filter(({ line }) => {
      if (!line.startsWith("-d ") || due.has(line)) return true;
      return !this.#waiting.delete(line.slice("-d ".length));
    });
  }

  #follow(commands: readonly Command[]): void {
    for (const { line } of commands) {
      const [verb, option, frontend, , address] = line.split(" ");
      const destination = `${option} ${frontend} -r ${address}`;
      if (verb === "-e" && line.endsWith(" -w 0")) this.#waiting.add(destination);
      else if (verb === "-e" || verb === "-d") this.#waiting.delete(destination);
      if (verb !== "-D") continue;
      for (const each of this.#waiting)
        if (each.startsWith(`${option} ${frontend} `)) this.#waiting.delete(each);
    }
  }

  /** Of changes that leave the virtual services as they are: how many syncs there were says what they read. */
  #compareReads(
    { reads }: Pick<Sync, "reads">,
    { before, after }: CommandsChange,
    real: readonly Command[],
  ): CountDifference[] {
    const once = readsOfSync(after);
    const services = reads?.services[this.#family] ?? 0;
    if (reads === undefined || services === 0 || once.services === 0 || before === undefined) return [];
    if (readsOfSync(before).services !== once.services || contestedBy(after).size > 0) return [];
    if (real.some(({ line }) => /^-[AD] /.test(line))) return [];
    const syncs = Math.max(1, Math.round(services / once.services));
    // Before it deletes a destination kube-proxy looks for its connections.
    const looks = real.filter(({ line }) => /^-[de] /.test(line)).length;
    return compareCounts(
      { "virtual services read": services, "destinations read": reads.destinations[this.#family] },
      {
        "virtual services read": syncs * once.services,
        "destinations read": syncs * once.destinations + looks,
      },
    );
  }
}

/** What each sync writes again of what was there before. */
function rewritten(before: IpvsProgram | undefined, after: IpvsProgram): string[] {
  const were = new Set(before === undefined ? [] : ipsetRewrites(before).map(([, added]) => added));
  return ipsetRewrites(after).flatMap((both) => (were.has(both[1]) ? both : []));
}

/** Without what a second sync for the same change writes again of what the first one added. */
function withoutFreshRewrites(
  commands: readonly Command[],
  before: IpvsProgram | undefined,
  after: IpvsProgram,
): readonly Command[] {
  const due = new Set(rewritten(before, after));
  const fresh = ipsetRewrites(after).filter(([, added]) => !due.has(added));
  if (fresh.length === 0) return commands;
  const deletions = new Set(fresh.map(([deleted]) => deleted));
  return commands.filter(({ line }) => !deletions.has(line));
}

/** As the text of a sync, to be compared line by line. */
export function asText({ real, model }: HandedCommands): HandedText {
  return { real: real.map(({ line }) => line), model: model.map(({ line }) => line) };
}

/**
 * Counts on which both do not agree.
 *
 * @param update What `update` says of the change, where it is one that it knows; it then stands for the model's commands.
 */
export function compareCommands(
  all: readonly HandedCommands[],
  update: UpdateCommands | undefined,
): CountDifference[] {
  const real = countCommands(all.flatMap((each) => each.real));
  const model = countCommands(all.flatMap((each) => each.model));
  return [
    ...compareCounts(real, { ...model, ...(update && kindsOf(update)) }),
    ...all.flatMap(({ reads }) => reads),
  ];
}

/** Commands by kind, and their bytes. */
export function countCommands(commands: readonly Command[]): Counts {
  const counts: Record<string, number> = {};
  for (const [kind, start] of Object.entries(KINDS))
    counts[kind] = commands.filter(({ line }) => line.startsWith(start)).length;
  return { ...counts, [BYTES]: commands.reduce((sum, { bytes }) => sum + bytes, 0) };
}

function kindsOf(update: UpdateCommands): Counts {
  const none = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, 0]));
  return {
    ...none,
    ...({
      "destinations added": update.destinationsAdded,
      "weights set": update.weightsSet,
      "destinations deleted": update.destinationsDeleted,
      "elements of sets added": update.elementsAdded,
      "elements of sets deleted": update.elementsDeleted,
    } satisfies Partial<Record<Kind, number>>),
  };
}

/**
 * What is left of commands after all of them, in the order in which they were made. kube-proxy may sync more than once for a
 * change: for each of its objects, or before it knows its Node's labels. What one sync adds and the next deletes is left out,
 * and of a virtual service that is deleted what happened to it before. What each sync does to sets again is there once.
 */
export function netCommands(commands: readonly Command[]): Command[] {
  const kept = new Map<number, Command>();
  const lastOfSet = new Map<string, string>();
  const added = new Map<string, number[]>();
  const ofService = new Map<string, number[]>();
  const forget = (places: readonly number[] | undefined) => {
    for (const place of places ?? []) kept.delete(place);
    return (places ?? []).length > 0;
  };
  for (const [place, command] of commands.entries()) {
    const [subject, effect] = effectOf(command.line);
    const frontend = command.line.startsWith("-") ? command.line.split(" ").slice(1, 3).join(" ") : undefined;
    // A set is not written twice by one sync: another one did it again, unless something else came between.
    if (/^(?:create|add|del) /.test(command.line)) {
      if (lastOfSet.get(subject) === command.line) continue;
      lastOfSet.set(subject, command.line);
    }
    if (effect === "deletes" && frontend === subject) {
      const wasAdded = added.has(subject);
      forget(ofService.get(subject));
      ofService.delete(subject);
      for (const key of added.keys()) if (key === subject || key.startsWith(`${subject} `)) added.delete(key);
      if (wasAdded) continue;
    } else if (effect === "deletes" && forget(added.get(subject))) {
      added.delete(subject);
      continue;
    }
    kept.set(place, command);
    if (effect === "adds") added.set(subject, [...(added.get(subject) ?? []), place]);
    if (frontend !== undefined) ofService.set(frontend, [...(ofService.get(frontend) ?? []), place]);
  }
  return [...kept.values()];
}

/** What a command is about, and what it does to that. */
function effectOf(line: string): [string, "adds" | "deletes" | "creates" | "changes"] {
  const words = line.split(" ");
  switch (words[0]) {
    case "-A":
      return [words.slice(1, 3).join(" "), "adds"];
    case "-D":
      return [words.slice(1, 3).join(" "), "deletes"];
    case "-a":
      return [words.slice(1, 5).join(" "), "adds"];
    case "-d":
      return [words.slice(1, 5).join(" "), "deletes"];
    case "addr":
      return [words.slice(2).join(" "), words[1] === "add" ? "adds" : "deletes"];
    case "add":
      return [words.slice(1, 3).join(" "), "adds"];
    case "del":
      return [words.slice(1, 3).join(" "), "deletes"];
    case "create":
      return [line, "creates"];
    default:
      return [line, "changes"];
  }
}

function familyOf(line: string): Family {
  if (line.startsWith("-")) return line.includes("[") ? 6 : 4;
  if (line.startsWith("addr ")) return line.includes(":") ? 6 : 4;
  return line.includes(" KUBE-6-") ? 6 : 4;
}
