import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsync,
  open,
  renameSync,
  unlinkSync,
  write,
} from 'node:fs';
import { promisify } from 'node:util';
import { DreamError } from '../../../core/errors.ts';
import type { BodySink, BodySource } from '../../../http/body.ts';
import type { Validators } from '../../../http/conditional.ts';
import { TEMPORARY_PREFIX } from '../file-path.ts';
import { openFileValidators } from './current-file.ts';
import type { OpenDirectory } from './open-directory.ts';

const openAsync = promisify(open);

/** The name is new, or it is not opened: nobody can have put a link there. */
const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/** Temporary files of this thread that are there now; those that a stop cuts off go with it. */
const present = new Set<string>();
let watchesExit = false;

/**
 * A request's body in a temporary file beside the place that it is meant for, so that `rename` can put it there in one
 * step. Exactly one of `commit` and `discard` ends it; where receiving it fails, it has ended already.
 */
export class Upload implements BodySink {
  readonly #body: BodySource;
  readonly #fd: number;
  readonly #path: string;
  readonly #maxSize: number;
  #size = 0;
  #writing = false;
  #bodyEnded = false;
  #failed = false;
  #received: (upload: Upload) => void = () => {};
  #refused: (error: Error) => void = () => {};

  /**
   * Take in all of a body, until it is on the disk. Rejects with a `DreamError` of the body or `static.too-large`, or with
   * the system's error; nothing is left then.
   */
  static async receive(body: BodySource, directory: OpenDirectory, maxSize: number): Promise<Upload> {
    const path = directory.at(TEMPORARY_PREFIX + randomUUID());
    const fd = await openAsync(path, FLAGS, 0o644);
    present.add(path);
    if (!watchesExit) {
      watchesExit = true;
      process.once('exit', () => {
        for (const path of present) remove(path);
      });
    }
    const upload = new Upload(body, fd, path, maxSize);
    return new Promise((resolve, reject) => {
      upload.#received = resolve;
      upload.#refused = reject;
      body.flow(upload);
    });
  }

  private constructor(body: BodySource, fd: number, path: string, maxSize: number) {
    this.#body = body;
    this.#fd = fd;
    this.#path = path;
    this.#maxSize = maxSize;
  }

  /** What a GET will say of it. */
  get validators(): Validators {
    return openFileValidators(this.#fd, fstatSync(this.#fd));
  }

  /** Put it in its place, with these permissions where there were some. Throws the system's error. */
  commit(path: string, mode: number | undefined): void {
    if (mode !== undefined) fchmodSync(this.#fd, mode);
    renameSync(this.#path, path);
    present.delete(this.#path);
    closeSync(this.#fd);
  }

  /** It is not wanted. */
  discard(): void {
    remove(this.#path);
    closeSync(this.#fd);
  }

  data(chunk: Buffer): boolean {
    this.#size += chunk.length;
    if (this.#size > this.#maxSize) {
      this.#giveUp(new DreamError('static.too-large'));
    } else {
      this.#writing = true;
      this.#write(chunk, this.#size - chunk.length);
    }
    return false;
  }

  end(): void {
    this.#bodyEnded = true;
    if (!this.#writing) this.#sync();
  }

  fail(error: DreamError): void {
    this.#giveUp(error);
  }

  #write(bytes: Buffer, position: number): void {
    write(this.#fd, bytes, 0, bytes.length, position, (error, count) => {
      if (error === null && count < bytes.length && !this.#failed) {
        this.#write(bytes.subarray(count), position + count);
        return;
      }
      this.#writing = false;
      if (this.#failed) closeSync(this.#fd);
      else if (error !== null) this.#giveUp(error);
      else if (this.#bodyEnded) this.#sync();
      else this.#body.resume();
    });
  }

  /** Before it gets its name: else a loss of power could leave the name with nothing behind it. */
  #sync(): void {
    fsync(this.#fd, (error) => {
      if (error === null) this.#received(this);
      else this.#giveUp(error);
    });
  }

  #giveUp(error: Error): void {
    this.#failed = true;
    this.#body.cancel();
    remove(this.#path);
    // The descriptor of a write that is under way must not become another file's.
    if (!this.#writing) closeSync(this.#fd);
    this.#refused(error);
  }
}

function remove(path: string): void {
  present.delete(path);
  try {
    unlinkSync(path);
  } catch {
    // Somebody else has.
  }
}
