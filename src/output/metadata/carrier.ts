/** What a format of pictures must do so that data travel in it. */

export interface Carrier {
  /** Whether a file is of this format, by its first bytes. */
  recognises(bytes: Buffer): boolean;
  /** The picture with `payload` (ASCII) in it. */
  put(bytes: Buffer, payload: string): Buffer;
  /** The payload, and the picture without it, byte for byte as it was; null if there is none. Never throws. */
  take(bytes: Buffer): { readonly payload: string; readonly rest: Buffer } | null;
}
