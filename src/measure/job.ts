/**
 * The job of a replicate, as it comes into its process. Checked without zod: of packages that process loads tinybench only,
 * because it is started hundreds of times in a run and shares its heap with what is timed.
 */

import { ENTRIES, POPULAR } from "../cluster/flows.js";
import { MalformedMessageError, readMessage } from "./message.js";
import type { Job } from "./scenario.js";

/** Who sends jobs. */
const FROM = "the process that runs replicates";

/** What a field has to be, in words, and whether a value is. */
interface Field {
  readonly words: string;
  readonly accepts: (value: unknown) => boolean;
}

const text: Field = { words: "a string", accepts: (value) => typeof value === "string" };
const number: Field = { words: "a number", accepts: (value) => typeof value === "number" };
const object: Field = { words: "an object", accepts: isObject };

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function oneOf(...values: readonly (string | number)[]): Field {
  return { words: `one of ${values.join(", ")}`, accepts: (value) => values.some((one) => one === value) };
}

function optional({ words, accepts }: Field): Field {
  return { words, accepts: (value) => value === undefined || accepts(value) };
}

/** All fields: the compiler asks for one that is added. */
const FIELDS: Readonly<Record<keyof Job, Field>> = {
  scenario: text,
  plane: text,
  catalogModule: optional(text),
  services: number,
  clusterSeed: number,
  seed: number,
  clusterFile: { words: "a string or null", accepts: (value) => value === null || text.accepts(value) },
  variant: text,
  endpointsPerService: number,
  affinityShare: number,
  vips: optional(oneOf("random", "sequential")),
  entry: oneOf(...ENTRIES),
  family: optional(oneOf(4, 6, "dual")),
  options: object,
  zipf: number,
  popular: oneOf(...POPULAR),
  misses: number,
  warmupMs: number,
  measureMs: number,
  singlesMs: number,
  slowdown: number,
};

/**
 * Reads a job.
 *
 * @param json What came in.
 * @returns The job.
 * @throws MalformedMessageError that names the field.
 */
export function parseJob(json: string): Job {
  const job = readMessage(json, FROM);
  requireJob(job);
  return job;
}

function requireJob(job: unknown): asserts job is Job {
  if (!isObject(job)) throw new MalformedMessageError(FROM, "it is no object");
  for (const [name, { words, accepts }] of Object.entries(FIELDS))
    if (!accepts(Reflect.get(job, name))) throw new MalformedMessageError(FROM, `${name}: expected ${words}`);
}
