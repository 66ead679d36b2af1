import { hash } from 'node:crypto';
import { keyedHash } from '../../core/keyed-hash.ts';

/** Which representation of which file: 128 bits of a keyed hash. Two names with the same one are not to be found. */
export type FileId = Int32Array;

/** The ids of the files of a site. */
export class FileIds {
  readonly #keys = new Int32Array(4);

  /** `scope` stands for everything that decides what lies behind a name; `seed` is secret, and the same in all threads. */
  constructor(scope: string, seed: Int32Array) {
    const digest = hash('sha256', `${seed.join(' ')} ${scope}`, 'buffer');
    for (let i = 0; i < 4; i++) this.#keys[i] = digest.readInt32LE(4 * i);
  }

  /** Of the file itself, or of what it is in a coding. */
  of(name: string, coding?: string): FileId {
    // No name has this character.
    const text = coding === undefined ? name : `${name}\0${coding}`;
    const id = new Int32Array(4);
    const keys = this.#keys;
    keyedHash(text, keys[0], keys[1], id, 0);
    keyedHash(text, keys[2], keys[3], id, 2);
    return id;
  }
}
