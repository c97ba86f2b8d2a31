/** Pictures that carry their data: putting it in, taking it out of files from anywhere. */

import { createHash } from "node:crypto";
import type { ImageFormat } from "../image/canvas.js";
import type { Carrier } from "./carrier.js";
import { type ChartData, readChartData, writeChartData } from "./data.js";
import { pdf } from "./pdf.js";
import { png } from "./png.js";
import { svg } from "./svg.js";

const CARRIERS: Readonly<Record<ImageFormat, Carrier>> = { png, svg, pdf };

export interface ChartMetadata {
  readonly data: ChartData;
  /** Whether the picture is, byte for byte, the one that the data was put into. */
  readonly untouched: boolean;
}

/** A picture with its data, and in these the picture's digest. A PDF must have been drawn with `pdfKeywords`. */
export function embedMetadata(picture: Uint8Array, format: ImageFormat, data: ChartData): Uint8Array {
  const carrier = CARRIERS[format];
  const bytes = Buffer.from(picture);
  // What is left when the data is taken out again does not depend on what the data says.
  const rest = carrier.take(carrier.put(bytes, writeChartData(data)))!.rest;
  return carrier.put(bytes, writeChartData({ ...data, picture: digestOf(rest) }));
}

/** The data in a file; null if there is none. Never throws, whatever the file is. */
export function extractMetadata(file: Uint8Array): ChartMetadata | null {
  const bytes = Buffer.from(file);
  const carrier = Object.values(CARRIERS).find((candidate) => candidate.recognises(bytes));
  const taken = carrier?.take(bytes) ?? null;
  const data = taken && readChartData(taken.payload);
  return taken && data && { data, untouched: data.picture === digestOf(taken.rest) };
}

const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
