import { Buffer } from 'node:buffer';

const LINE_FEED = 0x0a;
/** Sealed texts are put together for a batch until they are as long as this, in bytes. */
const GATHER_BYTES = 1024 * 1024;

/**
 * Lines on their way to a descriptor, in the three forms that they take:
 *
 *     add() ─▶ open text ──seal()──▶ sealed texts ──load()──▶ bytes[start…end] ──advance()──▶ gone
 *
 * Text is ASCII, so that a character is a byte. It is encoded a batch at a time, which is cheaper than line by line.
 */
export class LineQueue {
  /** The batch that is being written: what is left of it lies from `start` to `end`. */
  bytes: Buffer;
  start = 0;
  end = 0;
  /** Bytes that were ever sealed, and that ever went: they tell when a certain line has gone. */
  sealedBytes = 0;
  goneBytes = 0;
  /** Lines that were given up since the last `takeLostLines`. */
  #lostLines = 0;
  #open = '';
  readonly #sealed: string[] = [];
  #waitingBytes = 0;
  readonly #limit: number;

  /** @param limit bytes that may wait, beside the batch and the open text, before `sealOrGiveUp` gives up */
  constructor(batchBytes: number, limit: number) {
    this.bytes = Buffer.allocUnsafe(2 * batchBytes);
    this.#limit = limit;
  }

  /** Add whole lines to the open text, and tell how long it is now. */
  add(lines: string): number {
    this.#open += lines;
    return this.#open.length;
  }

  /** Close the open text: it will be one batch. */
  seal(): void {
    if (this.#open === '') return;
    this.#sealed.push(this.#open);
    this.#waitingBytes += this.#open.length;
    this.sealedBytes += this.#open.length;
    this.#open = '';
  }

  /** Close the open text if it may wait too, else give its lines up. False when they were. */
  sealOrGiveUp(): boolean {
    if (this.#waitingBytes + this.#open.length <= this.#limit) {
      this.seal();
      return true;
    }
    this.#lostLines += countLines(this.#open);
    this.#open = '';
    return false;
  }

  /** Make the next batch the current one, if there is any. The current one must be done. */
  load(): boolean {
    if (this.#sealed.length === 0) this.seal();
    const text = this.#takeSealed();
    if (text === '') return false;
    this.#waitingBytes -= text.length;
    if (text.length > this.bytes.length) this.bytes = Buffer.allocUnsafe(text.length);
    this.start = 0;
    this.end = this.bytes.write(text, 'latin1');
    return true;
  }

  /**
   * What has waited behind a slow write leaves in one: the thread pool writes one batch in each turn of the event loop, and a
   * turn of a busy one brings many.
   */
  #takeSealed(): string {
    let [text = ''] = this.#sealed;
    let count = 1;
    for (; count < this.#sealed.length && text.length < GATHER_BYTES; count++) text += this.#sealed[count];
    this.#sealed.splice(0, count);
    return text;
  }

  /**
   * How much of the batch to write at once: all of it, or as many whole lines as fit into `atomicBytes`, where a larger
   * write could be torn by another writer. A line that is longer by itself goes alone.
   */
  pieceWithin(atomicBytes: number): number {
    const left = this.end - this.start;
    if (left <= atomicBytes) return left;
    const lastLineFeed = this.bytes.lastIndexOf(LINE_FEED, this.start + atomicBytes - 1);
    if (lastLineFeed >= this.start) return lastLineFeed + 1 - this.start;
    return this.bytes.indexOf(LINE_FEED, this.start) + 1 - this.start;
  }

  /** So many bytes of the batch have gone. */
  advance(count: number): void {
    this.start += count;
    this.goneBytes += count;
  }

  /** Leave the first `count` bytes of the batch to whoever has them in hand, and go on in a fresh buffer. */
  abandon(count: number): void {
    const fresh = Buffer.allocUnsafe(this.bytes.length);
    this.end = this.bytes.copy(fresh, 0, this.start + count, this.end);
    this.bytes = fresh;
    this.start = 0;
    this.goneBytes += count;
  }

  /** Give up every line that has not gone. */
  giveUpRest(): void {
    do this.#lostLines += countLines(this.bytes.toString('latin1', this.start, this.end));
    while (this.load());
    this.start = this.end;
    this.goneBytes = this.sealedBytes;
  }

  /** How many lines were given up since this was asked last. */
  takeLostLines(): number {
    const lost = this.#lostLines;
    this.#lostLines = 0;
    return lost;
  }
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
