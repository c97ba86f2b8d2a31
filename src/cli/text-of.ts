/** What a program left in a file, as text: PowerShell's `>` writes UTF-16, and people compress what they send. */

import { gunzipSync } from "node:zlib";
import { UsageError } from "../errors.js";
import { reasonOf } from "../reason.js";

/** Bytes that files begin with, of what can only be named: what it is, and what to do. */
const CONTAINERS: readonly (readonly [offset: number, magic: string, what: string])[] = [
  [0, "504b0304", "a zip archive: unpack it first"],
  [0, "28b52ffd", "compressed with zstd: unpack it first (zstd -d)"],
  [0, "fd377a585a00", "compressed with xz: unpack it first (xz -d)"],
  [0, "425a68", "compressed with bzip2: unpack it first (bzip2 -d)"],
  [257, "7573746172", "a tar archive: unpack it first (tar -xf), and give one node's files"],
];

/**
 * The text of a file's bytes: UTF-8, UTF-16 with its byte-order mark, or either compressed with gzip.
 *
 * @throws UsageError in one line on archives, other binary files, and gzip that is damaged or unpacks to more than `maxBytes`.
 */
export function textOf(bytes: Buffer, path: string, maxBytes: number): string {
  const plain = hasMagic(bytes, 0, "1f8b") ? unzip(bytes, path, maxBytes) : bytes;
  const container = CONTAINERS.find(([offset, magic]) => hasMagic(plain, offset, magic));
  if (container) throw new UsageError(`${path} is ${container[2]}`);
  if (hasMagic(plain, 0, "fffe")) return new TextDecoder("utf-16le").decode(plain);
  if (hasMagic(plain, 0, "feff")) return new TextDecoder("utf-16be").decode(plain);
  const order = utf16Of(plain);
  if (order !== undefined) return new TextDecoder(order).decode(plain);
  if (plain.subarray(0, 65_536).includes(0))
    throw new UsageError(`${path} is binary: give Kubernetes YAML or JSON, or a cluster that lbscale wrote`);
  return plain.toString("utf8");
}

/** UTF-16 without a mark: text is ASCII in the first place, so that every other byte is 0. */
function utf16Of(bytes: Buffer): "utf-16le" | "utf-16be" | undefined {
  const head = bytes.subarray(0, SAMPLE_BYTES & -2);
  if (head.length < 4) return undefined;
  const zeros = (from: number) => head.every((byte, i) => (byte === 0) === (i % 2 === from));
  return zeros(1) ? "utf-16le" : zeros(0) ? "utf-16be" : undefined;
}

const SAMPLE_BYTES = 64;

function hasMagic(bytes: Buffer, offset: number, magic: string): boolean {
  return bytes.subarray(offset, offset + magic.length / 2).toString("hex") === magic;
}

function unzip(bytes: Buffer, path: string, maxBytes: number): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw new UsageError(`${path} unpacks to more than 512 MiB: import fewer namespaces`);
    throw new UsageError(`${path} is compressed with gzip and can't be unpacked: ${reasonOf(error)}`);
  }
}
