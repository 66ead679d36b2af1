import { Buffer } from 'node:buffer';
import type { DreamError } from '../../core/errors.ts';
import { giveReadBuffer, READ_BUFFER_SIZE, takeReadBuffer } from '../../core/read-buffer.ts';
import type { BodySource } from '../../http/body.ts';
import { RelayedBody } from '../../http/relayed-body.ts';
import { Pieces, type Piece } from './pieces.ts';
import { bodyStoreFailed, TemporaryFile } from './temporary-file.ts';

/** Bytes of an answer that may wait for its client, here and in a file of its own. */
export interface ElasticBounds {
  readonly memory: number;
  readonly file: number;
}

/** Memory that waiting answers may take together in this thread, in bytes; past it they go to their files. */
const THREAD_MEMORY = 64 * 1024 * 1024;
/** Bytes that may wait for the file before the source has to wait as well. */
const SPILL_LIMIT = 256 * 1024;

let threadMemory = 0;

/** Memory for what waits here: small pieces share one. */
const inMemory = (size: number): Buffer => Buffer.allocUnsafeSlow(Math.max(size, 4 * 1024));

/**
 * A body that is taken from its source as fast as it comes, and given to its sink as fast as that takes it. What the sink
 * does not take yet waits here, in its order:
 *
 *     sink ◀── piece in hand ◀── front, in memory ◀── file ◀── spill, in memory ◀── source
 *
 * It goes to the front while that is within its bound and the file is empty, else through spill to the file. Where the file
 * is full, or the disk, the source waits until all that is in the file has been taken. What never has to wait is copied
 * once, since the source's chunk is lent and the sink may hold it for long.
 */
export class ElasticBody extends RelayedBody {
  readonly #bounds: ElasticBounds;
  /** The sink can take more: it holds nothing of ours. */
  #ready = true;
  /** Memory of the piece that it holds, where that has waited in memory. */
  #lent: Buffer | undefined = undefined;
  #giving = false;
  readonly #front = new Pieces(inMemory);
  readonly #spill = new Pieces(takeReadBuffer);
  /** Memory of all pieces that wait, and of that which the sink holds, in bytes. */
  #memory = 0;
  /** A read buffer with the piece that is just being handed on, or read from the file: it is no piece of those that wait. */
  #hand: Buffer | undefined = undefined;
  #file: TemporaryFile | undefined = undefined;
  /** The file could not be written: no more of it. */
  #fileFailed = false;
  #writing: Piece | undefined = undefined;
  #reading = false;
  #readAt = 0;
  #writeAt = 0;
  #sourceWaits = false;
  #ended = false;
  #failure: DreamError | undefined = undefined;
  /** The sink has heard the end, or has left. */
  #over = false;

  constructor(source: BodySource, bounds: ElasticBounds) {
    super(source);
    this.#bounds = bounds;
  }

  // ---- BodySource

  override resume(): void {
    // It may say so without having been asked to take more: then what is in hand is not its, but the file's.
    if (this.#over || this.#ready) return;
    this.#taken();
    this.#giveOn();
  }

  override cancel(): void {
    if (this.#over) return;
    this.#finish();
    this.source.cancel();
  }

  // ---- BodySink

  data(chunk: Buffer): boolean {
    if (this.#ready && !this.#keeps && chunk.length <= READ_BUFFER_SIZE) {
      const hand = this.#takeHand();
      this.#give(hand.subarray(0, chunk.copy(hand)), undefined);
      return true;
    }
    if (this.#inFile || (!this.#fits && this.#mayWrite)) {
      this.#account(this.#spill.add(chunk));
      this.#writeOn();
    } else {
      this.#account(this.#front.add(chunk));
    }
    this.#giveOn();
    this.#sourceWaits = this.#full;
    return !this.#sourceWaits;
  }

  end(): void {
    this.#ended = true;
    this.#endIfEmpty();
  }

  /** The sink gets what has come, and hears of it then. */
  override fail(error: DreamError): void {
    this.#failure = error;
    this.end();
  }

  // ---- to the sink

  /** Hands on what waits, as far as it is here, and asks for more of it where it is not. */
  #giveOn(): void {
    if (this.#giving) return;
    this.#giving = true;
    while (this.#ready && !this.#over) {
      const piece = this.#front.take();
      if (piece !== undefined) this.#give(piece.memory.subarray(0, piece.size), piece.memory);
      else if (!this.#refill()) break;
    }
    this.#giving = false;
    if (this.#over) return;
    this.#endIfEmpty();
    if (this.#sourceWaits && (!this.#full || !this.#keeps)) {
      this.#sourceWaits = false;
      this.source.resume();
    }
  }

  #give(bytes: Buffer, memory: Buffer | undefined): void {
    this.#ready = false;
    this.#lent = memory;
    if (this.sink.data(bytes) && !this.#over) this.#taken();
  }

  #taken(): void {
    this.#ready = true;
    if (this.#lent !== undefined) this.#release(this.#lent);
    this.#lent = undefined;
    if (this.#hand === undefined) return;
    giveReadBuffer(this.#hand);
    this.#dropHand();
  }

  /** The front is empty. True: not any more. False: what follows is still to be read, or written, or to come. */
  #refill(): boolean {
    if (this.#readAt < this.#writeAt) {
      this.#read();
      return false;
    }
    if (this.#writing !== undefined || this.#spill.empty) return false;
    this.#front.addAll(this.#spill);
    return true;
  }

  #endIfEmpty(): void {
    // A failure becomes a reset, which would take with it what the system has not been given yet.
    const done = this.#ended && !this.#keeps && (this.#ready || this.#failure === undefined);
    if (!done || this.#over) return;
    this.#finish();
    if (this.#failure === undefined) this.sink.end();
    else this.sink.fail(this.#failure);
  }

  #finish(): void {
    this.#over = true;
    this.#file?.close();
    this.#account(-this.#memory);
    // Somebody may be busy with it still: the collector gets it.
    if (this.#hand !== undefined) this.#dropHand();
  }

  // ---- the file

  #read(): void {
    if (this.#reading) return;
    this.#reading = true;
    const hand = this.#takeHand();
    const space = hand.subarray(0, Math.min(hand.length, this.#writeAt - this.#readAt));
    (this.#file as TemporaryFile).read(space, this.#readAt, (error, count) => {
      this.#reading = false;
      if (error !== undefined || count === 0) {
        this.#finish();
        this.source.cancel();
        this.sink.fail(bodyStoreFailed(error));
        return;
      }
      this.#readAt += count;
      // All of it has been read: it begins anew.
      if (this.#readAt === this.#writeAt && this.#writing === undefined) this.#readAt = this.#writeAt = 0;
      this.#give(space.subarray(0, count), undefined);
      this.#giveOn();
    });
  }

  /** Writes what waits for it, one piece after the other, as long as there is room. */
  #writeOn(): void {
    if (this.#writing !== undefined || this.#fileFailed) return;
    const piece = this.#spill.take();
    if (piece === undefined) return;
    if (this.#writeAt + piece.size > this.#bounds.file) {
      this.#spill.putBack(piece);
      return;
    }
    this.#writing = piece;
    this.#file ??= new TemporaryFile();
    this.#file.write(piece.memory.subarray(0, piece.size), this.#writeAt, (error) => {
      this.#writing = undefined;
      if (error === undefined) {
        this.#writeAt += piece.size;
        this.#release(piece.memory);
        this.#writeOn();
      } else {
        this.#fileFailed = true;
        this.#spill.putBack(piece);
      }
      this.#giveOn();
    });
  }

  // ---- what is where

  /** Something waits for the sink, beside the piece that it holds. */
  get #keeps(): boolean {
    return !this.#front.empty || this.#inFile;
  }

  /** Something is in the file, or on the way to it. */
  get #inFile(): boolean {
    return this.#readAt < this.#writeAt || this.#writing !== undefined || !this.#spill.empty;
  }

  get #fits(): boolean {
    return this.#memory < this.#bounds.memory && threadMemory < THREAD_MEMORY;
  }

  get #mayWrite(): boolean {
    const size = this.#writeAt + (this.#writing?.size ?? 0) + this.#spill.size;
    return !this.#fileFailed && size < this.#bounds.file;
  }

  /** The source has to wait. */
  get #full(): boolean {
    if (!this.#inFile) return !this.#fits && !this.#mayWrite;
    return !this.#mayWrite || this.#spill.size > SPILL_LIMIT;
  }

  #takeHand(): Buffer {
    threadMemory += READ_BUFFER_SIZE;
    this.#hand = takeReadBuffer();
    return this.#hand;
  }

  #dropHand(): void {
    threadMemory -= READ_BUFFER_SIZE;
    this.#hand = undefined;
  }

  /** Nobody holds a part of this piece any more. */
  #release(memory: Buffer): void {
    this.#account(-memory.length);
    giveReadBuffer(memory);
  }

  #account(bytes: number): void {
    this.#memory += bytes;
    threadMemory += bytes;
  }
}
