/** Lines gathered in chunks: a hundred thousand services never stand in one string. */

const CHUNK_LENGTH = 65_536;

export class TextSink {
  readonly #chunks: string[] = [];
  #current = "";

  /** Adds a line; its end is added here. */
  line(text: string): void {
    this.#current += `${text}\n`;
    if (this.#current.length < CHUNK_LENGTH) return;
    this.#chunks.push(this.#current);
    this.#current = "";
  }

  /** Everything so far, in order. */
  *chunks(): Iterable<string> {
    yield* this.#chunks;
    if (this.#current !== "") yield this.#current;
  }
}
