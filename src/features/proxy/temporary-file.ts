import { close, open, read, unlink, write } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DreamError } from '../../core/errors.ts';

/** The failure of an exchange whose bytes could not be kept; `error`: the system's, where it told one. */
export const bodyStoreFailed = (error: Error | undefined): DreamError =>
  new DreamError('proxy.body-store-failed', undefined, { cause: error });

/** Has this been done, and else why not. */
type Done = (error: NodeJS.ErrnoException | undefined) => void;

/**
 * Bytes that are too many for memory. The file is made with the first of them and has no name any more as soon as it is
 * open, so that nothing is left behind however the process ends. After `close` nobody is called back; the system gets the
 * file back when nothing is being done with it any more.
 */
export class TemporaryFile {
  #file: number | undefined = undefined;
  /** Reads and writes that are under way. */
  #busy = 0;
  #closed = false;

  /** Writes all of `bytes`, which stay as they are until then. At most one write at a time. */
  write(bytes: Buffer, position: number, done: Done): void {
    if (this.#file === undefined) this.#open(bytes, position, done);
    else this.#write(this.#file, bytes, position, done);
  }

  /** Reads into `buffer` what fits; there has to be something at `position`. */
  read(
    buffer: Buffer,
    position: number,
    done: (error: NodeJS.ErrnoException | undefined, count: number) => void,
  ): void {
    this.#busy++;
    read(this.#file as number, buffer, 0, buffer.length, position, (error, count) => {
      if (this.#stillOpen()) done(error ?? undefined, count);
    });
  }

  /** Safe to call twice. */
  close(): void {
    this.#closed = true;
    this.#closeUnused();
  }

  #open(bytes: Buffer, position: number, done: Done): void {
    this.#busy++;
    const path = join(tmpdir(), `dreamserver-${randomUUID()}`);
    open(path, 'wx+', 0o600, (error, file) => {
      if (error === null) {
        unlink(path, () => {});
        this.#file = file;
      }
      if (!this.#stillOpen()) return;
      if (error === null) this.#write(file, bytes, position, done);
      else done(error);
    });
  }

  #write(file: number, bytes: Buffer, position: number, done: Done): void {
    this.#busy++;
    write(file, bytes, 0, bytes.length, position, (error, count) => {
      if (!this.#stillOpen()) return;
      if (error === null && count < bytes.length) {
        this.#write(file, bytes.subarray(count), position + count, done);
      } else {
        done(error ?? undefined);
      }
    });
  }

  /** Something is done; false: and nobody wants to know. */
  #stillOpen(): boolean {
    this.#busy--;
    if (this.#closed) this.#closeUnused();
    return !this.#closed;
  }

  #closeUnused(): void {
    if (this.#busy > 0 || this.#file === undefined) return;
    close(this.#file, () => {});
    this.#file = undefined;
  }
}
