/** Text in a PNG: an `iTXt` chunk (W3C PNG, 11.3.3.4), which unlike `tEXt` is UTF-8. */

import { crc32 } from "node:zlib";
import type { Carrier } from "./carrier.js";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Length and type before a chunk's data, a checksum behind. */
const HEAD = 8;
const FRAME = 12;
/** Keyword, end of keyword, not compressed (two bytes), no language, no translated keyword. */
const PREFIX = Buffer.from("lbscale\0\0\0\0\0", "latin1");

export const png: Carrier = {
  recognises: (bytes) => bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE),

  put(bytes, payload) {
    // Before IEND, the last chunk, which is empty.
    const end = bytes.length - FRAME;
    return Buffer.concat([
      bytes.subarray(0, end),
      chunk("iTXt", Buffer.concat([PREFIX, Buffer.from(payload)])),
      bytes.subarray(end),
    ]);
  },

  take(bytes) {
    let at = SIGNATURE.length;
    while (at + FRAME <= bytes.length) {
      const length = bytes.readUInt32BE(at);
      const next = at + FRAME + length;
      if (next > bytes.length) return null;
      const data = bytes.subarray(at + HEAD, next - 4);
      const type = bytes.toString("latin1", at + 4, at + HEAD);
      if (type === "iTXt" && data.subarray(0, PREFIX.length).equals(PREFIX)) {
        if (crc32(bytes.subarray(at + 4, next - 4)) !== bytes.readUInt32BE(next - 4)) return null;
        return {
          payload: data.toString("utf8", PREFIX.length),
          rest: Buffer.concat([bytes.subarray(0, at), bytes.subarray(next)]),
        };
      }
      at = next;
    }
    return null;
  },
};

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(body.length + HEAD);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), framed.length - 4);
  return framed;
}
