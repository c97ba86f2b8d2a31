/** Text in an SVG: its `<metadata>` element, behind the words. */

import type { Carrier } from "./carrier.js";

const OPEN = '<metadata id="lbscale">';
const CLOSE = "</metadata>";
const BEFORE = "</desc>";

export const svg: Carrier = {
  recognises: (bytes) => /^\s*(?:<\?xml|<svg)/.test(bytes.toString("latin1", 0, 200)),

  put(bytes, payload) {
    const at = bytes.indexOf(BEFORE) + BEFORE.length;
    return Buffer.concat([
      bytes.subarray(0, at),
      Buffer.from(`${OPEN}${payload}${CLOSE}`),
      bytes.subarray(at),
    ]);
  },

  take(bytes) {
    const start = bytes.indexOf(OPEN);
    const end = bytes.indexOf(CLOSE, start);
    if (start < 0 || end < 0) return null;
    return {
      payload: bytes.toString("utf8", start + OPEN.length, end),
      rest: Buffer.concat([bytes.subarray(0, start), bytes.subarray(end + CLOSE.length)]),
    };
  },
};
