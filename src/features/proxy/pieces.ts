/** Bytes that were copied, in memory of their own. */
export interface Piece {
  readonly memory: Buffer;
  /** How much of it is used. */
  size: number;
}

/** Bytes that wait, in their order. What comes in small pieces is put together, so that it takes little more memory than it is long. */
export class Pieces {
  #list: Piece[] = [];
  #size = 0;
  readonly #allocate: (size: number) => Buffer;

  /** `allocate` gives memory for what is to be added: of that size, or another. */
  constructor(allocate: (size: number) => Buffer) {
    this.#allocate = allocate;
  }

  get empty(): boolean {
    return this.#list.length === 0;
  }

  /** Bytes that wait. */
  get size(): number {
    return this.#size;
  }

  /** Copies them to the end; tells how many bytes of memory that has taken. */
  add(bytes: Buffer): number {
    const last = this.#list.at(-1);
    this.#size += bytes.length;
    let copied = 0;
    let taken = 0;
    if (last !== undefined) {
      copied = bytes.copy(last.memory, last.size);
      last.size += copied;
    }
    while (copied < bytes.length) {
      const memory = this.#allocate(bytes.length - copied);
      const size = bytes.copy(memory, 0, copied);
      this.#list.push({ memory, size });
      copied += size;
      taken += memory.length;
    }
    return taken;
  }

  take(): Piece | undefined {
    const piece = this.#list.shift();
    if (piece !== undefined) this.#size -= piece.size;
    return piece;
  }

  /** Gives back what was taken last. */
  putBack(piece: Piece): void {
    this.#list.unshift(piece);
    this.#size += piece.size;
  }

  /** Takes over all that waits in another. */
  addAll(other: Pieces): void {
    this.#list = [...this.#list, ...other.#list.splice(0)];
    this.#size += other.#size;
    other.#size = 0;
  }
}
