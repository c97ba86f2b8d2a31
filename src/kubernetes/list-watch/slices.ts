/** EndpointSlices of the size that their controller makes (`--max-endpoints-per-slice`). */

import { InvalidOptionError } from "../../errors.js";
import { type ApiObject, asEndpointSlice } from "./parse.js";

/** The controller's default. */
export const DEFAULT_ENDPOINTS_PER_SLICE = 100;
/** More the API server does not admit. */
const MAX_ENDPOINTS_PER_SLICE = 1000;

/** @throws InvalidOptionError for a size that the controller refuses. */
export function checkEndpointsPerSlice(size: number): void {
  if (Number.isInteger(size) && size >= 1 && size <= MAX_ENDPOINTS_PER_SLICE) return;
  throw new InvalidOptionError(`endpoints per slice: expected 1 to ${MAX_ENDPOINTS_PER_SLICE}, not ${size}`);
}

/** Name of the i-th part of a slice, from 0; the first keeps the name. */
export function partName(name: string, index: number): string {
  return index === 0 ? name : `${name}-part${index + 1}`;
}

/** A slice as it is, or its endpoints in several slices of at most `size`. Always at least one slice. */
export function splitSlice(object: ApiObject, size: number): ApiObject[] {
  // Nearly all; reading 60,000 of them for nothing would leave their copies to the garbage collector.
  if (Array.isArray(object.endpoints) && object.endpoints.length <= size) return [object];
  const { endpoints } = asEndpointSlice(object);
  const { metadata } = object;
  if (endpoints.length <= size) return [object];
  const parts: ApiObject[] = [];
  for (let first = 0; first < endpoints.length; first += size) {
    parts.push({
      // In its own order of fields: a part that has not changed is the same text.
      ...object,
      metadata: { ...metadata, name: partName(metadata.name, parts.length) },
      endpoints: endpoints.slice(first, first + size),
    });
  }
  return parts;
}
