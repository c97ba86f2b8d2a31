/** What output there is, by name. Loads nothing: the command line needs these names before it draws. */

/** Formats of a picture. */
export const IMAGE_FORMATS = ["png", "svg", "pdf"] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** Formats of what is not a picture of one chart. */
export const DOCUMENT_FORMATS = ["html", "pptx", "slides-pdf", "md", "csv", "github", "bencher"] as const;
export type DocumentFormat = (typeof DOCUMENT_FORMATS)[number];

export const FILE_FORMATS = [...IMAGE_FORMATS, ...DOCUMENT_FORMATS] as const;
export type ReportFormat = (typeof FILE_FORMATS)[number];

/** Sizes of pictures in CSS pixels; a PNG has twice as many each way. */
export const SIZES = {
  slide: { width: 1600, height: 900 },
  readme: { width: 1200, height: 675 },
  square: { width: 1080, height: 1080 },
} as const;
/** A name of `SIZES`. */
export type SizeName = keyof typeof SIZES;
