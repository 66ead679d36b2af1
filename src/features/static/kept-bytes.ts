import { type BodySink, type BodySource, TEXT_LIMIT } from '../../http/body.ts';
import type { FileRecords } from './file-records.ts';

/** A view that was lent when its body was cancelled, and whom it belongs to. */
interface Abandoned {
  readonly records: FileRecords;
  readonly record: number;
}

/**
 * Who is cancelled while his bytes are being written leaves a write to a dying connection, which still has the view in
 * hand. When nobody has it any more, the collector says so.
 */
const abandoned = new FinalizationRegistry<Abandoned>(({ records, record }) => records.unpin(record));

/** A file's bytes in the memory that all threads share. They may go at any time; whoever is sending them keeps them there. */
export class KeptBytes {
  readonly length: number;
  readonly #records: FileRecords;
  readonly #record: number;
  readonly #generation: number;
  #view: Buffer | undefined = undefined;

  /** Made under the lock, of a record whose bytes are there. */
  constructor(records: FileRecords, record: number) {
    this.#records = records;
    this.#record = record;
    this.#generation = records.generation(record);
    this.length = records.length(record);
  }

  /** A part of them as a body; undefined when they are gone. */
  body(start: number, length: number): KeptBody | undefined {
    return this.pin() ? new KeptBody(this, start, length) : undefined;
  }

  /** A copy of them; undefined when they are gone. */
  copy(): Buffer | undefined {
    if (!this.pin()) return undefined;
    const copy = Buffer.allocUnsafeSlow(this.length);
    this.view().copy(copy);
    this.unpin();
    return copy;
  }

  /** Have them stay until `unpin`. False: they are gone. */
  pin(): boolean {
    const records = this.#records;
    records.pin(this.#record);
    if (records.generation(this.#record) === this.#generation) {
      records.visit(this.#record);
      return true;
    }
    records.unpin(this.#record);
    return false;
  }

  unpin(): void {
    this.#records.unpin(this.#record);
  }

  /** `unpin`, once nobody has the view in hand. */
  unpinLater(view: Buffer): void {
    abandoned.register(view, { records: this.#records, record: this.#record });
    // The next one gets another, since this one would not be collected while it is used.
    if (this.#view === view) this.#view = undefined;
  }

  /** All of them, while they are pinned. */
  view(): Buffer {
    this.#view ??= this.#records.view(this.#record);
    return this.#view;
  }
}

/**
 * A part of a file in shared memory as a body, lent in one piece. Its bytes stay where they are until it has ended or
 * was cancelled.
 *
 *     idle ──flow──▶ lent ──taken, or resume──▶ done            cancel: from anywhere to done
 */
export class KeptBody implements BodySource {
  readonly length: number;
  readonly trailers = undefined;
  readonly #bytes: KeptBytes;
  #view: Buffer | undefined;
  #state: 'idle' | 'lent' | 'done' = 'idle';
  #sink: BodySink | undefined = undefined;

  /** `bytes` are pinned, for this body. */
  constructor(bytes: KeptBytes, start: number, length: number) {
    this.#bytes = bytes;
    this.length = length;
    const whole = bytes.view();
    this.#view = length === whole.length ? whole : whole.subarray(start, start + length);
  }

  flow(sink: BodySink): void {
    if (this.#state !== 'idle') return;
    this.#sink = sink;
    // Before the sink is asked, for it may cancel or resume inside of the call.
    this.#state = 'lent';
    if (sink.data(this.#view as Buffer)) this.resume();
  }

  resume(): void {
    if (this.#state !== 'lent') return;
    this.#state = 'done';
    this.#bytes.unpin();
    this.#sink?.end();
  }

  cancel(): void {
    const state = this.#state;
    const view = this.#view as Buffer;
    this.#state = 'done';
    this.#sink = undefined;
    this.#view = undefined;
    if (state === 'idle') this.#bytes.unpin();
    else if (state === 'lent') this.#bytes.unpinLater(view);
  }
}

/**
 * What is made is asked for again soon, and could not be read from a disk if it had to go: as much of it as leaves as text
 * with the head becomes the thread's own at once. Undefined when it is gone.
 */
export function ownIfText(bytes: KeptBytes): KeptBytes | Buffer | undefined {
  return bytes.length <= TEXT_LIMIT ? bytes.copy() : bytes;
}
