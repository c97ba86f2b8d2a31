/** Messages between the processes of a run: JSON, which is checked where it comes in. */

import type { z } from "zod";
import { describeIssue } from "../cluster/checks.js";
import { CheckFailedError } from "../errors.js";

/** Where the process of a replicate writes its measurement: what a library prints does not get in between. */
export const MEASUREMENT_FD = 3;

/** Another process sent something else than was agreed on. The message says which process, and which field. */
export class MalformedMessageError extends CheckFailedError {
  override readonly name = "MalformedMessageError";

  /**
   * @param from Who sent it, such as "the process of a replicate".
   * @param what What is wrong with it.
   */
  constructor(from: string, what: string) {
    super(`${from} sent a malformed message: ${what}`);
  }
}

/**
 * Reads a message.
 *
 * @param text JSON.
 * @param from Who sent it.
 * @returns Its value, of which nothing is known yet.
 * @throws MalformedMessageError for anything else than JSON.
 */
export function readMessage(text: string, from: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MalformedMessageError(from, text === "" ? "it is empty" : "it is not JSON");
  }
}

/**
 * Checks a part of a message.
 *
 * @param schema What it has to be.
 * @param value What it is.
 * @param from Who sent it.
 * @returns The value as the schema reads it.
 * @throws MalformedMessageError that names the field.
 */
export function checkMessage<T>(schema: z.ZodType<T>, value: unknown, from: string): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new MalformedMessageError(from, describeIssue(parsed.error));
  return parsed.data;
}

/**
 * Reads a message and checks it.
 *
 * @param schema What it has to be.
 * @param text JSON.
 * @param from Who sent it.
 * @returns The message as the schema reads it.
 * @throws MalformedMessageError for anything else than JSON, or that names the field.
 */
export function parseMessage<T>(schema: z.ZodType<T>, text: string, from: string): T {
  return checkMessage(schema, readMessage(text, from), from);
}
