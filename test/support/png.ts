/** Parts of a PNG, read without decoding it. */

/** Its size and compressed pixels, without the texts around them: equal only in pictures of equal pixels. */
export function pixelData(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  // Length and type before a chunk's data, a checksum behind it.
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString("latin1", at + 4, at + 8);
    if (type === "IHDR" || type === "IDAT") parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  return Buffer.concat(parts);
}
