/** Label and field selectors, as clients write them into the query of a list or a watch. */

import type { Stored } from "./objects.js";
import type { Resource } from "./resources.js";
import { BadRequestError } from "./status.js";

/** Whether an object is selected. */
export type Selector = (object: Stored) => boolean;

const TERM = /^(!?)\s*([A-Za-z0-9./_-]+)\s*(?:(==|=|!=)\s*([A-Za-z0-9._-]*)|\s(in|notin)\s*\(([^)]*)\))?$/;

/**
 * The objects that all requirements of both selectors hold for; null or "" selects all.
 * @throws BadRequestError for what cannot be read, and for fields that the resource does not have.
 */
export function parseSelectors(
  resource: Resource,
  labelSelector: string | null,
  fieldSelector: string | null,
): Selector {
  const tests = [
    ...terms(labelSelector).map(labelTest),
    ...terms(fieldSelector).map((term) => fieldTest(term, resource)),
  ];
  return (object) => tests.every((test) => test(object));
}

/** Requirements are separated by commas, and so are the values of a set. */
function terms(selector: string | null): string[] {
  if (!selector) return [];
  const found: string[] = [];
  let start = 0;
  let isSet = false;
  for (let at = 0; at < selector.length; at++) {
    const sign = selector[at];
    if (sign === "(" || sign === ")") isSet = sign === "(";
    if (sign !== "," || isSet) continue;
    found.push(selector.slice(start, at).trim());
    start = at + 1;
  }
  return [...found, selector.slice(start).trim()];
}

function labelTest(term: string): Selector {
  const match = TERM.exec(term);
  if (match === null) throw new BadRequestError(`unable to parse requirement: ${term}`);
  const [, not, key, operator, value, set, values] = match;
  const label = key!;
  if (operator !== undefined || set !== undefined) {
    if (not) throw new BadRequestError(`unable to parse requirement: ${term}`);
    const wanted = new Set(set === undefined ? [value!] : values!.split(",").map((each) => each.trim()));
    // A label that is absent is not equal, and in no set.
    const isNegated = operator === "!=" || set === "notin";
    return ({ labels }) => (Object.hasOwn(labels, label) && wanted.has(labels[label]!)) !== isNegated;
  }
  return ({ labels }) => Object.hasOwn(labels, label) === (not === "");
}

function fieldTest(term: string, resource: Resource): Selector {
  const [, field, operator, given] = /^([A-Za-z.]+)\s*(==|=|!=)(.*)$/.exec(term) ?? [];
  const value = given?.trimStart();
  const isNegated = operator === "!=";
  if (field === "metadata.name") return ({ name }) => (name === value) !== isNegated;
  if (field === "metadata.namespace") return ({ namespace }) => (namespace === value) !== isNegated;
  const index = resource.fields.indexOf(field ?? "");
  if (index < 0) throw new BadRequestError(`field label not supported: ${field ?? term}`);
  return ({ fields }) => (fields[index] === value) !== isNegated;
}
