/** Objects as they come in: checked as far as the server itself reads them, the rest is passed on as it is. */

import { z } from "zod";
import { InvalidInputError } from "../../errors.js";
import { withServerDefaults } from "./defaults.js";
import { ENDPOINT_SLICE, type Resource, resourceOfKind } from "./resources.js";

const text = z.string().min(1);

const objectSchema = z.looseObject({
  apiVersion: text,
  kind: text,
  metadata: z.looseObject({
    name: text,
    namespace: text.optional(),
    labels: z.record(z.string(), z.string()).optional(),
    uid: text.optional(),
  }),
});

/** An object of the Kubernetes API. */
export type ApiObject = z.infer<typeof objectSchema>;

const endpointSliceSchema = z.looseObject({
  ...objectSchema.shape,
  addressType: text,
  endpoints: z
    .array(z.looseObject({ addresses: z.array(z.string()), nodeName: z.string().nullish() }))
    .nullish()
    .transform((endpoints) => endpoints ?? []),
  ports: z
    .array(z.looseObject({}))
    .nullish()
    .transform((ports) => ports ?? []),
});

/** An EndpointSlice, as far as the server splits and joins them. */
export type EndpointSliceObject = z.infer<typeof endpointSliceSchema>;

const listSchema = z.object({ kind: z.literal("List"), items: z.array(z.unknown()) });

export const changeSchema = z.object({
  type: z.enum(["ADDED", "MODIFIED", "DELETED"]),
  object: z.unknown().transform((object) => parseObject(object).object),
});

/** A change of one object, in the words of a watch event. */
export interface ObjectChange {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: ApiObject;
}

/** An object and the resource that it belongs to; undefined where the server has none such. */
export interface ParsedObject {
  readonly resource: Resource | undefined;
  readonly object: ApiObject;
}

/**
 * Checks one object, and fills in what the API server does.
 * @throws InvalidInputError which says what is wrong with which field.
 */
export function parseObject(value: unknown): ParsedObject {
  const object = checked(objectSchema, value);
  const parsed = completed(object);
  // Refused here if it can't be read: the server looks only at slices that it splits.
  if (parsed.resource === ENDPOINT_SLICE) asEndpointSlice(object);
  return parsed;
}

/** One object with what the API server fills in. */
export function completed(object: ApiObject): ParsedObject {
  const resource = resourceOfKind(object.apiVersion, object.kind);
  if (resource === undefined) return { resource, object };
  const named = { ...object.metadata };
  if (resource.namespaced) named.namespace ??= "default";
  else delete named.namespace;
  return { resource, object: withServerDefaults(resource, { ...object, metadata: named }) };
}

/**
 * Objects of a `kind: List` as kubectl prints it, or of a single object.
 * @throws InvalidInputError for text that is not JSON, or not of Kubernetes.
 */
export function* parseObjects(json: string): Iterable<ParsedObject> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new InvalidInputError("the objects are not JSON: give what kubectl get -o json prints");
  }
  const list = listSchema.safeParse(value);
  for (const item of list.success ? list.data.items : [value]) yield parseObject(item);
}

/**
 * The same object with the fields that only EndpointSlices have.
 * @throws InvalidInputError for what is no object.
 */
export function asEndpointSlice(object: ApiObject): EndpointSliceObject {
  if (object.kind !== ENDPOINT_SLICE.kind)
    throw new InvalidInputError(`expected an EndpointSlice, not a ${object.kind}`);
  return checked(endpointSliceSchema, object);
}

function checked<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  const kind = nameOf(value);
  throw new InvalidInputError(
    `${kind}: ${path.join(".") || "object"}: ${message}: give objects as kubectl get -o json prints them`,
  );
}

/** Kind and name of what is not known to be an object, for messages. */
function nameOf(value: unknown): string {
  const known = z.object({ kind: text, metadata: z.object({ name: text }) }).safeParse(value);
  return known.success
    ? `${known.data.kind} ${known.data.metadata.name.slice(0, 80)}`
    : "an object of the list";
}
