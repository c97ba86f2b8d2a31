/**
 * Text in a PDF: the keywords of its document information (ISO 32000-1, 14.3.3), in base64, which a PDF string holds
 * without escapes. A PDF counts the bytes before each of its objects, so nothing can be put in afterwards: the keywords are
 * written with the picture, and replaced by others of the same length.
 */

import type { Carrier } from "./carrier.js";

const MARK = "lbscale-chart ";
const OPEN = `/Keywords (${MARK}`;
const CLOSE = ")";

/** The keywords to draw a PDF with, so that `put` finds room for a payload as long as this one. */
export function pdfKeywords(payload: string): string {
  return `${MARK}${Buffer.from(payload).toString("base64")}`;
}

export const pdf: Carrier = {
  recognises: (bytes) => bytes.toString("latin1", 0, 5) === "%PDF-",

  put(bytes, payload) {
    const found = keywords(bytes);
    const encoded = Buffer.from(payload).toString("base64");
    if (found === null || found.end - found.start !== encoded.length) {
      throw new Error("this PDF was not drawn with room for its data");
    }
    return Buffer.concat([bytes.subarray(0, found.start), Buffer.from(encoded), bytes.subarray(found.end)]);
  },

  take(bytes) {
    const found = keywords(bytes);
    if (found === null) return null;
    return {
      payload: Buffer.from(bytes.toString("latin1", found.start, found.end), "base64").toString("utf8"),
      rest: Buffer.concat([bytes.subarray(0, found.start), bytes.subarray(found.end)]),
    };
  },
};

function keywords(bytes: Buffer): { start: number; end: number } | null {
  const open = bytes.indexOf(OPEN);
  const end = bytes.indexOf(CLOSE, open + OPEN.length);
  return open < 0 || end < 0 ? null : { start: open + OPEN.length, end };
}
