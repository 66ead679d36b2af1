import { Buffer } from 'node:buffer';
import { writeLatin1 } from '../../core/latin1.ts';
import { writeRequestId } from '../../core/request-id.ts';
import { type BodySink, type BodySource, type HeadPieces, TEXT_LIMIT } from '../../http/body.ts';
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

const GONE = -1;

/** A file's bytes in the memory that all threads share. They may go at any time; whoever is sending them keeps them there. */
export class KeptBytes {
  readonly length: number;
  readonly #records: FileRecords;
  readonly #record: number;
  readonly #generation: number;
  #view: Buffer | undefined = undefined;
  /** The same with a head before them, which this one may write anew. */
  #viewWithHead: Buffer | undefined = undefined;
  /** What it has last written there, and under which name: heads mostly differ in date and id alone. */
  #author = 0;
  #beginning = '';
  #date = '';
  #idLength = 0;

  /** Made under the lock, of a record whose bytes are there. */
  constructor(records: FileRecords, record: number) {
    this.#records = records;
    this.#record = record;
    this.#generation = records.generation(record);
    this.length = records.length(record);
  }

  /** A part of them as a body; undefined when they are gone. */
  body(start: number, length: number): KeptBody | undefined {
    const others = this.pin();
    return others === GONE ? undefined : new KeptBody(this, start, length, others === 0);
  }

  /** A copy of them; undefined when they are gone. */
  copy(): Buffer | undefined {
    if (this.pin() === GONE) return undefined;
    const copy = Buffer.allocUnsafeSlow(this.length);
    this.view().copy(copy);
    this.unpin();
    return copy;
  }

  /** Have them stay until `unpin`. Answers how many have done so already, or that they are gone. */
  pin(): number {
    const records = this.#records;
    const others = records.pin(this.#record);
    if (records.generation(this.#record) === this.#generation) {
      records.visit(this.#record);
      return others;
    }
    records.unpin(this.#record);
    return GONE;
  }

  unpin(): void {
    this.#records.unpin(this.#record);
  }

  /** `unpin`, once nobody has the view in hand. */
  unpinLater(view: Buffer): void {
    abandoned.register(view, { records: this.#records, record: this.#record });
    // The next one gets another, since this one would not be collected while it is used.
    if (this.#view === view) this.#view = undefined;
    if (this.#viewWithHead === view) this.#viewWithHead = undefined;
  }

  /** All of them, while they are pinned. */
  view(): Buffer {
    this.#view ??= this.#records.view(this.#record);
    return this.#view;
  }

  /** All of them behind a head, for the only one who has pinned them. Undefined: there is no room for it. */
  behind(head: HeadPieces): Buffer | undefined {
    return this.#rewritten(head) ?? this.#written(head);
  }

  /** With the head that stands there, but for what is another now. Undefined where it is not like this one, or not ours. */
  #rewritten([beginning, date, id, end]: HeadPieces): Buffer | undefined {
    const view = this.#viewWithHead;
    if (view === undefined || beginning !== this.#beginning || id.length !== this.#idLength) return undefined;
    if (this.#records.author(this.#record) !== this.#author || date.length !== this.#date.length)
      return undefined;
    const idAt = view.length - this.length - end.length - id.length;
    writeRequestId(view, id, idAt);
    if (date !== this.#date) {
      writeLatin1(view, date, idAt - date.length);
      this.#date = date;
    }
    return view;
  }

  #written(head: HeadPieces): Buffer | undefined {
    const records = this.#records;
    const headLength = records.writeHead(this.#record, head);
    if (headLength === 0) return undefined;
    if (this.#author === 0) this.#author = records.newAuthor();
    records.setAuthor(this.#record, this.#author);
    [this.#beginning, this.#date] = head;
    this.#idLength = head[2].length;
    if (this.#viewWithHead?.length !== headLength + this.length) {
      this.#viewWithHead = records.viewWithHead(this.#record, headLength);
    }
    return this.#viewWithHead;
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
  readonly #start: number;
  /** Nobody else has them, here or in another thread: the room before them is this body's. */
  readonly #alone: boolean;
  /** What is lent. */
  #view: Buffer | undefined = undefined;
  #state: 'idle' | 'lent' | 'done' = 'idle';
  #sink: BodySink | undefined = undefined;

  /** `bytes` are pinned, for this body. `alone`: by nobody else, and whoever comes now finds them pinned. */
  constructor(bytes: KeptBytes, start: number, length: number, alone: boolean) {
    this.#bytes = bytes;
    this.#start = start;
    this.length = length;
    this.#alone = alone;
  }

  flow(sink: BodySink): void {
    if (this.#state !== 'idle') return;
    const whole = this.#bytes.view();
    const isWhole = this.length === whole.length;
    this.#view = isWhole ? whole : whole.subarray(this.#start, this.#start + this.length);
    this.#sink = sink;
    // Before the sink is asked, for it may cancel or resume inside of the call.
    this.#state = 'lent';
    if (sink.data(this.#view)) this.resume();
  }

  flowBehind(head: HeadPieces, sink: BodySink): Buffer | undefined {
    if (this.#state !== 'idle' || !this.#alone || this.length !== this.#bytes.length) return undefined;
    this.#view = this.#bytes.behind(head);
    if (this.#view !== undefined) {
      this.#sink = sink;
      this.#state = 'lent';
    }
    return this.#view;
  }

  resume(): void {
    if (this.#state !== 'lent') return;
    this.#state = 'done';
    this.#bytes.unpin();
    this.#sink?.end();
  }

  cancel(letGo = false): void {
    const state = this.#state;
    const view = this.#view;
    this.#state = 'done';
    this.#sink = undefined;
    this.#view = undefined;
    if (state === 'idle' || (state === 'lent' && letGo)) this.#bytes.unpin();
    else if (state === 'lent') this.#bytes.unpinLater(view as Buffer);
  }
}

/**
 * What is made is asked for again soon, and could not be read from a disk if it had to go: what is short becomes the
 * thread's own at once. Undefined when it is gone.
 */
export function ownIfText(bytes: KeptBytes): KeptBytes | Buffer | undefined {
  return bytes.length <= TEXT_LIMIT ? bytes.copy() : bytes;
}
