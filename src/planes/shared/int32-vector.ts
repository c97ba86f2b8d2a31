/** A growing column of int32: for compilers that know how much they write only when they are done. */
export class Int32Vector {
  #values: Int32Array;
  #length = 0;

  constructor(expected = 16) {
    this.#values = new Int32Array(Math.max(16, expected));
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Int32Array(this.#length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  /** The values so far, without a copy. */
  view(): Int32Array {
    return this.#values.subarray(0, this.#length);
  }
}
